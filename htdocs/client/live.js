// One subscription that survives: it picks the best door that works, steps down when that fails, tries the better ones
// again by itself, and carries one cursor through all of them, so that nothing is missing or double.

import { Backoff } from './backoff.js';
import { afterGap, comparePositions, isPosition } from './cursor.js';
import { cgiPoll } from './doors/cgi-poll.js';
import { longPoll } from './doors/long-poll.js';
import { sse } from './doors/sse.js';
import { websocket } from './doors/websocket.js';
import { siteBase } from './urls.js';

export const doors = [websocket, sse, longPoll, cgiPoll];

const PATIENCE_MS = 2000; // a break shorter than this is nobody's business
const PROBE_FIRST_MS = 5000; // then doubling: when a better door is tried again
const PROBE_MAX_MS = 60000;
const SHORT_LIFE_MS = 3000; // a connection that ends sooner ...
const SHORT_LIVES_MAX = 3; // ... so many times in a row counts as a door that does not work
const CATCH_UP_IDLE_MS = 400;
const REMEMBER_MS = 60000; // a new subscription starts at the door another one just used

const lastGood = new Map(); // base -> { index, at }

/** Messages without a place in the log. */
const isControl = (message) =>
  (message.op !== undefined && message.id === undefined) || message.type === 'pong' || message.type === 'ping';

export class Live {
  #options;
  #cursor;
  #current = null; // { index, close, alive, since, timer }
  #probe = null;
  #shortLives = 0;
  #closed = false;
  #timers = {};
  #retryAt = 0;
  #backoff;
  #probeBackoff;
  #head = null;
  #received = 0;
  #receivedAt = 0;
  #status = { state: 'connecting', door: null };

