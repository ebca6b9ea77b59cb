// The list of runs, live. Pages of it come by REST; two topics tell what is under way and what has ended, so nothing is
// asked for again and again: a run that they name and the list lacks is fetched once, and each row shows the newest of what
// its record and the topics say. A break changes nothing but `live`; what was missed is fetched after it.

import { TopicClient } from '../client/topic-client.js';
import { getRun, listRuns } from './api.js';
import { clockSkew } from './components/time.js';
import { ended } from './fold.js';
import { signal } from './ui.js';

const PAGE = 50;
const HOUR_MS = 3600000;
const SETTLE_MS = 2500; // a run that no topic names any more: after that its record is asked
const GUESS_MS = 10000; // so long what was asked for is shown as done, when nothing else comes

const fromActive = ({ status, start_time: startedAt, progress, current_node: node }) => ({ status, startedAt, progress, node });
const fromHistory = ({ status, start_time: startedAt, end_time: finishedAt, duration }) => ({
  status, startedAt, finishedAt, durationMs: duration === null ? null : duration * 1000, progress: status === 'success' ? 100 : undefined,
});

/** What a run must be to be in the list, as far as a topic tells it. */
function matcher({ status, workflow, q }) {
  const word = q?.toLowerCase();
  return (run, is = run.status) =>
    (!status || is === status) &&
    (!workflow || (run.workflow_id ?? run.workflowId) === workflow) &&
    (!word || [run.name, run.workflow_id ?? run.workflowId, run.id].some((value) => value?.toLowerCase().includes(word)));
}

export class RunList {
  /** {items, next, held, error, live, asOf}; items null: not loaded yet; held: how many new ones wait to be shown. */
  view = signal({ items: null, next: null, held: 0, error: null, live: true, asOf: null });
  #query;
  #matches;
  #records = new Map(); // id -> record
  #order = []; // ids, newest first
  #held = new Set(); // of those, not shown yet
  #holding = false;
  #strangers = new Set(); // named by a topic, and yet not on the pages there are
  #active = new Map();
  #past = new Map();
  #said = new Map(); // id -> the topic that spoke of it last: 'active' or 'past'
  #guesses = new Map(); // id -> {status, timer}
  #next = null;
  #error = null;
  #topics;
  #states = {}; // of the topics, by name
  #timer;
  #abort = new AbortController();
  #fetching = null;
  #loaded = false;

