// One feed that survives: it picks the best door that works, steps down when that fails, tries the better ones again by
// itself, and carries one cursor through all of them, so that nothing is missing or double.

import { Backoff } from './backoff.js';
import { afterGap, comparePositions, isPosition, wasSeen } from './cursor.js';
import { cgiPoll } from './doors/cgi-poll.js';
import { longPoll } from './doors/long-poll.js';
import { sse } from './doors/sse.js';
import { websocket } from './doors/websocket.js';

export const doors = [websocket, sse, longPoll, cgiPoll];

const PATIENCE_MS = 2000; // a break shorter than this is nobody's business
const PROBE_FIRST_MS = 5000; // then doubling: when a better door is tried again
const PROBE_MAX_MS = 60000;
const SHORT_LIFE_MS = 3000; // a connection that ends sooner ...
const SHORT_LIVES_MAX = 3; // ... so many times in a row counts as a door that does not work
const CATCH_UP_IDLE_MS = 400;
const REMEMBER_MS = 60000; // a new feed starts at the door another one just used

const lastGood = new Map(); // base -> { index, at }

/** Messages without a place in the log: of the native endpoint those with an op; of the others answers to what we sent. */
const ANSWERS = ['pong', 'ping', 'auth'];
const isControl = ({ id, op, type, code, data, payload }) =>
  id === undefined &&
  (op !== undefined || ANSWERS.includes(type) || (type === 'error' && code !== undefined && !data && !payload));
const DENIALS = ['unauthorized', 'forbidden'];
const LAST = ['ended', 'denied', 'failed', 'missing', 'closed'];

/** A feed in such a state does nothing any more. */
export const isOver = ({ state }) => LAST.includes(state);

export class Feed {
  #target;
  #tokens;
  #doors;
  #on;
  #cursor;
  #current = null; // { index, door, alive, at, token, timer }
  #probe = null;
  #shortLives = 0;
  #closed = false;
  #worked = false;
  #endless;
  #renewed = false;
  #timers = {};
  #retryAt = 0;
  #backoff;
  #settleMs;
  #probeBackoff;
  #unwatch;
  #head = null;
  #received = 0;
  #receivedAt = 0;
  #left = new Map(); // door -> {door, why, status?}: tried, and of no use now
  #status = { state: 'connecting', door: null, changedAt: Date.now() };

