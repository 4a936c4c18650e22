// What is said of a node, an edge or a scope, beside the drawing.

import { button, element, fact, note, value } from "./elements.js";

const WHAT_CAME_OUT = { error: "Error", operation: "Output" };
const MOST_USERS = 50;

// As `trace_view.rendering` writes them: 2026-01-31 14:05:09, and 4.2 s.
const moment = (seconds) => new Date(seconds * 1000).toLocaleString("sv");

function duration(seconds) {
  const [count, unit] = seconds < 1 ? [seconds * 1000, "ms"] : [seconds, "s"];
  return `${Number(count.toFixed(count < 10 ? 1 : 0))} ${unit}`;
}

export class Details {
  // `does` has `go` (to a node), `open` and `close` (a scope); `values` is the address of whole values, if there is one.
  constructor(data, folding, does, values) {
    Object.assign(this, { data, folding, does, values });
    this.element = element("div", { className: "graph-details", tabIndex: -1, data: { role: "group", "aria-label": "Details" } });
    this.nothing();
  }

  show(...parts) {
    this.element.replaceChildren(...parts.filter(Boolean));
    this.element.scrollTop = 0;
  }

  nothing() {
    this.show(note("Choose a node to see what it took in and what came out."));
  }

  node(number) {
    const node = this.data.nodes[number];
    const begun = node.start === undefined ? "" : `begun ${moment(node.start)}`;
    const took = node.seconds === undefined ? "" : `took ${duration(node.seconds)}`;
    const told = [node.called ?? node.op, begun, took, node.path ? "feedback passes here" : ""].filter(Boolean).join(", ");
    const said = this.data.outputs.includes(number) ? this.data.feedback : null;
    this.show(
      element("p", { className: "graph-name" }, element("strong", { textContent: node.name }), ` ${node.kind}`),
      told && note(told),
      node.description && element("p", { textContent: node.description }),
      this.scopes(node.scope),
      element(
        "dl",
        {},
        said && said !== node.output.text && fact("Feedback", value(said)),
        fact(WHAT_CAME_OUT[node.kind] ?? "Value", ...this.read(node.output, number)),
        ...this.inputs(number),
        this.users(number),
        node.info && fact("Known of it", value(node.info)),
      ),
    );
  }

  inputs(number) {
    const read = this.data.nodes[number].inputs;
    return this.data.edges
      .filter(([, target]) => target === number)
      .map(([source, , argument, why, kind], index) =>
        fact(argument, this.link(source), note(` ${kind}, known by ${why}; what it gave:`, "span"), ...this.read(read[index], number, index)),
      );
  }

  users(number) {
    const found = new Set(this.data.edges.filter(([source]) => source === number).map(([, target]) => target));
    if (!found.size) return null;
    const more = found.size > MOST_USERS ? [`and ${found.size - MOST_USERS} more`] : [];
    return fact("Used by", ...[...found].slice(0, MOST_USERS).map((each) => this.link(each)), ...more);
  }

  scope(number) {
    const { name, parent } = this.data.scopes[number];
    this.show(
      element("p", { className: "graph-name" }, element("strong", { textContent: name }), " scope"),
      note(`${this.folding.sizes[number]} nodes`),
      button("Unfold", () => this.does.open(number)),
      this.scopes(parent),
    );
  }

  edges(numbers) {
    const items = numbers.map((number) => {
      const [source, target, argument, why, kind] = this.data.edges[number];
      return element("li", {}, this.link(source), " → ", this.link(target), note(`${argument}: ${kind}, known by ${why}`));
    });
    this.show(element("ul", {}, ...items));
  }

  // The scopes around something, each of which can be folded.
  scopes(innermost) {
    const around = this.folding.around(innermost).map((scope) => {
      const { name } = this.data.scopes[scope];
      return button(`▾ ${name}`, () => this.does.close(scope), `Fold ${name}`);
    });
    return around.length ? element("p", {}, "In ", ...around) : null;
  }

  link(number) {
    return button(this.data.nodes[number].name, () => this.does.go(number), undefined, "graph-link");
  }

  read({ text, cut, version, by_reference }, number, input) {
    const about = [version === undefined ? "" : typeof version === "number" ? `version ${version}` : "a candidate's value", by_reference ? "kept by reference: it may have changed since" : ""];
    const told = about.filter(Boolean).join(", ");
    return [told ? note(told, "span") : "", value(text), cut ? this.whole(number, input) : ""];
  }

  whole(number, input) {
    if (!this.values) return note("Some of it was left out.");
    const address = new URL(this.values, location.href);
    address.searchParams.set("node", number);
    if (input !== undefined) address.searchParams.set("input", input);
    return element("a", { href: address.href, textContent: "Show all of it as plain text" });
  }
}