  /** query: {status, workflow, q, from}, as REST has it. */
  constructor(query) {
    this.#query = query;
    this.#matches = matcher(query);
    const hour = new Date(Math.floor((Date.now() + clockSkew.value) / HOUR_MS) * HOUR_MS - HOUR_MS).toISOString();
    const past = `?limit=500&from=${hour}`;
    this.#topics = [
      new TopicClient({ path: '/workflows', twin: 'api/workflows/active' }, {}, (state) => this.#heard('active', state)),
      new TopicClient({ path: `/workflow-history${past}`, twin: `api/workflow-history${past}` }, {}, (state) => this.#heard('past', state)),
    ];
    this.load();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#timer);
    for (const { timer } of this.#guesses.values()) clearTimeout(timer);
    for (const topic of this.#topics) topic.close();
  }

  /** The first page, again. */
  load = () => this.#fetch(null);

  more = () => this.#next && this.#fetch(this.#next);

  /** While holding, new runs wait, so that what is looked at stays where it is. */
  hold(on) {
    if (on === this.#holding) return;
    this.#holding = on;
    if (!on && this.#held.size) this.#release();
  }

  /** Show a run as it should be soon; returns what takes that back. It ends by itself when the run is so, or has another fate. */
  guess(id, status) {
    const was = this.#shown(id)?.status;
    const drop = () => {
      clearTimeout(this.#guesses.get(id)?.timer);
      this.#guesses.delete(id);
      this.#draw();
    };
    this.#guesses.set(id, { status, was, timer: setTimeout(drop, GUESS_MS) });
    this.#draw();
    return drop;
  }

  #release() {
    this.#held.clear();
    this.#draw();
  }

  async #fetch(cursor) {
    if (this.#fetching) {
      if (!cursor) this.#fetching.again = true;
      return;
    }
    const fetching = (this.#fetching = { again: false });
    try {
      const first = !this.#order.length;
      let page = { next: cursor };
      let known;
      do { // the newest ones, as far back as to one that is known
        page = await listRuns({ ...this.#query, limit: PAGE, cursor: page.next }, this.#abort.signal);
        known = page.items.some(({ id }) => this.#records.has(id));
        this.#take(page.items, Boolean(cursor) || first);
      } while (!cursor && !first && !known && page.next);
      this.#error = null;
      this.#loaded = true;
      if (cursor || first) this.#next = page.next;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#error = error;
    }
    this.#fetching = null;
    this.#draw();
    if (fetching.again) this.load();
  }

  #take(items, shown) {
    for (const run of items) {
      if (!this.#records.has(run.id)) {
        this.#order.push(run.id);
        if (this.#holding && !shown) this.#held.add(run.id);
      }
      this.#strangers.delete(run.id);
      this.#records.set(run.id, run);
    }
    const made = (id) => this.#records.get(id).createdAt;
    this.#order.sort((a, b) => (made(a) < made(b) ? 1 : made(a) > made(b) ? -1 : 0));
  }

  #heard(name, state) {
    const before = this.#states[name];
    this.#states[name] = state;
    if (state.data && state.data !== before?.data) {
      const entries = name === 'active' ? state.data : state.data.workflows;
      const map = new Map(entries.map((entry) => [entry.id, entry]));
      for (const [id, entry] of map) if (JSON.stringify(entry) !== JSON.stringify((name === 'active' ? this.#active : this.#past).get(id))) this.#said.set(id, name);
      if (name === 'active') this.#active = map;
      else this.#past = map;
      const unknown = entries.filter((run) => this.#matches(run) && !this.#records.has(run.id) && !this.#strangers.has(run.id));
      for (const { id } of unknown) this.#strangers.add(id);
      if (unknown.length && this.view.value.items) this.load();
    }
    if (state.isConnected && !before?.isConnected && (before?.lastUpdated || this.#error)) this.load();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#askForgotten(), SETTLE_MS);
    this.#draw();
  }

  // Runs whose record says that they go on, and of which no topic says anything.
  async #askForgotten() {
    if (!this.#states.active?.isConnected || !this.#states.past?.isConnected) return;
    const lost = this.#order.filter((id) => !ended(this.#records.get(id).status) && !this.#active.has(id) && !this.#past.has(id)).slice(0, PAGE);
    for (const id of lost) {
      try {
        this.#records.set(id, await getRun(id, this.#abort.signal));
      } catch {
        return; // it stays as it was last known
      }
    }
    if (lost.length) this.#draw();
  }

  #shown(id) {
    const record = this.#records.get(id);
    const active = this.#active.get(id);
    const past = this.#past.get(id);
    const now = active && (!past || this.#said.get(id) === 'active') ? fromActive(active) : past ? fromHistory(past) : {};
    return { ...record, ...now };
  }

  #draw() {
    if (this.#abort.signal.aborted) return;
    const items = [];
    for (const id of this.#order) {
      const run = this.#shown(id);
      const guess = this.#guesses.get(id);
      if (guess && run.status !== guess.was) {
        clearTimeout(guess.timer);
        this.#guesses.delete(id);
      } else if (guess) {
        run.soon = guess.status;
      }
      if (!this.#held.has(id) && (run.soon || this.#matches(run))) items.push(run);
    }
    const { active, past } = this.#states;
    this.view.value = {
      items: this.#loaded ? items : null,
      next: this.#next,
      held: this.#held.size,
      error: this.#error,
      live: [active, past].every((state) => !state || state.isConnected || !state.lastUpdated),
      asOf: active?.lastUpdated ?? null,
    };
  }
}
