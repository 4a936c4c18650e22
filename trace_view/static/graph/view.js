// One graph on the page: the drawing, what is said beside it, searching and keys.

import { Details } from "./details.js";
import { colours, drawing, legend } from "./drawing.js";
import { button, element } from "./elements.js";
import { Folding } from "./folding.js";
import { arrange } from "./layout.js";
import { list } from "./list.js";

const DRAWN_PLAINLY_FROM = 1000;
const LEGIBLE = 0.35;
const LARGEST_AT_FIRST = 1.1;
const HELP =
  "Arrow keys go to what a node came from and to what came of it, Enter unfolds or goes to the details, F folds, + and - zoom, 0 shows all, / searches.";

const leftFirst = (a, b) => a.position("x") - b.position("x");

export class View {
  constructor(container, data) {
    Object.assign(this, { container, data, folding: new Folding(data), chosen: null, found: [] });
    this.build();
    const isPlain = data.nodes.length > DRAWN_PLAINLY_FROM;
    this.cy = globalThis.cytoscape({
      container: this.stage,
      style: drawing(colours(container), isPlain),
      minZoom: 0.02,
      maxZoom: 2.5,
      boxSelectionEnabled: false,
      autoungrabify: true,
      autounselectify: true,
      userZoomingEnabled: false, // until it has the focus, so that a page can be scrolled past it
      pixelRatio: isPlain ? 1 : undefined,
    });
    this.listen(isPlain);
    this.draw();
    this.first();
  }

  build() {
    const { data, container } = this;
    this.status = element("p", { className: "graph-status note", data: { role: "status" } });
    this.search = element("input", { type: "search", placeholder: "Search", data: { "aria-label": "Search the graph" } });
    const label = `Trace graph of ${data.nodes.length} nodes. ${HELP}`;
    this.stage = element("div", { className: "graph-stage", tabIndex: 0, data: { role: "application", "aria-label": label } });
    const does = { go: (number) => this.go(number), open: (scope) => this.open(scope), close: (scope) => this.close(scope) };
    this.details = new Details(data, this.folding, does, container.dataset.value);
    const folds = [
      button("Fold", () => this.fold(data.scopes.keys()), "Fold all scopes"),
      button("Unfold", () => this.fold([]), "Unfold all scopes"),
    ];
    const tools = [
      this.search,
      button("Show all", () => this.fit()),
      button("−", () => this.zoom(1 / 1.3), "Zoom out"),
      button("+", () => this.zoom(1.3), "Zoom in"),
      ...(data.scopes.length ? folds : []),
      this.status,
    ];
    container.classList.add("trace-graph");
    container.replaceChildren(
      element("div", { className: "graph-tools" }, ...tools),
      legend(data),
      element("div", { className: "graph-panes" }, this.stage, this.details.element),
      list(data, does.go),
    );
  }

