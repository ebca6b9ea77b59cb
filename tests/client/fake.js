// A network and a clock of our own, for tests of the client that must count tries and measure delays: nothing waits.

import { mock } from 'node:test';

let worlds = 0;
const START = Date.UTC(2026, 10, 21, 12);

/** A world in which time passes only by pass(ms), and every connection goes to `net`. */
export class World {
  sockets = []; // every WebSocket opened: {url, protocols, at, sent, ...}
  requests = []; // every request: {url, method, at, headers, body}
  /** What a new socket does; tests replace it. By default it is refused. */
  onSocket = (socket) => socket.refuse();
  /** What a request gets: a Response, or throw. By default there is nobody. */
  onRequest = () => {
    throw new TypeError('fetch failed');
  };

  n = ++worlds; // a host of its own: what the client remembers of another does not matter here

  constructor({ jitter = 0 } = {}) {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: START });
    mock.method(Math, 'random', () => jitter);
    const world = this;
    this.WebSocket = class {
      readyState = 0;
      sent = [];
      closedWith = null;

      constructor(url, protocols = []) {
        Object.assign(this, { url: new URL(url), protocols, at: world.now });
        world.sockets.push(this);
        setImmediate(() => this.readyState === 0 && world.onSocket(this, world.sockets.length));
      }

      send(text) {
        this.sent.push(JSON.parse(text));
        this.onSent?.(JSON.parse(text));
      }

      close() {
        this.readyState = 3;
      }

      // What the server does:
      accept() {
        this.readyState = 1;
        this.onopen?.({});
      }

      say(message) {
        if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(message) });
      }

      end(code) {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this.onclose?.({ code });
      }

      refuse() {
        this.onerror?.({});
        this.end(1006);
      }
    };
    this.fetch = async (url, { method = 'GET', headers = {}, body, signal } = {}) => {
      const request = { url: new URL(url), method, headers, body: body && JSON.parse(body), at: this.now };
      this.requests.push(request);
      const stopped = new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError'))));
      stopped.catch(() => {});
      return Promise.race([this.onRequest(request), stopped]);
    };
  }

  get options() {
    return { base: `http://runspool${this.n}.test/below/`, WebSocket: this.WebSocket, fetch: this.fetch };
  }

  /** Milliseconds since the world began. */
  get now() {
    return Date.now() - START;
  }

  /** What was asked for while time stood still is carried out. */
  async settle() {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  async pass(ms) {
    await this.settle();
    for (let left = ms; left > 0; left -= 50) {
      mock.timers.tick(Math.min(50, left));
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.settle();
  }

  /** Time passes until the condition holds, at most so long. */
  async until(condition, atMostMs = 60000) {
    for (let waited = 0; waited <= atMostMs; waited += 50) {
      if (condition()) return;
      await this.pass(50);
    }
    throw new Error(`not so after ${atMostMs} ms: ${condition}`);
  }

  end() {
    mock.timers.reset();
    mock.restoreAll();
  }
}

export const json = (body, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' } });

/** Milliseconds between one and the next. */
export const delays = (list) => list.slice(1).map(({ at }, i) => at - list[i].at);

/** A token with these claims; nobody checks its signature. */
export const token = (claims) => ['{"alg":"none"}', JSON.stringify(claims), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
