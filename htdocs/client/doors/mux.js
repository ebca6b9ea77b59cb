// The native endpoint's socket, shared by all subscriptions of this page whose events can be told apart by their home
// stream. A subscription to another view (workflow:X, crew:X, ...) has a socket of its own: which events belong to it only
// the server knows.

import { socketUrl } from '../urls.js';
import { openSocket } from './socket.js';

const STREAMS_MAX = 1000; // of one connection, as the server allows
const LINGER_MS = 1000; // a page that goes from one run to the next keeps its socket
const HOMES = /^(run|adw):/;
const VIEWS = { runs: 'run:', workflows: 'run:', history: 'run:', adws: 'adw:' };
const WORDS = new Set(['queue', 'system', 'webhooks', 'routes', ...Object.keys(VIEWS)]);

const separable = (stream) => HOMES.test(stream) || WORDS.has(stream);

/** Does an event of the home stream `home` show in the subscription `stream`? Both separable. */
function shows(stream, home) {
  const prefix = VIEWS[stream] ?? (stream.endsWith(':*') ? stream.slice(0, -1) : null);
  return stream === home || (prefix !== null && home.startsWith(prefix));
}

class Mux {
  #attached = new Set();
  #waiting = []; // subscriptions not yet asked for: one at a time, so that an answer tells whose it is
  #asked = null;
  #ready = false;
  #socket;
  #linger;

  constructor({ base, token, tokens, WebSocket }, shared, over) {
    Object.assign(this, { base, tokens, WebSocket, shared, over });
    this.#socket = openSocket(
      {
        url: socketUrl(base, 'ws'),
        protocols: (value) => ['runspool.v1', ...(value ? ['token', value] : [])],
        token,
        tokens,
        WebSocket,
        ping: { op: 'ping' },
        auth: (renewed) => ({ op: 'auth', token: renewed, ref: 'auth' }),
      },
      { opened() {}, message: (frame) => [frame].flat().forEach((one) => this.#message(one)), closed: (outcome) => this.#closed(outcome) },
    );
  }

  get #streams() {
    return new Set([...this.#attached].flatMap(({ streams }) => streams));
  }

  hasRoom(streams) {
    return new Set([...this.#streams, ...streams]).size <= STREAMS_MAX;
  }

  attach({ streams, since }, on) {
    const one = { streams, since, on, active: false };
    clearTimeout(this.#linger);
    this.#attached.add(one);
    this.#waiting.push(one);
    if (this.#ready) this.#next();
    return { close: () => this.#detach(one) };
  }

  #detach(one) {
    if (!this.#attached.delete(one)) return undefined;
    const asked = !this.#waiting.includes(one);
    this.#waiting = this.#waiting.filter((other) => other !== one);
    const used = this.#streams;
    const unused = one.streams.filter((stream) => !used.has(stream));
    if (!this.#attached.size) {
      if (!this.shared || !globalThis.document) return this.#end();
      this.#linger = setTimeout(() => this.#end(), LINGER_MS);
    }
    return asked && unused.length && this.#socket.send({ op: 'unsubscribe', streams: unused });
  }

  #end() {
    this.#socket.close();
    this.over(this);
  }

  #next() {
    if (this.#asked || !this.#waiting.length) return;
    const { streams, since } = (this.#asked = this.#waiting.shift());
    // Several events in a frame: a browser spends more on a frame than on an event in it.
    this.#socket.send({ op: 'subscribe', streams, since: since ?? 'now', batch: true });
  }

  #refuse(one, outcome) {
    this.#detach(one);
    one.on.closed(outcome);
  }

  #message(message) {
    const all = [...this.#attached];
    for (const { on } of all) on.frame();
    switch (message.op) {
      case 'hello':
        this.#ready = true;
        for (const one of all) {
          // "now" is what the hello says: by the time the subscription arrives there, more may have happened.
          if (one.since === undefined || one.since === 'now') one.since = message.head;
          one.on.message(message);
        }
        return this.#next();
      case 'subscribed': {
        const one = this.#asked;
        this.#asked = null;
        if (one && this.#attached.has(one)) {
          one.active = true;
          one.on.message(message);
        }
        return this.#next();
      }
      case 'error': {
        const one = this.#asked;
        if (message.ref !== undefined || !one) return undefined;
        this.#asked = null;
        if (this.#attached.has(one)) this.#refuse(one, { kind: message.code === 'forbidden' ? 'forbidden' : 'unusable' });
        return this.#next();
      }
      case undefined:
      case 'gap':
        for (const one of all) if (one.active && this.#concerns(one, message.stream)) one.on.message(message);
        return undefined;
      default:
        return undefined;
    }
  }

  #concerns({ streams }, home) {
    return !this.shared || streams.some((stream) => shows(stream, home));
  }

  #closed({ kind, retryMs }) {
    clearTimeout(this.#linger);
    this.over(this);
    const all = [...this.#attached];
    this.#attached.clear();
    // One that may not be followed must not end the others; and streams of the log have no end.
    const guilty = kind === 'forbidden' && all.length > 1 ? this.#asked : null;
    const cut = kind === 'ended';
    for (const one of all) one.on.closed({ kind: cut || (guilty && one !== guilty) ? 'cut' : kind, retryMs });
  }
}

const open = new Set();

export function attach(target, on) {
  const shared = target.streams.every(separable);
  const fits = (one) => ['base', 'tokens', 'WebSocket'].every((name) => one[name] === target[name]);
  let mux = shared && [...open].find((one) => fits(one) && one.hasRoom(target.streams));
  if (!mux) {
    mux = new Mux(target, shared, (over) => open.delete(over));
    if (shared) open.add(mux);
  }
  return mux.attach(target, on);
}
