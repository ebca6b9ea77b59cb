// A run as the fold of its native events over its record. The record tells the state at one moment, the events are
// replayed from the start for the log; so a state only ever moves forward, and an old event does not turn it back.

import { text } from './text.js';
import { duration } from './format.js';
import { WorkFold } from './fold-work.js';

const LINES_MAX = 200000; // kept in this page; the rest is still at the server
const LINES_DROP = 20000;
export const PART_LINES = 2000; // what was dropped is read again from the server in parts of so many lines

const MOMENTS_MAX = 50000;
const NEWEST_MAX = 100000; // numbers below zero stand for lines that are numbered later

const RANK = { pending: 0, queued: 0, running: 1, waiting: 1, paused: 1 };
const rank = (status) => RANK[status] ?? 2;

export const ended = (status) => rank(status) === 2;

const NODE_STATUS = {
  'node.started': 'running',
  'node.waiting': 'waiting',
  'node.finished': 'success',
  'node.failed': 'error',
  'node.skipped': 'skipped',
  'node.cancelled': 'cancelled',
  'node.retried': 'running',
};
const RUN_STATUS = {
  'run.queued': 'queued',
  'run.started': 'running',
  'run.paused': 'paused',
  'run.resumed': 'running',
  'run.finished': 'success',
  'run.failed': 'error',
  'run.cancelled': 'cancelled',
};

export class RunFold {
  lines = []; // {n, id, time, nodeId, level, message}; n below 1: in order, but its number is not known
  byNode = new Map(); // node id -> lines
  errors = []; // lines of level error
  folded = 0; // lines dropped from this page
  parts = [{ n: 0, id: '0' }]; // where each part of the log begins: after line n, of the event id
  began = null; // time of the first event
  gap = false;
  asks = new Map(); // node id -> {prompt, deadline, time}: who waits for a person
  work = new WorkFold();
  moments = []; // of the attempt: {ms, nodeId, status, attempt, message}, in order
  attempts = new Map(); // attempt -> {attempt, kind, status, from, to, error, id}
  events = 0; // seen, without a hole, since the first
  whole = false; // the run has ended and every event of it was seen
  changes = 0; // of states; lines do not count
  #n = 0;
  #attempt = 1; // of the run, as replayed

  constructor(record) {
    this.graph = { nodes: record.graph?.nodes ?? [], edges: record.graph?.edges ?? [] };
    this.labels = new Map(this.graph.nodes.map((node) => [node.id, node.data?.label || node.id]));
    this.take(record);
  }

  /** Of the last events of a run that has ended: its newest lines, whose numbers are not known yet. */
  static ofNewest(record, events) {
    const fold = new RunFold(record);
    fold.began = record.createdAt;
    fold.#n = -NEWEST_MAX;
    for (const event of events) fold.apply(event);
    return fold;
  }

  /** A fresh record replaces the states; the log stays. */
  take(record) {
    const { nodes = {}, graph, ...run } = record;
    this.run = run;
    this.changes++;
    const known = this.nodes;
    this.nodes = new Map(this.graph.nodes.map(({ id }) => {
      const { attempt, progress } = known?.get(id) ?? {};
      const node = nodes[id] ?? { status: 'pending' };
      return [id, progress && node.attempt === attempt ? { ...node, progress } : node]; // a record leaves it out
    }));
  }

  label(nodeId) {
    return this.labels.get(nodeId) ?? nodeId;
  }

  /** The nodes as they were at a time: node id -> {status, startedAt?}. */
  nodesAt(ms) {
    const nodes = new Map(this.graph.nodes.map(({ id }) => [id, { status: 'pending' }]));
    for (const moment of this.moments) {
      if (moment.ms > ms) break;
      if (!nodes.has(moment.nodeId)) continue;
      const record = this.nodes.get(moment.nodeId);
      nodes.set(moment.nodeId, ended(moment.status) ? { ...record, status: moment.status } : { status: moment.status });
    }
    return nodes;
  }