  /**
   * options: { streams } for the native endpoint or { path } for another ("/workflows/r_1"); since, base, token, doors,
   * onMessage(message), onGap(gap), onStatus(status). See index.d.ts.
   */
  constructor(options) {
    this.#options = {
      path: '',
      base: siteBase,
      doors,
      WebSocket: globalThis.WebSocket,
      fetch: (...request) => globalThis.fetch(...request),
      ...options,
    };
    this.#cursor = options.since;
    this.#backoff = new Backoff();
    this.#probeBackoff = new Backoff({ firstMs: PROBE_FIRST_MS, maxMs: PROBE_MAX_MS });
    globalThis.addEventListener?.('online', this.#hurry);
    globalThis.document?.addEventListener('visibilitychange', this.#hurry);
    const good = lastGood.get(this.#options.base);
    const index = good && Date.now() - good.at < REMEMBER_MS ? good.index : 0;
    this.#attempt(Math.min(index, this.#options.doors.length - 1));
  }

  get cursor() {
    return this.#cursor;
  }

  get status() {
    return this.#status;
  }

  close() {
    this.#stop();
    this.#say({ state: 'closed', door: null });
  }

  #stop() {
    this.#closed = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#drop(this.#current);
    this.#drop(this.#probe);
    globalThis.removeEventListener?.('online', this.#hurry);
    globalThis.document?.removeEventListener('visibilitychange', this.#hurry);
  }

  #drop(connection) {
    if (!connection) return;
    clearTimeout(connection.timer);
    connection.close();
  }

  // The network is back, or the page is looked at again: do not sit out the delay.
  #hurry = () => {
    if (!this.#timers.retry || globalThis.document?.hidden) return;
    clearTimeout(this.#timers.retry);
    this.#timers.retry = null;
    this.#backoff.reset();
    this.#attempt(0);
  };

  #say(status) {
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.#options.onStatus?.(status);
  }

  #connect(index, handlers) {
    const door = this.#options.doors[index];
    const connection = { index, alive: false, since: Date.now() };
    const guard = (handler) => (argument) => {
      if (!this.#closed && (connection === this.#current || connection === this.#probe)) handler(connection, argument);
    };
    const { base, path, streams, token, WebSocket, fetch } = this.#options;
    connection.timer = setTimeout(
      guard(() => {
        connection.close();
        handlers.closed(connection, { kind: 'unusable' });
      }),
      door.firstMs,
    );
    handlers.register(connection);
    connection.close = door.open(
      { base, path, streams, token, since: this.#cursor, WebSocket, fetch },
      {
        frame: guard(() => {
          if (connection.alive) return;
          connection.alive = true;
          connection.since = Date.now();
          clearTimeout(connection.timer);
          handlers.alive(connection);
        }),
        message: guard((_, message) => this.#message(message)),
        position: guard((_, position) => this.#move(position)),
        caughtUp: guard(() => this.#sayLive()),
        closed: guard((_, outcome) => {
          clearTimeout(connection.timer);
          handlers.closed(connection, outcome);
        }),
      },
    );
  }

  #attempt(index) {
    this.#connect(index, {
      register: (connection) => (this.#current = connection),
      alive: () => this.#live(),
      closed: (connection, outcome) => this.#lost(connection, outcome),
    });
  }

  #live() {
    const { index } = this.#current;
    clearTimeout(this.#timers.patience);
    clearTimeout(this.#timers.retry);
    this.#timers.patience = this.#timers.retry = null;
    lastGood.set(this.#options.base, { index, at: Date.now() });
    this.#catchUp();
    this.#scheduleProbe();
  }

  // Until the head is reached or the flow pauses, what comes is history.
  #catchUp() {
    this.#received = 0;
    this.#receivedAt = Date.now();
    clearTimeout(this.#timers.catchUp);
    const look = () => {
      const idle = Date.now() - this.#receivedAt >= CATCH_UP_IDLE_MS;
      const there = this.#head && isPosition(this.#cursor) && comparePositions(this.#cursor, this.#head) >= 0;
      if (idle || there) return this.#sayLive();
      if (this.#received) this.#say({ state: 'catching-up', door: this.#door(), received: this.#received });
      this.#timers.catchUp = setTimeout(look, 100);
    };
    this.#sayLive();
    this.#timers.catchUp = setTimeout(look, CATCH_UP_IDLE_MS);
  }

  #door() {
    return this.#options.doors[this.#current?.index]?.name ?? null;
  }

  #sayLive() {
    clearTimeout(this.#timers.catchUp);
    if (this.#current?.alive) this.#say({ state: 'live', door: this.#door() });
  }

  #lost(connection, { kind, retryMs }) {
    if (kind === 'ended' || kind === 'denied') {
      const door = this.#options.doors[connection.index].name;
      this.#stop();
      return this.#say({ state: kind, door });
    }
    this.#current = null;
    clearTimeout(this.#timers.catchUp);
    this.#timers.patience ??= setTimeout(() => this.#sayBroken(), PATIENCE_MS);
    const lived = connection.alive ? Date.now() - connection.since : 0;
    if (connection.alive) {
      this.#shortLives = lived < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
      if (lived >= SHORT_LIFE_MS) this.#backoff.reset();
      if (this.#shortLives < SHORT_LIVES_MAX) return this.#retry(connection.index, retryMs);
      this.#shortLives = 0;
    }
    if (connection.index + 1 < this.#options.doors.length) this.#attempt(connection.index + 1);
    else this.#retry(0, retryMs);
  }

  #retry(index, atLeastMs = 0) {
    const delay = Math.max(this.#backoff.next(), atLeastMs);
    clearTimeout(this.#timers.retry);
    this.#retryAt = Date.now() + delay;
    this.#timers.retry = setTimeout(() => {
      this.#timers.retry = null;
      this.#attempt(index);
    }, delay);
    if (this.#status.state === 'reconnecting') this.#sayBroken();
  }

  #sayBroken() {
    if (!this.#current?.alive) this.#say({ state: 'reconnecting', door: null, retryAt: this.#retryAt });
  }

  // Better doors are opened beside the working one and take over with their first frame; both then stand at the same
  // cursor, and what both bring is taken once.
  #scheduleProbe() {
    clearTimeout(this.#timers.probe);
    if (this.#current.index === 0) return this.#probeBackoff.reset();
    this.#timers.probe = setTimeout(() => this.#tryBetter(0), this.#probeBackoff.next());
  }

  #tryBetter(index) {
    this.#drop(this.#probe);
    this.#probe = null;
    if (!this.#current) return;
    if (index >= this.#current.index) return this.#scheduleProbe();
    this.#connect(index, {
      register: (connection) => (this.#probe = connection),
      alive: (connection) => {
        this.#probe = null;
        this.#drop(this.#current);
        this.#current = connection;
        this.#live();
      },
      closed: (connection, outcome) => {
        if (connection === this.#current) return this.#lost(connection, outcome);
        this.#probe = null;
        this.#tryBetter(index + 1);
      },
    });
  }

  #move(position) {
    if (!isPosition(position)) return;
    if (!isPosition(this.#cursor) || comparePositions(position, this.#cursor) > 0) this.#cursor = position;
  }

  // A reader who asked for what happens from now on stands at the head, whatever door comes next.
  #placeHead(head) {
    this.#head = head;
    if (this.#options.streams && (this.#cursor === undefined || this.#cursor === 'now')) this.#cursor = head;
  }

  #message(message) {
    if (message.op === 'gap' || message.type === 'gap') {
      this.#cursor = afterGap(this.#cursor, message);
      this.#options.onGap?.(message);
      return;
    }
    if (isControl(message)) {
      if (isPosition(message.head)) this.#placeHead(message.head);
      return;
    }
    if (isPosition(message.id)) {
      if (isPosition(this.#cursor) && comparePositions(message.id, this.#cursor) <= 0) return;
      this.#cursor = message.id;
    } else if (message.id !== undefined) {
      if (message.id === this.#cursor) return; // a state already seen
      this.#cursor = message.id;
    }
    this.#received++;
    this.#receivedAt = Date.now();
    this.#options.onMessage?.(message);
  }
}
