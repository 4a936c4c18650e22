// The same as the drawing as a table: for screen readers, and for whoever would rather read.

import { button, element } from "./elements.js";

const HEADS = ["Node", "What it is", "Came from", "Value"];

// Its rows are made when it is opened, since there may be thousands.
export function list(data, go) {
  const around = element("div", { className: "wide", tabIndex: 0, data: { role: "group", "aria-label": "Nodes" } });
  const made = element("details", {}, element("summary", { textContent: `All ${data.nodes.length} nodes as a list` }), around);
  made.addEventListener("toggle", () => {
    if (made.open && !around.firstChild) around.append(table(data, go));
  });
  return made;
}

function table({ nodes, edges }, go) {
  const sources = nodes.map(() => []);
  for (const [source, target, argument, why, kind] of edges) {
    sources[target].push(`${argument}: ${nodes[source].name} (${kind}, ${why})`);
  }
  const cell = (textContent) => element("td", { textContent });
  const rows = nodes.map((node, number) => {
    const head = element("th", { scope: "row" }, button(node.name, () => go(number), undefined, "graph-link"));
    return element("tr", {}, head, cell(node.op ? `${node.kind}, ${node.op}` : node.kind), cell(sources[number].join("; ")), cell(node.label));
  });
  const heads = HEADS.map((textContent) => element("th", { scope: "col", textContent }));
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
}