  /**
   * target: {base, path, query, streams, url, snapshots, endless, WebSocket, fetch}, schedule: for the Backoff, with settleMs, the
   * life after which a connection counts as a success; connectMs: the most a door may take; tokens, doors, since.
   * on: message(message), gap(gap), position(id), status(status), connected() at each connection. Nothing is called before
   * the constructor has returned.
   */
  constructor({ target, tokens, since, schedule = {}, connectMs = Infinity, doors: ladder = doors, on }) {
    this.#target = { ...target, path: target.path ?? '' };
    this.#tokens = tokens;
    this.#doors = ladder;
    this.#on = on;
    this.#cursor = since;
    this.connectMs = connectMs;
    this.#endless = Boolean(target.endless ?? target.snapshots);
    this.#settleMs = schedule.settleMs ?? SHORT_LIFE_MS;
    this.#backoff = new Backoff(schedule);
    this.#probeBackoff = new Backoff({ firstMs: PROBE_FIRST_MS, maxMs: PROBE_MAX_MS });
    globalThis.addEventListener?.('online', this.#seen);
    globalThis.document?.addEventListener('visibilitychange', this.#seen);
    if (tokens?.renewable) this.#unwatch = tokens.watch(() => this.#tokenRenewed());
    const good = lastGood.get(this.#target.base);
    const index = good && Date.now() - good.at < REMEMBER_MS ? good.index : 0;
    this.#attempt(Math.min(index, this.#doors.length - 1));
  }

  get cursor() {
    return this.#cursor;
  }

  get status() {
    return this.#status;
  }

  /** A message for the server. False: there is no connection now that takes it. */
  send(message) {
    return Boolean(this.#current?.alive && this.#current.door.send?.(message));
  }

  /** Do not sit out the delay. */
  hurry() {
    if (!this.#timers.retry) return;
    clearTimeout(this.#timers.retry);
    this.#timers.retry = null;
    this.#attempt(0);
  }

  close() {
    this.#end({ state: 'closed', door: null });
  }

  // The network is back, or the page is looked at again.
  #seen = () => {
    if (!globalThis.document?.hidden) this.hurry();
  };

  #end(status) {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#unwatch?.();
    this.#drop(this.#current);
    this.#drop(this.#probe);
    globalThis.removeEventListener?.('online', this.#seen);
    globalThis.document?.removeEventListener('visibilitychange', this.#seen);
    this.#say(status);
  }

  #drop(connection) {
    if (!connection) return;
    clearTimeout(connection.timer);
    connection.door?.close();
  }

  #say(said) {
    const { state, door, changedAt } = this.#status;
    const same = said.state === state && said.door === door;
    const status = { ...said, changedAt: same ? changedAt : Date.now(), ...(this.#left.size && { tried: [...this.#left.values()] }) };
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.#on.status?.(status);
  }

  async #connect(index, handlers) {
    const door = this.#doors[index];
    const connection = { index, alive: false, at: Date.now(), door: null };
    const isMine = () => !this.#closed && (connection === this.#current || connection === this.#probe);
    const guard = (handler) => (argument) => {
      if (isMine()) handler(connection, argument);
    };
    handlers.register(connection);
    try {
      connection.token = this.#tokens?.current();
      if (connection.token instanceof Promise) connection.token = await connection.token;
      else await null;
    } catch {
      return guard(handlers.closed)({ kind: 'no-token' });
    }
    if (!isMine()) return undefined;
    connection.timer = setTimeout(
      guard(() => {
        connection.door.close();
        handlers.closed(connection, { kind: 'silent' });
      }),
      Math.min(door.firstMs, this.connectMs),
    );
    connection.door = door.open(
      { ...this.#target, since: this.#cursor, token: connection.token, tokens: this.#tokens },
      {
        frame: guard(() => {
          if (connection.alive) return;
          connection.alive = true;
          connection.at = Date.now();
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
    return undefined;
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
    this.#worked = true;
    this.#renewed = false;
    this.#left.delete(this.#doors[index].name);
    if (!this.#settleMs) this.#backoff.reset();
    clearTimeout(this.#timers.patience);
    clearTimeout(this.#timers.retry);
    this.#timers.patience = this.#timers.retry = null;
    lastGood.set(this.#target.base, { index, at: Date.now() });
    this.#on.connected?.();
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
      return undefined;
    };
    this.#sayLive();
    this.#timers.catchUp = setTimeout(look, CATCH_UP_IDLE_MS);
  }

  #door() {
    return this.#doors[this.#current?.index]?.name ?? null;
  }

  #sayLive() {
    clearTimeout(this.#timers.catchUp);
    if (this.#current?.alive) this.#say({ state: 'live', door: this.#door() });
  }

  // Why a door is not used: silent (no first frame in time), busy (too many streams of this page), brief (it ended again and
  // again), else refused.
  #leave({ index, alive }, { kind, status }) {
    const door = this.#doors[index].name;
    this.#left.set(door, { door, why: alive ? 'brief' : ['silent', 'busy'].includes(kind) ? kind : 'refused', ...(status && { status }) });
  }

  #lost(connection, outcome) {
    const { kind, retryMs } = outcome;
    const door = this.#doors[connection.index].name;
    if (kind === 'ended' && !this.#endless) return this.#end({ state: 'ended', door });
    if (DENIALS.includes(kind)) return this.#denied(connection, kind, door);
    this.#current = null;
    clearTimeout(this.#timers.catchUp);
    this.#timers.patience ??= setTimeout(() => this.#sayBroken(), PATIENCE_MS);
    if (connection.alive) {
      const lived = Date.now() - connection.at;
      this.#shortLives = lived < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
      if (lived >= this.#settleMs) this.#backoff.reset();
      if (this.#shortLives < SHORT_LIVES_MAX) return this.#retry(connection.index, retryMs);
      this.#shortLives = 0;
    }
    if (kind === 'no-token') return this.#retry(connection.index);
    this.#leave(connection, outcome);
    if (connection.index + 1 < this.#doors.length) return this.#attempt(connection.index + 1);
    if (kind === 'missing' && !this.#worked) return this.#end({ state: 'missing', door });
    return this.#retry(0, retryMs);
  }

  // A token that is no longer taken is renewed once; what a new one does not open is closed.
  #denied(connection, kind, door) {
    const deny = () => this.#end({ state: 'denied', door });
    if (kind === 'forbidden' || !this.#tokens?.renewable || this.#renewed) return deny();
    this.#renewed = true;
    this.#current = null;
    this.#timers.patience ??= setTimeout(() => this.#sayBroken(), PATIENCE_MS);
    const fresh = this.#tokens.current();
    const asked = fresh !== connection.token && !(fresh instanceof Promise) ? Promise.resolve(fresh) : this.#tokens.renew();
    return asked.then(
      (token) => {
        if (this.#closed || this.#current) return undefined;
        return token && token !== connection.token ? this.#attempt(connection.index) : deny();
      },
      () => this.#closed || this.#retry(connection.index),
    );
  }

  #retry(index, atLeastMs = 0) {
    const delay = this.#backoff.next();
    if (delay === null) return this.#end({ state: 'failed', door: null });
    const wait = Math.max(delay, atLeastMs);
    clearTimeout(this.#timers.retry);
    this.#retryAt = Date.now() + wait;
    this.#timers.retry = setTimeout(() => {
      this.#timers.retry = null;
      this.#attempt(index);
    }, wait);
    if (this.#status.state === 'reconnecting') this.#sayBroken();
    return undefined;
  }

  #sayBroken() {
    if (this.#current?.alive) return;
    this.#say({ state: 'reconnecting', door: null, retryAt: this.#retryAt, attempt: this.#backoff.made });
  }

  // Better doors are opened beside the working one and take over with their first frame; both then stand at the same
  // cursor, and what both bring is taken once.
  #scheduleProbe() {
    clearTimeout(this.#timers.probe);
    if (this.#current.index === 0) return this.#probeBackoff.reset();
    this.#timers.probe = setTimeout(() => this.#tryBetter(0), this.#probeBackoff.next());
    return undefined;
  }

  #tryBetter(index) {
    this.#drop(this.#probe);
    this.#probe = null;
    if (!this.#current?.alive) return undefined;
    if (index >= this.#current.index) return this.#scheduleProbe();
    return this.#openBeside(index, () => this.#tryBetter(index + 1));
  }

  #openBeside(index, otherwise) {
    return this.#connect(index, {
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
        this.#leave(connection, outcome);
        if (this.#current?.alive) this.#say(this.#status);
        return otherwise();
      },
    });
  }

  // A stream cannot be told of a new token: before it ends with the old one another takes over.
  #tokenRenewed() {
    const { index, alive } = this.#current ?? {};
    if (alive && !this.#probe && this.#doors[index].keepsToken) this.#openBeside(index, () => {});
  }

  #move(position) {
    if (this.#target.snapshots) return;
    if (!isPosition(position)) return;
    if (isPosition(this.#cursor) && comparePositions(position, this.#cursor) <= 0) return;
    this.#cursor = position;
    this.#on.position?.(position);
  }

  // A reader who asked for what happens from now on stands at the head, whatever door comes next.
  #placeHead(head) {
    this.#head = head;
    if (this.#target.streams && (this.#cursor === undefined || this.#cursor === 'now')) this.#move(head);
  }

  #message(message) {
    if (message.op === 'gap' || message.type === 'gap') {
      if (this.#target.snapshots) return; // the present state follows
      this.#cursor = afterGap(this.#cursor, message);
      this.#on.gap?.(message);
      return;
    }
    if (isControl(message)) {
      if (isPosition(message.head)) this.#placeHead(message.head);
      return;
    }
    if (wasSeen(this.#cursor, message.id, this.#target.snapshots)) return;
    this.#cursor = message.id ?? this.#cursor;
    this.#received++;
    this.#receivedAt = Date.now();
    this.#on.message?.(message);
  }
}
