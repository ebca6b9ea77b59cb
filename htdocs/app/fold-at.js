// A run that has ended as it was at a moment: its fold with fewer lines and earlier states.

/** Where a replay of this fold begins and how long it takes, in ms; null when nothing moved. */
export function spanOf(fold) {
  const { moments } = fold;
  if (!moments.length) return null;
  const start = moments[0].ms;
  return { start, whole: Math.max(1, moments.at(-1).ms - start) };
}

/** How many of the lines were there; they are in order of time but for a few milliseconds. */
function linesAt(lines, ms) {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].time === null || Date.parse(lines[middle].time) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

const memo = new WeakMap(); // lines -> the last answer, which a log that is drawn sixty times a second compares by identity
function until(lines, ms) {
  const n = linesAt(lines, ms);
  const last = memo.get(lines);
  if (last?.length === n) return last;
  const cut = lines.slice(0, n);
  memo.set(lines, cut);
  return cut;
}

/** ms: wall clock. It is read only, and shares everything else with the fold. */
export function foldAt(fold, ms) {
  return Object.create(fold, {
    nodes: { value: fold.nodesAt(ms) },
    lines: { get: () => until(fold.lines, ms) },
    errors: { get: () => until(fold.errors, ms) },
    byNode: { value: { get: (nodeId) => fold.byNode.has(nodeId) ? until(fold.byNode.get(nodeId), ms) : undefined } },
  });
}
