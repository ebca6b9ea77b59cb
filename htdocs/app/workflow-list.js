// The list of workflows, live. It comes by REST; two topics tell which runs are under way and which have ended, and the rows
// follow them, so nothing is asked for again and again.

import { TopicClient } from '../client/topic-client.js';
import { listWorkflows } from './api.js';
import { signal } from './ui.js';

const LIST_MAX = 1000;
const RECENT = 20;
const PAST = '?limit=100';

const fromActive = ({ id, status, start_time: startedAt, progress }) => ({ id, status, startedAt, progress });
const fromPast = ({ id, status, start_time: startedAt, end_time: finishedAt, duration }) => ({ id, status, startedAt, finishedAt, durationMs: duration === null ? undefined : duration * 1000 });
const endOf = (run) => run?.finishedAt ?? run?.startedAt ?? run?.createdAt ?? '';

function byWorkflow(entries) {
  const found = new Map();
  for (const entry of entries) found.set(entry.workflow_id, [...(found.get(entry.workflow_id) ?? []), entry]);
  return found;
}

/** A workflow as the topics have it now. active: its runs under way, oldest first; past: those that ended, newest first. Pure. */
export function withRuns(workflow, active = [], past = []) {
  if (!active.length && !past.length) return workflow;
  const news = past.map(fromPast);
  const known = new Set([...past, ...active].map(({ id }) => id)); // a run that was retried stands in both its forms otherwise
  const recent = [...news, ...(workflow.recent ?? []).filter(({ id }) => !known.has(id))].slice(0, RECENT);
  const last = [workflow.lastRun, news[0]].filter(Boolean).reduce((a, b) => (a.id !== b.id && endOf(a) > endOf(b) ? a : b), {});
  return { ...workflow, recent, lastRun: active.length ? fromActive(active.at(-1)) : last.id ? last : undefined };
}

export class WorkflowList {
  /** {items, error, live, asOf}; items null: not loaded yet. */
  view = signal({ items: null, error: null, live: true, asOf: null });
  #items = null;
  #error = null;
  #states = {};
  #abort = new AbortController();
  #topics;

  constructor() {
    this.#topics = [
      new TopicClient({ path: '/workflows', twin: 'api/workflows/active' }, {}, (state) => this.#heard('active', state)),
      new TopicClient({ path: `/workflow-history${PAST}`, twin: `api/workflow-history${PAST}` }, {}, (state) => this.#heard('past', state)),
    ];
    // Saving a workflow tells no topic: who comes back to the page sees what others have saved.
    document.addEventListener('visibilitychange', () => document.hidden || this.load(), { signal: this.#abort.signal });
    this.load();
  }

  close() {
    this.#abort.abort();
    for (const topic of this.#topics) topic.close();
  }

  load = async () => {
    try {
      this.#items = (await listWorkflows({ limit: LIST_MAX }, this.#abort.signal)).items;
      this.#error = null;
    } catch (error) {
      this.#error = error;
    }
    this.#draw();
  };

  #heard(name, state) {
    const before = this.#states[name];
    this.#states[name] = state;
    if (state.isConnected && before?.lastUpdated && !before.isConnected) this.load(); // what was missed in between
    this.#draw();
  }

  #draw() {
    if (this.#abort.signal.aborted) return;
    const { active, past } = this.#states;
    const [running, over] = [byWorkflow(active?.data ?? []), byWorkflow(past?.data?.workflows ?? [])];
    this.view.value = {
      items: this.#items?.map((workflow) => withRuns(workflow, running.get(workflow.id), over.get(workflow.id))) ?? null,
      error: this.#error,
      live: [active, past].every((state) => !state?.lastUpdated || state.isConnected),
      asOf: active?.lastUpdated ?? null,
    };
  }
}
