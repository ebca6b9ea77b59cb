// The assistant console's action socket. Messages sent while there is no connection wait and go out in their order. Where
// no WebSocket passes, actions go by POST and the run's messages come through the other doors.

import { defaults } from './config.js';
import { comparePositions, isPosition } from './cursor.js';
import { doors, Feed } from './feed.js';
import { Live } from './live.js';
import { request } from './rest.js';
import { tokensOf } from './tokens.js';
import { checkedBase } from './urls.js';

const PATH = '/api/workflow/stream';
const SCHEDULE = { firstMs: 1000, maxMs: 30000, tries: 10, settleMs: 0 }; // 1 s doubling, at most 30 s, at most 10 tries
const QUEUE_MAX = 1000;
const FINAL = ['workflow_complete', 'workflow_error'];

const noWebSocket = doors.filter(({ name }) => name !== 'websocket');

/** A tab keeps its name, so that after a reload it gets the run that is under way. */
function clientName() {
  const fresh = `c-${globalThis.crypto?.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
  try {
    const known = sessionStorage.getItem('runspool.client') ?? fresh;
    sessionStorage.setItem('runspool.client', known);
    return known;
  } catch {
    return fresh;
  }
}

/** The site and endpoint of a url like wss://host/below/api/workflow/stream; any other is taken as it is. */
function placeOf({ url, base = defaults.base }) {
  if (!url) return { base: checkedBase(base) };
  const full = new URL(url, globalThis.document?.baseURI);
  const http = new URL(full);
  http.protocol = /^(wss|https):$/.test(full.protocol) ? 'https:' : 'http:';
  full.protocol = http.protocol === 'https:' ? 'wss:' : 'ws:';
  const ours = http.pathname.match(/^(.*?\/)(?:ws\/)?api\/workflow\/stream$/);
  if (!ours) return { base: new URL('/', http).href, url: full.href };
  return { base: new URL(ours[1], http).href };
}

export class AssistantClient {
  #options;
  #place;
  #tokens;
  #name = clientName();
  #feed = null;
  #runs = new Set(); // Lives of runs that were started by POST
  #queue = [];
  #cursor;
  #posting = false;
  #byHttp = false;
  #status = 'disconnected';

  /** options: {url, base, token, WebSocket, fetch, onEvent, onConnect, onDisconnect, onError, onStatus}, all optional. */
  constructor(options = {}) {
    this.#options = options;
    this.#place = placeOf(options);
    this.#tokens = tokensOf(options.token ?? defaults.token);
  }

  /** 'connecting', 'connected', 'disconnected' or 'error' */
  get status() {
    return this.#status;
  }

  connect() {
    if (this.#feed) return;
    const { WebSocket = defaults.WebSocket, fetch = defaults.fetch } = this.#options;
    const query = this.#place.url ? undefined : { client: this.#name };
    this.#say('connecting');
    this.#feed = new Feed({
      target: { ...this.#place, path: PATH, query, WebSocket, fetch },
      tokens: this.#tokens,
      doors: [doors[0]],
      since: this.#cursor,
      schedule: SCHEDULE,
      on: {
        message: (message) => this.#message(message),
        status: (status) => this.#heard(status),
        connected: () => this.#flush(),
      },
    });
  }

  disconnect() {
    const feed = this.#feed;
    this.#feed = null;
    this.#byHttp = false;
    feed?.close();
    for (const run of this.#runs) run.close();
    this.#runs.clear();
    this.#say('disconnected');
  }

  /** A message as it is: now, or when there is a connection. False: too many wait. */
  sendMessage(message) {
    if (!this.#queue.length && this.#feed?.send(message)) return true;
    if (this.#queue.length >= QUEUE_MAX) return false;
    this.#queue.push(message);
    if (this.#byHttp) this.#post();
    return true;
  }

  executeWorkflow(input, model, more = {}) {
    return this.sendMessage({ action: 'execute_workflow', input, ...(model ? { model } : {}), ...more });
  }

  cancelWorkflow() {
    return this.sendMessage({ action: 'cancel_workflow' });
  }

  #flush() {
    this.#byHttp = false;
    while (!this.#posting && this.#queue.length && this.#feed?.send(this.#queue[0])) this.#queue.shift();
  }

  #message(message) {
    if (isPosition(message.id)) {
      if (isPosition(this.#cursor) && comparePositions(message.id, this.#cursor) <= 0) return;
      this.#cursor = message.id;
    }
    this.#options.onEvent?.(message);
  }

  #say(status, error) {
    if (status === this.#status) return;
    const was = this.#status;
    this.#status = status;
    this.#options.onStatus?.(status);
    if (status === 'connected') this.#options.onConnect?.();
    else if (was === 'connected') this.#options.onDisconnect?.();
    if (status === 'error') this.#options.onError?.(error);
  }

  #heard({ state }) {
    switch (state) {
      case 'live':
      case 'catching-up':
        return this.#say('connected');
      case 'reconnecting':
        return this.#tryHttp(() => this.#say('connecting'));
      case 'denied':
        return this.#fail(new Error('The token is missing or does not allow this'));
      case 'failed':
      case 'missing':
        return this.#tryHttp(() => this.#fail(new Error('The connection was lost and could not be made again')));
      default:
        return undefined;
    }
  }

  #fail(error) {
    this.#feed = null; // connect() begins again
    this.#say('error', error);
  }

  // No WebSocket for a while. Is it only that which does not pass?
  async #tryHttp(otherwise) {
    const feed = this.#feed;
    if (!this.#byHttp && !this.#place.url) {
      const about = await this.#request('GET', 'api').catch(() => null);
      if (feed !== this.#feed) return;
      this.#byHttp = Array.isArray(about?.routes);
    }
    if (!this.#byHttp) return otherwise();
    this.#say('connected');
    await this.#post();
  }

  #request(method, path, options = {}) {
    const { token, fetch } = this.#options;
    return request(method, path, { base: this.#place.base, token, fetch, ...options });
  }

  async #post() {
    if (this.#posting) return;
    this.#posting = true;
    while (this.#byHttp && this.#queue.length) {
      const [body] = this.#queue;
      try {
        const { runId } = await this.#request('POST', 'api/workflow/actions', { body, query: { client: this.#name } });
        if (body.action === 'execute_workflow') this.#followRun(runId);
      } catch (error) {
        // Not arrived: it waits for the socket. Refused: that is the answer.
        if (error.status === 0 || error.status >= 500) break;
        const data = { code: error.status === 409 ? 'busy' : 'refused' };
        this.#message({ event: 'error', step: null, node: null, message: error.message, latency: null, data });
      }
      this.#queue.shift();
    }
    this.#posting = false;
    this.#flushIfBack();
  }

  #flushIfBack() {
    if (!this.#byHttp) this.#flush();
  }

  #followRun(runId) {
    const { token, fetch } = this.#options;
    const run = new Live({
      base: this.#place.base,
      token,
      fetch,
      doors: noWebSocket,
      path: PATH,
      query: { runId },
      onMessage: (message) => {
        this.#message(message);
        if (!FINAL.includes(message.event)) return;
        this.#runs.delete(run);
        run.close();
      },
    });
    this.#runs.add(run);
  }
}
