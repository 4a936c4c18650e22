// What is drawn: nodes, and folded scopes, each of which stands for the nodes in it.

const FEW = 8;
const LOOKED_OVER = 80;
const MARKS = { error: "⚠ ", parameter: "◆ " };

export class Folding {
  constructor({ nodes, edges, scopes }) {
    Object.assign(this, { nodes, edges, scopes });
    this.sizes = scopes.map(() => 0);
    for (const node of nodes) for (const scope of this.around(node.scope)) this.sizes[scope] += 1;
    this.foldAtFirst();
  }

  // Level by level, as many scopes are open as can be looked over.
  foldAtFirst() {
    const depths = [...this.scopes.keys()].map((scope) => this.around(scope).length);
    const deepest = depths.reduce((most, depth) => Math.max(most, depth), 0);
    const below = (level) => new Set([...depths.keys()].filter((scope) => depths[scope] > level));
    this.folded = below(0);
    for (let level = 1; level <= deepest; level += 1) {
      const [before, folded] = [this.items().length, this.folded];
      this.folded = below(level);
      if (before > FEW && this.items().length > LOOKED_OVER) {
        this.folded = folded;
        return;
      }
    }
  }

  // A scope and those around it, the innermost first.
  around(scope) {
    const found = [];
    for (let at = scope; at !== undefined && at !== null; at = this.scopes[at].parent) found.push(at);
    return found;
  }

  // The item that shows a node: itself, or the outermost folded scope that it is in.
  shownBy(number) {
    const folded = this.around(this.nodes[number].scope).findLast((scope) => this.folded.has(scope));
    return folded === undefined ? `n${number}` : `s${folded}`;
  }

  items() {
    const found = new Map();
    for (const [number, node] of this.nodes.entries()) {
      const id = this.shownBy(number);
      const isScope = id[0] === "s";
      const item = found.get(id) ?? { id, ...(isScope ? this.scopeItem(id) : nodeItem(node)) };
      if (isScope && node.kind === "error") item.classes = "scope error";
      if (node.path) item.path = true;
      found.set(id, item);
    }
    return [...found.values()];
  }

  scopeItem(id) {
    const scope = Number(id.slice(1));
    return { label: `▸ ${this.scopes[scope].name}\n${this.sizes[scope]} nodes`, classes: "scope" };
  }

  // The edges between items; those between the same two are one.
  links() {
    const found = new Map();
    for (const [number, [from, to, argument, why, kind]] of this.edges.entries()) {
      const [source, target] = [this.shownBy(from), this.shownBy(to)];
      const id = `${source} ${target} ${kind}`;
      if (source === target) continue;
      const link = found.get(id) ?? { id, source, target, kind, numbers: [], path: false };
      link.numbers.push(number);
      const told = why === "argument" ? argument : `${argument} (${why})`;
      link.label = link.numbers.length === 1 ? told : `${link.numbers.length} edges`;
      link.path ||= this.nodes[from].path && this.nodes[to].path;
      found.set(id, link);
    }
    return [...found.values()];
  }

  unfoldTo(number) {
    for (const scope of this.around(this.nodes[number].scope)) this.folded.delete(scope);
  }
}

function nodeItem(node) {
  const value = node.label.length > 24 ? `${node.label.slice(0, 23)}…` : node.label;
  const name = node.name.length > 23 ? `…${node.name.slice(-22)}` : node.name;
  return { label: `${MARKS[node.kind] ?? ""}${name}\n${value}`, classes: node.kind };
}