  apply(event) {
    const { type, data } = event;
    this.began ??= event.time;
    if (event.seq === this.events + 1) this.events = event.seq;
    this.whole = ended(RUN_STATUS[type] ?? 'queued') && event.seq === this.events;
    if (type === 'log') this.#line(event, data.nodeId, data.level ?? 'info', data.message ?? '');
    else if (type === 'log.dropped') this.#line(event, data.nodeId, 'note', text.log.dropped(data.count ?? 0));
    else if (type.startsWith('approval.')) this.#approval(event);
    else if (type === 'node.progress' || type === 'scrape.progress') this.#progress(data);
    else if (type === 'node.slow') this.#known(data.nodeId, data.attempt, { slow: true, expectedMs: data.expectedMs });
    else if (type.startsWith('node.')) this.#node(event);
    else if (type.startsWith('run.')) {
      this.#noteAttempt(event);
      this.#run(event);
    } else this.work.apply(event);
  }

  applyGap(gap) {
    this.gap = true;
    this.#line({ id: gap.last, time: null }, null, 'note', text.log.gap);
  }

  /** The lines that these events give, numbered on from n: for a part of the log that is no longer kept here. */
  linesOf(events, n) {
    const scratch = new RunFold({ graph: this.graph });
    scratch.#n = n;
    for (const event of events) scratch.apply(event);
    return scratch.lines;
  }

