// A dashboard topic: the present state of something, live; when no door works any more, asked for by HTTP until one does.

import { Live } from './live.js';
import { request } from './rest.js';

const POLL_FIRST_MS = 3000;
const POLL_MAX_MS = 30000;
const POLL_SLOWER = 1.5;
const TRY_AGAIN_MS = 30000; // while polling, the doors are tried so often
const VOLATILE = ['last_updated', 'checked_at', 'uptime_s', 'latency_ms'];

/** What counts as a change. */
const essence = (data) => JSON.stringify(data, (name, value) => (VOLATILE.includes(name) ? undefined : value));

/** The state in a message: enveloped as {"type":"..._update","data":...}, or bare. */
export const bare = (message) =>
  typeof message?.type === 'string' && message.type.endsWith('_update') && 'data' in message ? message.data : message;

export class TopicClient {
  #topic;
  #options;
  #changed;
  #live = null;
  #cursor;
  #polling = null; // { timer, delay, abort }
  #essence;

  /** state: {data, isConnected, connectionQuality, lastUpdated, reconnectAttempts}; replaced at each change. */
  state = { data: undefined, isConnected: false, connectionQuality: 'poor', lastUpdated: null, reconnectAttempts: 0 };

  /** topic: {path, twin}: the endpoint without the door, and its HTTP twin. changed(state). options: of the hooks. */
  constructor(topic, options, changed) {
    const { maxReconnectAttempts = 10, reconnectInterval = 3000, backoffMultiplier = 1.5, connectionTimeout = 10000 } = options;
    const schedule = { firstMs: reconnectInterval, factor: backoffMultiplier, maxMs: Infinity, tries: maxReconnectAttempts };
    this.#topic = topic;
    this.#options = { ...options, schedule: { ...schedule, settleMs: 0 }, connectMs: connectionTimeout };
    this.#changed = changed;
    this.#follow();
  }

  close() {
    this.#live?.close();
    this.#live = null;
    this.#stopPolling();
  }

  #set(part) {
    this.state = { ...this.state, ...part };
    this.#changed(this.state);
  }

  // trial: one attempt, made while polling.
  #follow(trial = false) {
    const { schedule } = this.#options;
    const { base, token, WebSocket, fetch, shared, connectMs } = this.#options;
    const live = new Live({
      base,
      token,
      WebSocket,
      fetch,
      shared,
      path: this.#topic.path,
      since: this.#cursor,
      snapshots: true,
      schedule: trial ? { ...schedule, tries: 0 } : schedule,
      connectMs,
      onMessage: (message) => this.#take(bare(message)),
      onStatus: (status) => live === this.#live && this.#heard(status, trial),
    });
    this.#live = live;
  }

  #take(data) {
    this.#essence = essence(data);
    this.#set({ data, lastUpdated: new Date() });
  }

  #heard(status, trial) {
    this.#cursor = this.#live.cursor;
    switch (status.state) {
      case 'live':
        this.#stopPolling();
        return this.#set({ isConnected: true, connectionQuality: status.door === 'polling' ? 'poor' : 'good', reconnectAttempts: 0 });
      case 'reconnecting':
        return this.#set({ isConnected: false, connectionQuality: 'poor', reconnectAttempts: status.attempt });
      case 'failed':
      case 'missing':
        this.#live = null;
        if (trial && this.state.isConnected) return this.#follow(); // it had worked: all tries again
        this.#set({ isConnected: false, connectionQuality: 'poor' });
        if (!this.#polling) this.#startPolling();
        this.#polling.again = setTimeout(() => this.#follow(true), TRY_AGAIN_MS);
        return undefined;
      case 'denied':
        return this.#set({ isConnected: false, connectionQuality: 'poor' });
      default:
        return undefined;
    }
  }

  #startPolling() {
    const polling = (this.#polling = { delay: POLL_FIRST_MS, timer: null, again: null, abort: new AbortController() });
    const { base, token, fetch } = this.#options;
    const ask = async () => {
      let changed = false;
      try {
        const data = await request('GET', this.#topic.twin, { base, token, fetch, signal: polling.abort.signal });
        if (polling !== this.#polling) return;
        changed = essence(data) !== this.#essence;
        if (changed) this.#take(data);
        else this.#set({ lastUpdated: new Date() });
      } catch {
        // neither the socket nor this: the next one may work
      }
      if (polling !== this.#polling) return;
      polling.delay = changed ? POLL_FIRST_MS : Math.min(POLL_MAX_MS, polling.delay * POLL_SLOWER);
      polling.timer = setTimeout(ask, polling.delay * (1 + Math.random() / 4));
    };
    polling.timer = setTimeout(ask, POLL_FIRST_MS);
  }

  #stopPolling() {
    if (!this.#polling) return;
    const { timer, again, abort } = this.#polling;
    this.#polling = null;
    clearTimeout(timer);
    clearTimeout(again);
    abort.abort();
  }
}
