// Where the nodes of a graph stand. Computed once per definition and direction, so nothing moves when states change.

import { Graph, layout } from '../lib/dagrejs-dagre.js';

export const NODE = { width: 200, height: 56 };
const GAP = { horizontal: { nodesep: 20, ranksep: 56 }, vertical: { nodesep: 14, ranksep: 64 } };
const CACHE_MAX = 20;
const cache = new Map();

function curve(points, vertical) {
  const [start, ...rest] = points;
  let d = `M${start.x} ${start.y}`;
  let from = start;
  for (const to of rest) {
    const middle = vertical ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    d += vertical
      ? `C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y}`
      : `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
    from = to;
  }
  return d;
}

// From side to facing side. Of the layout's own points only those that lead past the nodes of a rank are needed; the
// ones in the gaps between ranks would make a bend of what can be one curve.
function edgePoints(edge, source, target, ranks, vertical) {
  const half = vertical ? NODE.height / 2 : NODE.width / 2;
  const start = vertical ? { x: source.x, y: source.y + half } : { x: source.x + half, y: source.y };
  const end = vertical ? { x: target.x, y: target.y - half } : { x: target.x - half, y: target.y };
  const past = (edge.points ?? []).slice(1, -1).filter((point) => ranks.has(Math.round(vertical ? point.y : point.x)));
  return [start, ...past, end];
}

/** {width, height, nodes: Map id -> {x, y} (upper left), edges: [{edge, d}], order: [ids]}. */
export function layoutGraph(graph, vertical) {
  const key = JSON.stringify([vertical, graph.nodes.map(({ id }) => id), graph.edges.map((e) => [e.source, e.target])]);
  if (cache.has(key)) return cache.get(key);

  const g = new Graph({ multigraph: true });
  g.setGraph({ rankdir: vertical ? 'TB' : 'LR', ...(vertical ? GAP.vertical : GAP.horizontal) });
  for (const { id } of graph.nodes) g.setNode(id, { ...NODE });
  graph.edges.forEach((edge, i) => {
    if (g.hasNode(edge.source) && g.hasNode(edge.target)) g.setEdge(edge.source, edge.target, {}, String(i));
  });
  layout(g);

  const nodes = new Map();
  const ranks = new Set();
  for (const { id } of graph.nodes) {
    const { x, y } = g.node(id);
    ranks.add(Math.round(vertical ? y : x));
    nodes.set(id, { x: x - NODE.width / 2, y: y - NODE.height / 2 });
  }
  const edges = graph.edges.flatMap((edge, i) => {
    const laid = g.edge({ v: edge.source, w: edge.target, name: String(i) });
    if (!laid) return [];
    const points = edgePoints(laid, g.node(edge.source), g.node(edge.target), ranks, vertical);
    return [{ edge, d: curve(points, vertical) }];
  });
  const along = vertical ? ['y', 'x'] : ['x', 'y'];
  const order = [...nodes.keys()].sort(
    (a, b) => nodes.get(a)[along[0]] - nodes.get(b)[along[0]] || nodes.get(a)[along[1]] - nodes.get(b)[along[1]],
  );
  const { width, height } = g.graph();
  const result = { width: width || NODE.width, height: height || NODE.height, nodes, edges, order };
  cache.set(key, result);
  if (cache.size > CACHE_MAX) cache.delete(cache.keys().next().value);
  return result;
}
