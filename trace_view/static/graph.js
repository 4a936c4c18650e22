// A trace graph to look at: Cytoscape.js (https://js.cytoscape.org) draws it on a canvas, and a list holds the same for
// those who cannot see it. Starts in every element with `data-source` (an address) or `data-graph` (the id of a JSON
// script), whose data `trace_view.graphs.graph_data` made; `data-value` is the address of whole values. What a graph holds stands in the page as text alone.

import { element } from "./graph/elements.js";
import { View } from "./graph/view.js";

const STYLESHEET = "__________cytoscape_stylesheet"; // where it is there, Cytoscape adds no style element of its own

function loaded(tag, attributes) {
  return new Promise((onload, onerror) => document.head.append(element(tag, { ...attributes, onload, onerror })));
}

const needed = (async () => {
  const at = (path) => new URL(path, import.meta.url).href;
  const parts = [];
  if (!document.getElementById(STYLESHEET)) {
    parts.push(loaded("link", { id: STYLESHEET, rel: "stylesheet", href: at("graph.css") }));
  }
  if (!globalThis.cytoscape) parts.push(loaded("script", { src: at("vendor/cytoscape.min.js") }));
  await Promise.all(parts);
})();

async function dataOf(container) {
  const { source, graph } = container.dataset;
  if (graph !== undefined) return JSON.parse(document.getElementById(graph).textContent);
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(answer.status === 404 ? "It has no trace." : `The trace cannot be read: ${answer.status}`);
  return answer.json();
}

async function start(container) {
  try {
    const [data] = await Promise.all([dataOf(container), needed]);
    new View(container, data);
  } catch (error) {
    container.replaceChildren(element("p", { className: "note", textContent: error.message ?? "The trace cannot be drawn." }));
  }
}

for (const container of document.querySelectorAll("[data-source], [data-graph]")) start(container);
