// How a graph looks: Cytoscape's style sheet (https://js.cytoscape.org/#style), in the colours of the page.

import { element } from "./elements.js";

// A custom property may hold `light-dark(…)`, and a canvas needs what comes of it.
export function colours(around) {
  const probe = element("span", { hidden: true });
  around.append(probe);
  const names = ["page", "raised", "edge", "text", "quiet", "link", "good", "bad", "warn", "second"];
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found);
}

export function drawing(c, isPlain) {
  const size = { width: 176, height: 48, "text-max-width": 172 };
  const text = { "text-wrap": "wrap", "text-valign": "center", "font-size": 12, "min-zoomed-font-size": 6 };
  const node = { ...size, ...text, label: "data(label)", "font-family": "system-ui, sans-serif", color: c.text };
  const box = { shape: "round-rectangle", "background-color": c.raised, "border-width": 1, "border-color": c.quiet };
  const line = { "curve-style": isPlain ? "straight" : "bezier", width: 1.2, "line-color": c.quiet, opacity: 0.8 };
  const arrow = { "target-arrow-shape": "triangle", "target-arrow-color": c.quiet, "arrow-scale": 0.8 };
  const label = { "font-size": 11, color: c.text, "text-background-color": c.page, "text-background-opacity": 0.9 };
  return [
    { selector: "node", style: { ...node, ...box } },
    { selector: "node.value", style: { shape: "ellipse", "border-color": c.edge } },
    { selector: "node.parameter", style: { shape: "cut-rectangle", "border-width": 2.5, "border-color": c.warn } },
    { selector: "node.scope", style: { "border-style": "double", "border-width": 4, "border-color": c.quiet } },
    { selector: "node.error", style: { "border-width": 2.5, "border-color": c.bad } },
    { selector: "node.output", style: { "border-width": 2.5, "border-color": c.good } },
    { selector: "node.output.error", style: { "border-color": c.bad } },
    { selector: "edge", style: { ...line, ...arrow } },
    { selector: "edge[kind = 'control']", style: { "line-color": c.second, "target-arrow-color": c.second } },
    { selector: "edge[kind = 'control']", style: { "line-style": "dashed", "line-dash-pattern": [6, 4] } },
    { selector: "edge.path", style: { width: 2.2 } },
    { selector: "node.other", style: { opacity: 0.3 } },
    { selector: "edge.near", style: { ...label, label: "data(label)", "line-color": c.link, "z-index": 2 } },
    { selector: "edge.near", style: { "target-arrow-color": c.link, opacity: 1 } },
    { selector: "node.chosen", style: { "outline-color": c.link, "outline-width": 4, "outline-offset": 2 } }, // beside its own frame
    { selector: "core", style: { "active-bg-opacity": 0 } },
  ];
}

// Only of what the graph has.
export function legend({ nodes, edges }) {
  const kinds = new Set([...nodes.map((node) => node.kind), ...edges.map((edge) => edge[4])]);
  const keys = ["parameter", "error", "data", "control"].filter((kind) => kinds.has(kind)).map((kind) => [kind, kind]);
  if (nodes.some((node) => node.path)) keys.push(["path", "way of the feedback"]);
  const shown = keys.map(([className, textContent]) => element("span", { className: `graph-key ${className}`, textContent }));
  return element("p", { className: "graph-legend note" }, ...shown);
}
