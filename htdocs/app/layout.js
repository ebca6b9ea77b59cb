// Where the nodes of a graph stand: laid out by ranks, or as the definition's author placed them. Computed once per
// definition, so nothing moves when states change.

import { Graph, layout } from '../lib/dagrejs-dagre.js';
import { layerGraph } from './layout-layered.js';
import { NODE } from './node-size.js';

export { NODE };
const GAP = { horizontal: { nodesep: 20, ranksep: 56 }, vertical: { nodesep: 14, ranksep: 64 } };
const DAGRE_MAX = 120; // nodes and edges; more would keep the page waiting
const CACHE_MAX = 20;
const cache = new Map();

/** The path of an edge through points; it leaves and enters each along the ranks. */
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

const half = (vertical) => (vertical ? NODE.height : NODE.width) / 2;
const beside = ({ x, y }, by, vertical) => (vertical ? { x, y: y + by } : { x: x + by, y });

/** From side to facing side, straight past the nodes of the ranks between: `past` are places there. */
function route(source, target, past, vertical) {
  const points = [
    beside(source, half(vertical), vertical),
    ...past.flatMap((point) => [beside(point, -half(vertical), vertical), beside(point, half(vertical), vertical)]),
    beside(target, -half(vertical), vertical),
  ];
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return { d: curve(points, vertical), start: points[0], left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

// Of dagre's own points only those that lead past the nodes of a rank are needed; the ones in the gaps between ranks
// would make a bend of what can be one curve.
function byDagre(ids, pairs, vertical) {
  const g = new Graph({ multigraph: true });
  g.setGraph({ rankdir: vertical ? 'TB' : 'LR', ...(vertical ? GAP.vertical : GAP.horizontal) });
  ids.forEach((_, v) => g.setNode(String(v), { ...NODE }));
  pairs.forEach(([v, w], i) => g.setEdge(String(v), String(w), {}, String(i)));
  layout(g);
  const centres = ids.map((_, v) => g.node(String(v)));
  const along = ({ x, y }) => Math.round(vertical ? y : x);
  const ranks = new Set(centres.map(along));
  const past = pairs.map(([v, w], i) => (g.edge(String(v), String(w), String(i)).points ?? []).slice(1, -1).filter((point) => ranks.has(along(point))));
  // Of the two mirror images the one in the definition's order.
  const across = vertical ? 'x' : 'y';
  let turned = 0;
  pairs.forEach(([v, w], i) => {
    const before = pairs[i - 1];
    if (before?.[0] === v) turned += Math.sign(centres[before[1]][across] - centres[w][across]);
  });
  const mirror = (point) => (turned > 0 ? { ...point, [across]: -point[across] } : point);
  return { centres: centres.map(mirror), past: past.map((points) => points.map(mirror)) };
}

function byLayers(ids, pairs, vertical) {
  const { nodesep, ranksep } = vertical ? GAP.vertical : GAP.horizontal;
  const { rank, across, bends } = layerGraph(ids.length, pairs, { size: vertical ? NODE.width : NODE.height, gap: nodesep });
  const step = half(vertical) * 2 + ranksep;
  const point = (at, aside) => (vertical ? { x: aside, y: at * step } : { x: at * step, y: aside });
  return {
    centres: ids.map((_, v) => point(rank[v], across[v])),
    past: pairs.map(([v], i) => bends[i].map((aside, n) => point(rank[v] + n + 1, aside))),
  };
}

function finish(graph, centres, edges, vertical) {
  const left = Math.min(...centres.map(({ x }) => x)) - NODE.width / 2;
  const top = Math.min(...centres.map(({ y }) => y)) - NODE.height / 2;
  const nodes = new Map(graph.nodes.map(({ id }, v) => [id, { x: centres[v].x - NODE.width / 2 - left, y: centres[v].y - NODE.height / 2 - top }]));
  const along = vertical ? ['y', 'x'] : ['x', 'y'];
  const order = [...nodes.keys()].sort(
    (a, b) => nodes.get(a)[along[0]] - nodes.get(b)[along[0]] || nodes.get(a)[along[1]] - nodes.get(b)[along[1]],
  );
  const next = new Map();
  const previous = new Map();
  const note = (map, from, to) => map.has(from) ? map.get(from).push(to) : map.set(from, [to]);
  for (const { edge } of edges) {
    note(next, edge.source, edge.target);
    note(previous, edge.target, edge.source);
  }
  return {
    width: Math.max(...centres.map(({ x }) => x)) + NODE.width / 2 - left,
    height: Math.max(...centres.map(({ y }) => y)) + NODE.height / 2 - top,
    vertical, nodes, order, next, previous, origin: `translate(${-left} ${-top})`,
    edges: edges.map((edge) => ({ ...edge, left: edge.left - left, right: edge.right - left, top: edge.top - top, bottom: edge.bottom - top })),
  };
}

function numbered(graph) {
  const number = new Map(graph.nodes.map(({ id }, v) => [id, v]));
  const edges = graph.edges.filter(({ source, target }) => number.has(source) && number.has(target));
  return { edges, pairs: edges.map(({ source, target }) => [number.get(source), number.get(target)]) };
}

function cached(kind, graph, make) {
  const key = JSON.stringify([kind, graph.nodes.map(({ id, position }) => [id, position?.x, position?.y]), graph.edges.map((e) => [e.source, e.target])]);
  if (!cache.has(key)) cache.set(key, make());
  if (cache.size > CACHE_MAX) cache.delete(cache.keys().next().value);
  return cache.get(key);
}

/** By ranks, left to right or top down. {width, height, vertical, nodes: Map id -> {x, y} (upper left), order: [ids],
 *  next, previous: Map id -> [ids], edges: [{edge, d, start, and
 *  left, top, right, bottom}], origin: the transform of the edges' paths}. */
export function layoutGraph(graph, vertical) {
  return cached(vertical, graph, () => {
    const ids = graph.nodes.map(({ id }) => id);
    const { edges, pairs } = numbered(graph);
    const { centres, past } = (ids.length + pairs.length > DAGRE_MAX ? byLayers : byDagre)(ids, pairs, vertical);
    const routes = edges.map((edge, i) => ({ edge, ...route(centres[pairs[i][0]], centres[pairs[i][1]], past[i], vertical) }));
    return finish(graph, centres, routes, vertical);
  });
}

const placed = ({ position }) => Number.isFinite(position?.x) && Number.isFinite(position?.y);
const overlap = (a, b) => Math.abs(a.x - b.x) < NODE.width && Math.abs(a.y - b.y) < NODE.height;

/** As placed in the definition, or null: not every node has a place, or one would hide another. */
export function layoutSaved(graph) {
  if (!graph.nodes.length || !graph.nodes.every(placed)) return null;
  return cached('saved', graph, () => {
    const sorted = graph.nodes.map(({ position }) => position).sort((a, b) => a.x - b.x);
    for (let i = 0; i < sorted.length; i++)
      for (let j = i + 1; j < sorted.length && sorted[j].x - sorted[i].x < NODE.width; j++) if (overlap(sorted[i], sorted[j])) return null;
    const centres = graph.nodes.map(({ position: { x, y } }) => ({ x: x + NODE.width / 2, y: y + NODE.height / 2 }));
    const { edges, pairs } = numbered(graph);
    let down = 0;
    const routes = edges.map((edge, i) => {
      const [a, b] = pairs[i].map((v) => centres[v]);
      const vertical = Math.abs(b.x - a.x) < NODE.width && b.y > a.y;
      down += vertical;
      return { edge, ...route(a, b, [], vertical) };
    });
    return finish(graph, centres, routes, down * 2 > edges.length);
  });
}