  #approval(event) {
    const { type, time, data } = event;
    const name = this.label(data.nodeId);
    this.changes++;
    if (type === 'approval.requested') {
      this.asks.set(data.nodeId, { prompt: data.prompt, deadline: data.deadline, time });
      this.#line(event, data.nodeId, 'note', text.log.node_.waiting(name, data.prompt));
    } else {
      this.asks.delete(data.nodeId);
      this.#line(event, data.nodeId, data.decision === 'approved' ? 'success' : 'warning', text.log.node_.decided(name, data));
    }
  }

  #noteAttempt({ id, type, time, data }) {
    const again = type === 'run.retried' || (type === 'run.resumed' && data.attempt > this.attempts.size);
    if (again || !this.attempts.size) {
      const attempt = data.attempt ?? this.attempts.size + 1;
      const kind = !again ? 'first' : type === 'run.retried' ? 'retried' : 'resumed';
      this.attempts.set(attempt, { attempt, kind, status: 'queued', from: time, to: null, error: null, id });
      if (again) this.work.forget(type === 'run.retried' ? undefined : (nodeId) => (data.nodes ? data.nodes.includes(nodeId) : this.nodes.get(nodeId)?.status !== 'success'));
      if (type === 'run.retried') this.moments = [];
      if (again) this.#line({ id, time }, null, 'note', text.log.attempt(attempt));
    }
    const current = [...this.attempts.values()].at(-1);
    const status = type === 'run.resumed' ? 'running' : RUN_STATUS[type];
    if (!status) return;
    current.status = status;
    if (ended(status)) Object.assign(current, { to: time, error: data.error?.message ?? null });
  }

  #run({ type, time, data }) {
    const { run } = this;
    if (ended(RUN_STATUS[type] ?? 'queued') || type === 'run.retried') this.asks.clear();
    if (type === 'run.retried' || type === 'run.resumed') {
      this.#attempt = data.attempt ?? this.#attempt + 1;
      if (this.#attempt > (run.attempt ?? 1)) {
        this.changes++;
        Object.assign(run, { status: 'queued', attempt: this.#attempt, startedAt: null, finishedAt: null, error: null, output: null });
        run.progress = data.progress ?? 0;
        for (const [id, node] of this.nodes)
          if (type === 'run.retried' || (data.nodes ? data.nodes.includes(id) : node.status !== 'success')) this.nodes.set(id, { status: 'pending' });
      }
    }
    if (this.#attempt < (run.attempt ?? 1)) return;
    if (data.progress > (run.progress ?? 0)) run.progress = data.progress;
    const status = type === 'run.resumed' ? (data.status ?? 'running') : RUN_STATUS[type];
    if (!status || rank(status) < rank(run.status) || run.status === status) return;
    run.status = status;
    if (status === 'running') run.startedAt ??= time;
    if (!ended(status)) return;
    run.finishedAt = time;
    for (const field of ['output', 'error', 'durationMs']) if (data[field] !== undefined) run[field] = data[field];
    if (status === 'success') run.progress = 100;
  }

  #node(event) {
    const { type, time, data } = event;
    const status = NODE_STATUS[type];
    const name = this.label(data.nodeId);
    const say = (level, message) => this.#line(event, data.nodeId, level, message);
    if (type === 'node.finished') say('success', text.log.node_.finished(name, duration(data.durationMs)));
    else if (type === 'node.failed') say('error', text.log.node_.failed(name, data.error?.message ?? data.message));
    else if (type === 'node.cancelled') say('warning', text.log.node_.cancelled(name));
    else if (type === 'node.retried') say('warning', text.log.node_.retried(name, data.attempt, data.message));
    else if (type === 'node.waiting' && !this.asks.has(data.nodeId)) say('note', text.log.node_.waiting(name, data.message));
    if (ended(status ?? 'queued')) this.asks.delete(data.nodeId);
    if (status && this.moments.length < MOMENTS_MAX) this.moments.push({ ms: Date.parse(time), nodeId: data.nodeId, status, attempt: data.attempt ?? 1, message: data.error?.message ?? data.message });
    const node = this.nodes.get(data.nodeId);
    if (!node || !status || this.#attempt < (this.run.attempt ?? 1)) return;
    const attempt = data.attempt ?? node.attempt ?? 1;
    const known = node.attempt ?? 0;
    if (attempt < known || (attempt === known && rank(status) < rank(node.status))) return;
    const next = { ...node, status, attempt };
    if (status === 'running' && rank(node.status) !== 1) Object.assign(next, { startedAt: time, finishedAt: null, progress: null });
    if (ended(status)) next.finishedAt ??= time;
    for (const field of ['output', 'error', 'message', 'durationMs', 'expectedMs'])
      if (data[field] !== undefined) next[field] = data[field];
    this.nodes.set(data.nodeId, next);
    this.changes++;
  }

  /** Of a foreach {done, total, failed, running}, of a scrape {percent, items, pages}. */
  #progress({ nodeId, attempt, done, total, failed, running, progress: percent, items, pages }) {
    this.#known(nodeId, attempt, { progress: total === undefined ? { percent, items, pages } : { done, total, failed, running } });
  }

  #known(nodeId, attempt, more) {
    const node = this.nodes.get(nodeId);
    if (!node || this.#attempt < (this.run.attempt ?? 1) || (attempt ?? node.attempt) < (node.attempt ?? 1)) return;
    this.nodes.set(nodeId, { ...node, ...more });
    this.changes++;
  }

  #line({ id, time }, nodeId, level, message) {
    const line = { n: ++this.#n, id, time, nodeId, level, message };
    this.lines.push(line);
    if (line.n % PART_LINES === 0) this.parts.push({ n: line.n, id });
    if (level === 'error') this.errors.push(line);
    if (nodeId) {
      if (!this.byNode.has(nodeId)) this.byNode.set(nodeId, []);
      this.byNode.get(nodeId).push(line);
    }
    if (this.lines.length <= LINES_MAX) return;
    this.folded += LINES_DROP;
    const first = this.lines[LINES_DROP].n;
    const young = (one) => one.n >= first;
    this.lines = this.lines.filter(young);
    this.errors = this.errors.filter(young);
    for (const [key, lines] of this.byNode) this.byNode.set(key, lines.filter(young));
  }
}

/** What became of an edge: 'pending', 'taken' or 'not-taken'. The runner decides conditions; here it shows in the nodes. */
export function edgeState(edge, nodes) {
  const source = nodes.get(edge.source);
  const target = nodes.get(edge.target);
  if (!source || !ended(source.status)) return 'pending';
  if (source.status === 'skipped' || source.status === 'cancelled' || target?.status === 'skipped') return 'not-taken';
  if (edge.sourceHandle === 'true' || edge.sourceHandle === 'false') {
    const { output } = source;
    const value = typeof output === 'object' && output !== null ? (output.result ?? output.value) : output;
    if (typeof value === 'boolean') return String(value) === edge.sourceHandle ? 'taken' : 'not-taken';
  }
  return target && target.status === 'pending' ? 'pending' : 'taken';
}
