// One conversation: its session and its runs, kept as they are at the server, and changed at once here, with a way back.

import { connectStreams, updateSessionTools } from '../../client/console.js';
import { changeRun } from '../api.js';
import { toast } from '../components/toast.js';
import { explain } from '../components/resource.js';
import { computed, signal } from '../ui.js';
import { text } from '../text.js';
import { ask, getSession, listSessionRuns, putSession } from './api.js';
import { isActive, turnsOf } from './turns.js';

const NAME_MAX = 60;
const SOON_MS = 60; // several events at once are one look
const RUN_EVENTS = ['run.queued', 'run.started', 'run.paused', 'run.retried', 'run.resumed', 'run.finished', 'run.failed', 'run.cancelled'];

/** Counts what the list of conversations may want to look at again for. */
export const changed = signal(0);

export const newId = () => `s_${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;

const nameOf = (words) => {
  const line = words.trim().split('\n')[0];
  return line.length > NAME_MAX ? `${line.slice(0, NAME_MAX - 1).trimEnd()}…` : line;
};

export class Session {
  id;
  doc = signal(null); // as the server has it; null: it has none (yet)
  error = signal(null);
  loaded = signal(false);
  runs = signal([]);
  asking = signal(null); // the question that is on its way
  #hopes = signal([]); // changes the server has not said yes to: {patch}
  view = computed(() => this.#hopes.value.reduce((doc, { patch }) => ({ ...doc, ...patch, tools: { ...doc.tools, ...patch.tools } }), this.doc.value ?? { tools: {} }));
  turns = computed(() => turnsOf(this.doc.value?.messages, this.runs.value));
  active = computed(() => this.turns.value.find(isActive) ?? null);
  #abort = new AbortController();
  #turn = Promise.resolve(); // changes go out in their order
  #live;
  #soon;

  /** fresh: it is new, so there is nothing to load. */
  constructor(id, fresh) {
    this.id = id;
    this.loaded.value = fresh;
    let state;
    this.#live = connectStreams([`session:${id}`], (event) => this.#event(event), {
      since: 'now',
      onStatus: (status) => {
        if (status.state === 'live' && state !== 'live' && this.doc.value) this.load(); // what happened before it was live
        ({ state } = status);
      },
      onGap: () => this.load(),
    });
    if (!fresh) this.load();
  }

  close() {
    this.#abort.abort();
    this.#live.close();
    clearTimeout(this.#soon);
  }

  async load() {
    try {
      const { signal: until } = this.#abort;
      const [doc, runs] = await Promise.all([getSession(this.id, until), listSessionRuns(this.id, until)]);
      this.#takeRuns(runs.items);
      this.#take(doc);
      this.loaded.value = true;
      this.error.value = null;
    } catch (error) {
      if (!this.#abort.signal.aborted && !this.doc.value) this.error.value = error;
    }
  }

  #event({ stream, type, data }) {
    if (stream === `session:${this.id}` && type === 'session.changed') {
      if (data.deleted) this.doc.value = null;
      else this.#take(data);
    } else if (RUN_EVENTS.includes(type)) {
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => this.loadRuns(), SOON_MS);
    }
  }

  #take(doc) {
    if ((this.doc.value?.version ?? 0) > doc.version) return;
    this.doc.value = doc;
    changed.value++;
  }

  // A list may be older than the answer that named a run.
  #takeRuns(items) {
    const known = new Map(this.runs.value.map((run) => [run.id, run]));
    const newest = this.runs.value.filter(({ id }) => !items.some((run) => run.id === id));
    this.runs.value = [...newest, ...items.map((run) => ({ ...known.get(run.id), ...run }))];
  }

  async loadRuns() {
    try {
      this.#takeRuns((await listSessionRuns(this.id, this.#abort.signal)).items);
    } catch {
      // the next event, or the next connection, is another chance
    }
  }

  /** Show the change at once, send it in its turn, and take it back if the server refuses it. */
  #change(patch, send, failed) {
    const hope = { patch };
    this.#hopes.value = [...this.#hopes.value, hope];
    const sent = this.#turn.then(send).then((doc) => this.#take(doc), (error) => {
      toast({ text: `${failed} ${explain(error)}`, kind: 'error' });
    });
    this.#turn = sent.then(() => (this.#hopes.value = this.#hopes.value.filter((other) => other !== hope)));
    return this.#turn;
  }

  setTool(tool, on, label) {
    return this.#change({ tools: { [tool]: on } }, () => updateSessionTools(this.id, tool, on), text.assistant.toolFailed(label, on));
  }

  setModel(model) {
    return this.#change({ model }, () => putSession(this.id, { model }), text.assistant.modelFailed);
  }

  /** The run's id; throws what the server says. */
  async ask(words) {
    this.asking.value = words;
    try {
      await this.#turn;
      const { doc } = this;
      if (!doc.value || (doc.value.name === this.id && !doc.value.messages.length)) this.#take(await putSession(this.id, { name: nameOf(words) }));
      const { runId, status } = await ask(this.id, words);
      this.runs.value = [{ id: runId, status, createdAt: new Date().toISOString(), question: words, here: true }, ...this.runs.value.filter(({ id }) => id !== runId)];
      return runId;
    } finally {
      this.asking.value = null;
    }
  }

  stop() {
    return changeRun(this.active.value.runId, 'cancel');
  }
}
