// What each node did when, for the timeline: told by the moments of the run, or by the nodes' records where those are
// no longer kept.

import { ended } from './fold.js';

/** The pieces of a node's time: {status, attempt, from, to, message}; one that goes on ends at `now`. */
function piecesOf(moments, record, now) {
  const pieces = [];
  let open = null;
  const close = (ms, status, message) => {
    if (open) pieces.push({ ...open, to: Math.max(open.from, ms), ...(open.status === 'running' && { status, message }) });
    open = null;
  };
  for (const { ms, status, attempt, message } of moments) {
    const again = status === 'running' && open?.status === 'running'; // it failed, and is tried again
    close(ms, again ? 'error' : status === 'waiting' ? 'success' : status, again || ended(status) ? message : null);
    if (!ended(status)) open = { status, attempt, from: ms, message: status === 'waiting' ? message : null };
  }
  close(now, 'running', null);
  if (pieces.length || !record.startedAt) return pieces;
  const from = Date.parse(record.startedAt);
  const to = ended(record.status) ? Date.parse(record.finishedAt ?? record.startedAt) : now;
  return [{ status: record.status, attempt: record.attempt ?? 1, from, to: Math.max(from, to), message: record.error?.message ?? null }];
}

/** The nodes that have begun by `until`, in their order: {id, status, attempt, ready, from, to, pieces}; ready: when the last
 *  node it waited for had ended, or null. until: wall clock in ms; a piece that goes on ends there. */
export function spansOf(fold, until) {
  const moments = new Map();
  for (const moment of fold.moments) {
    if (moment.ms > until) break;
    if (!moments.has(moment.nodeId)) moments.set(moment.nodeId, []);
    moments.get(moment.nodeId).push(moment);
  }
  const spans = [];
  const byId = new Map();
  for (const { id } of fold.graph.nodes) {
    const pieces = piecesOf(moments.get(id) ?? [], fold.nodes.get(id), until).filter(({ from }) => from <= until);
    if (!pieces.length) continue;
    const { attempt, to } = pieces.at(-1);
    const span = { id, status: moments.get(id)?.at(-1).status ?? fold.nodes.get(id).status, attempt, ready: null, from: pieces[0].from, to: Math.min(to, until), pieces };
    spans.push(span);
    byId.set(id, span);
  }
  for (const { source, target } of fold.graph.edges) {
    const [before, span] = [byId.get(source), byId.get(target)];
    if (before && span && before.to <= span.from) span.ready = Math.max(span.ready ?? 0, before.to);
  }
  return spans.sort((a, b) => a.from - b.from);
}

/** Items, of which some run at a time, in as few lanes as hold them. */
export function lanesOf(items, now) {
  const lanes = [];
  const begun = items.filter(({ startedAt }) => startedAt).map((item) => ({ ...item, from: Date.parse(item.startedAt), to: item.finishedAt ? Date.parse(item.finishedAt) : now }));
  for (const item of begun.sort((a, b) => a.from - b.from || a.index - b.index)) {
    const lane = lanes.find((one) => one.at(-1).to <= item.from);
    if (lane) lane.push(item);
    else lanes.push([item]);
  }
  return lanes;
}
