// Where items stand: in rows, each below what it came from (Sugiyama, Tagawa and Toda 1981), as far as that is linear in
// items and links.

const COLUMN = 200;
const ROW = 88;
const SEEN_AT_ONCE = 12; // rows

// The place of each item by its id.
export function arrange(items, links) {
  const index = new Map(items.map((item, at) => [item.id, at]));
  const sources = items.map(() => []);
  const targets = items.map(() => []);
  for (const link of links) {
    const [from, to] = [index.get(link.source), index.get(link.target)];
    if (from >= to) continue; // folded scopes may lead to each other
    sources[to].push(from);
    targets[from].push(to);
  }
  const rows = rowsOf(sources, targets);
  const orders = new Map(rows.flatMap((row) => row.map((at, order) => [at, order])));
  for (const [each, near] of [[rows, sources], [[...rows].reverse(), targets], [rows, sources]]) {
    for (const row of each) sortRow(row, near, orders);
  }
  const widest = Math.max(8, Math.ceil(Math.sqrt(items.length) * 1.5));
  const broken = rows.flatMap((row) => pieces(row, widest));
  const xs = items.map(() => 0);
  broken.forEach((row) => spread(row, sources, xs));
  const place = inColumns(broken.length, xs);
  return new Map(broken.flatMap((row, y) => row.map((at) => [items[at].id, place(xs[at], y)])));
}

// What is much taller than wide goes on beside itself, as a newspaper does.
function inColumns(rows, xs) {
  const width = xs.reduce((most, x) => Math.max(most, x), -Infinity) - xs.reduce((least, x) => Math.min(least, x), Infinity) + COLUMN;
  const columns = rows > SEEN_AT_ONCE ? Math.max(1, Math.round(Math.sqrt((rows * ROW) / width))) : 1;
  const height = Math.ceil(rows / columns);
  return (x, row) => ({ x: x + Math.floor(row / height) * (width + COLUMN / 2), y: (row % height) * ROW });
}

// By the longest path; what came from nothing stands right above what first took it in.
function rowsOf(sources, targets) {
  const layers = [];
  for (const near of sources) layers.push(1 + near.reduce((most, at) => Math.max(most, layers[at]), -1));
  const rows = [];
  for (const [at, near] of targets.entries()) {
    const isRoot = sources[at].length === 0 && near.length > 0;
    const layer = isRoot ? near.reduce((least, each) => Math.min(least, layers[each]), Infinity) - 1 : layers[at];
    (rows[layer] ??= []).push(at);
  }
  return rows.filter(Boolean);
}

function sortRow(row, near, orders) {
  const mean = (at) => near[at].reduce((sum, each) => sum + orders.get(each), 0) / near[at].length;
  const wanted = new Map(row.map((at) => [at, near[at].length ? mean(at) : orders.get(at)]));
  row.sort((a, b) => wanted.get(a) - wanted.get(b) || a - b);
  row.forEach((at, order) => orders.set(at, order));
}

function pieces(row, size) {
  const found = [];
  for (let start = 0; start < row.length; start += size) found.push(row.slice(start, start + size));
  return found;
}

// Each below the middle of its sources, as far as its row has room.
function spread(row, sources, xs) {
  let right = -Infinity;
  let moved = 0;
  row.forEach((at, order) => {
    const near = sources[at];
    const wanted = near.length ? near.reduce((sum, each) => sum + xs[each], 0) / near.length : order * COLUMN;
    xs[at] = Math.max(wanted, right + COLUMN);
    right = xs[at];
    moved += xs[at] - wanted;
  });
  for (const at of row) xs[at] -= moved / row.length;
}
