// A layered layout for large graphs, where dagre's takes seconds: ranks by longest path, order by barycentres, places by
// least squares with a least distance. Sugiyama, Tagawa and Toda, 1981; the places as an isotonic regression.

const SWEEPS = 8;
const STRAIGHT = 8; // how much straighter an edge runs past other ranks than between two nodes

/** Longest path from a source; a source stands just before what it leads to. Edges that close a circle are left out. */
function rankOf(count, edges) {
  const out = Array.from({ length: count }, () => []);
  const missing = new Array(count).fill(0);
  for (const [v, w] of edges) {
    out[v].push(w);
    missing[w]++;
  }
  const roots = [...missing.keys()].filter((v) => !missing[v]);
  const rank = new Array(count).fill(0);
  const seen = [...roots];
  for (let i = 0; i < seen.length; i++)
    for (const w of out[seen[i]]) {
      rank[w] = Math.max(rank[w], rank[seen[i]] + 1);
      if (!--missing[w]) seen.push(w);
    }
  for (const v of roots) if (out[v].length) rank[v] = Math.max(0, Math.min(...out[v].map((w) => rank[w])) - 1);
  return rank;
}

/** Vertices are the nodes and, where an edge passes ranks, a bend in each; links lead from one rank to the next. */
function chainsOf(rank, edges) {
  const above = rank.map(() => []);
  const below = rank.map(() => []);
  const ranks = [...rank];
  const bends = edges.map(([v, w]) => {
    const mine = [];
    let from = v;
    const link = (to) => {
      below[from].push(to);
      above[to].push(from);
      from = to;
    };
    for (let at = rank[v] + 1; at < rank[w]; at++) {
      mine.push(ranks.length);
      ranks.push(at);
      above.push([]);
      below.push([]);
      link(mine.at(-1));
    }
    if (rank[w] > rank[v]) link(w);
    return mine;
  });
  return { ranks, above, below, bends };
}

function firstOrder({ ranks, above, below }) {
  const layers = [];
  const seen = new Set();
  for (let root = 0; root < ranks.length; root++) {
    const stack = above[root].length ? [] : [root];
    while (stack.length) {
      const v = stack.pop();
      if (seen.has(v)) continue;
      seen.add(v);
      (layers[ranks[v]] ??= []).push(v);
      for (let i = below[v].length - 1; i >= 0; i--) stack.push(below[v][i]);
    }
  }
  return layers;
}

function crossings(layers, below, place) {
  let sum = 0;
  for (const layer of layers.slice(0, -1)) {
    const ends = layer.flatMap((v) => below[v].map((w) => place[w]).sort((a, b) => a - b));
    const tree = new Array(Math.max(0, ...ends) + 2).fill(0);
    ends.forEach((end, i) => {
      let before = 0;
      for (let j = end + 1; j; j -= j & -j) before += tree[j];
      sum += i - before;
      for (let j = end + 1; j < tree.length; j += j & -j) tree[j]++;
    });
  }
  return sum;
}

function order(chains) {
  const { above, below } = chains;
  let layers = firstOrder(chains);
  const place = [];
  const note = (layer) => layer.forEach((v, i) => (place[v] = i));
  layers.forEach(note);
  let best = { layers, crossed: crossings(layers, below, place) };
  for (let sweep = 0; sweep < SWEEPS && best.crossed; sweep++) {
    const [near, walk] = sweep % 2 ? [below, layers.toReversed()] : [above, layers];
    const sorted = walk.map((layer) => {
      const wish = new Map(layer.map((v) => [v, near[v].length ? near[v].reduce((sum, w) => sum + place[w], 0) / near[v].length : place[v]]));
      const next = layer.toSorted((a, b) => wish.get(a) - wish.get(b));
      note(next);
      return next;
    });
    layers = sweep % 2 ? sorted.reverse() : sorted;
    const crossed = crossings(layers, below, place);
    if (crossed < best.crossed) best = { layers, crossed };
  }
  return best.layers;
}

/** The places nearest to the wishes that keep the order and the distances: neighbours that collide share a block. */
function settle(layer, wish, apart, at) {
  const blocks = [];
  let offset = 0;
  layer.forEach((v, i) => {
    if (i) offset += apart(layer[i - 1], v);
    blocks.push({ sum: wish(v) - offset, n: 1, first: i });
    while (blocks.length > 1 && blocks.at(-2).sum / blocks.at(-2).n > blocks.at(-1).sum / blocks.at(-1).n) {
      const { sum, n } = blocks.pop();
      blocks.at(-1).sum += sum;
      blocks.at(-1).n += n;
    }
  });
  offset = 0;
  let block = -1;
  layer.forEach((v, i) => {
    if (i) offset += apart(layer[i - 1], v);
    if (blocks[block + 1]?.first === i) block++;
    at[v] = blocks[block].sum / blocks[block].n + offset;
  });
}

/** count nodes, edges as pairs of their numbers, in units of the direction across the ranks: size of a node and gap
 *  between two. Gives {rank, across: of each node, bends: of each edge, its place in each rank it passes}. */
export function layerGraph(count, edges, { size, gap }) {
  const rank = rankOf(count, edges);
  const chains = chainsOf(rank, edges);
  const layers = order(chains);
  const isNode = (v) => v < count;
  const apart = (a, b) => ((isNode(a) ? size : 0) + (isNode(b) ? size : 0)) / 2 + gap;
  const at = [];
  for (const layer of layers) settle(layer, () => 0, apart, at);
  const wishOf = (near) => (v) => {
    let sum = 0;
    let weight = 0;
    for (const w of near[v]) {
      const pull = isNode(v) || isNode(w) ? 1 : STRAIGHT;
      sum += at[w] * pull;
      weight += pull;
    }
    return weight ? sum / weight : at[v];
  };
  const both = chains.above.map((near, v) => [...near, ...chains.below[v]]);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) settle(layer, wishOf(chains.above), apart, at);
    for (const layer of layers.toReversed()) settle(layer, wishOf(chains.below), apart, at);
  }
  for (const layer of layers) settle(layer, wishOf(both), apart, at);
  return { rank, across: at.slice(0, count), bends: chains.bends.map((bend) => bend.map((v) => at[v])) };
}