  listen(isPlain) {
    this.cy.on("tap", "node", (event) => this.choose(event.target.id()));
    this.cy.on("dbltap", "node.scope", (event) => this.open(Number(event.target.id().slice(1))));
    this.cy.on("tap", "edge", (event) => this.chooseEdge(event.target));
    this.cy.on("tap", (event) => event.target === this.cy && this.choose(null));
    this.stage.addEventListener("pointerdown", () => this.stage.focus({ preventScroll: true }));
    this.stage.addEventListener("focus", () => this.cy.userZoomingEnabled(true));
    this.stage.addEventListener("blur", () => this.cy.userZoomingEnabled(false));
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.search.addEventListener("input", () => this.find(this.search.value));
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && this.next());
    const repaint = () => this.cy.style(drawing(colours(this.container), isPlain));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    new ResizeObserver(() => this.cy.resize()).observe(this.stage);
  }

  draw() {
    const [items, links] = [this.folding.items(), this.folding.links()];
    const places = arrange(items, links);
    const outputs = new Set(this.data.outputs.map((number) => this.folding.shownBy(number)));
    const onPath = (item) => (item.path ? "path" : "");
    this.cy.batch(() => {
      this.cy.elements().remove();
      this.cy.add([
        ...items.map((item) => ({
          group: "nodes",
          data: { id: item.id, label: item.label },
          classes: [item.classes, onPath(item), outputs.has(item.id) ? "output" : ""].join(" "),
          position: places.get(item.id),
        })),
        ...links.map((link) => ({ group: "edges", data: link, classes: onPath(link) })),
      ]);
    });
    this.mark();
  }

  // At first all of it, where that can be read; else the output.
  first() {
    this.fit();
    if (this.cy.zoom() < LEGIBLE && this.data.outputs.length) {
      this.cy.zoom(0.7);
      this.cy.center(this.cy.getElementById(this.folding.shownBy(this.data.outputs[0])));
      this.cy.panBy({ x: 0, y: this.cy.height() / 3 });
    }
    this.choose(this.data.outputs.length ? this.folding.shownBy(this.data.outputs[0]) : null, false);
  }

  fit() {
    this.cy.resize();
    this.cy.fit(undefined, 24);
    if (this.cy.zoom() > LARGEST_AT_FIRST) {
      this.cy.zoom(LARGEST_AT_FIRST);
      this.cy.center();
    }
  }

  zoom(times) {
    const [x, y] = [this.cy.width() / 2, this.cy.height() / 2];
    this.cy.zoom({ level: this.cy.zoom() * times, renderedPosition: { x, y } });
  }

  // --- folding

  fold(scopes) {
    this.folding.folded = new Set(scopes);
    this.redraw();
    this.fit();
    this.say(`${this.cy.nodes().length} nodes are shown`);
  }

  open(scope) {
    const inside = this.data.nodes.findIndex((node) => this.folding.around(node.scope).includes(scope));
    this.folding.folded.delete(scope);
    this.redraw();
    this.choose(this.folding.shownBy(inside));
  }

  close(scope) {
    this.folding.folded.add(scope);
    this.redraw();
    this.choose(`s${scope}`);
  }

  redraw() {
    this.draw();
    if (this.chosen !== null && this.cy.getElementById(this.chosen).empty()) this.choose(null);
  }

  // --- choosing

  go(number) {
    this.folding.unfoldTo(number);
    if (this.cy.getElementById(`n${number}`).empty()) this.draw();
    this.choose(`n${number}`);
  }

  choose(id, moves = true) {
    this.chosen = id;
    this.mark();
    if (id === null) {
      this.details.nothing();
      return;
    }
    const item = this.cy.getElementById(id);
    const number = Number(id.slice(1));
    if (id[0] === "s") this.details.scope(number);
    else this.details.node(number);
    if (!moves) return;
    const box = item.renderedBoundingBox();
    const isSeen = box.x1 > 0 && box.y1 > 0 && box.x2 < this.cy.width() && box.y2 < this.cy.height();
    if (!isSeen) this.cy.center(item);
    this.say(item.data("label").replace("\n", ": "));
  }

  chooseEdge(edge) {
    this.choose(null);
    edge.addClass("near");
    this.details.edges(edge.data("numbers"));
  }

  // What is chosen, what is near it, and what a search left out.
  mark() {
    const found = new Set(this.found.map((number) => this.folding.shownBy(number)));
    this.cy.batch(() => {
      this.cy.elements(".near, .chosen, .other").removeClass("near chosen other");
      if (this.search.value) this.cy.nodes().filter((node) => !found.has(node.id())).addClass("other");
      if (this.chosen !== null) this.cy.getElementById(this.chosen).addClass("chosen").connectedEdges().addClass("near");
    });
  }

  say(text) {
    this.status.textContent = text;
  }

  // --- searching, keys

  find(text) {
    const wanted = text.toLowerCase();
    const holds = (node) => [node.name, node.op ?? "", node.called ?? "", node.output.text].some((each) => each.toLowerCase().includes(wanted));
    this.found = wanted ? [...this.data.nodes.keys()].filter((number) => holds(this.data.nodes[number])) : [];
    this.mark();
    this.say(wanted ? `${this.found.length} of ${this.data.nodes.length} nodes; Enter goes to the next` : "");
  }

  next() {
    if (!this.found.length) return;
    const at = this.found.findIndex((number) => `n${number}` === this.chosen);
    const next = (at + 1) % this.found.length;
    this.go(this.found[next]);
    this.say(`${next + 1} of ${this.found.length}: ${this.data.nodes[this.found[next]].name}`);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const item = this.chosen === null ? null : this.cy.getElementById(this.chosen);
    const does = {
      ArrowUp: () => this.step(item, (each) => each.incomers("node").sort(leftFirst)[0]),
      ArrowDown: () => this.step(item, (each) => each.outgoers("node").sort(leftFirst)[0]),
      ArrowLeft: () => this.step(item, (each) => this.beside(each, -1)),
      ArrowRight: () => this.step(item, (each) => this.beside(each, 1)),
      Enter: () => (item?.hasClass("scope") ? this.open(Number(this.chosen.slice(1))) : this.details.element.focus()),
      f: () => item && !item.hasClass("scope") && this.closeAround(Number(this.chosen.slice(1))),
      "+": () => this.zoom(1.3),
      "=": () => this.zoom(1.3),
      "-": () => this.zoom(1 / 1.3),
      0: () => this.fit(),
      "/": () => this.search.focus(),
      Escape: () => this.choose(null),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key]; // a letter may come with Shift or Caps Lock
    if (!does) return;
    event.preventDefault();
    does();
  }

  step(item, to) {
    const next = item ? to(item) : this.cy.nodes()[0];
    if (next) this.choose(next.id());
  }

  beside(item, direction) {
    const { x, y } = item.position();
    const row = this.cy.nodes().filter((each) => each.position("y") === y && (each.position("x") - x) * direction > 0);
    return row.sort((a, b) => (a.position("x") - b.position("x")) * direction)[0];
  }

  closeAround(number) {
    const [scope] = this.folding.around(this.data.nodes[number].scope);
    if (scope !== undefined) this.close(scope);
  }
}
