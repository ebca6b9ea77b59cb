// A subscription: what a page or a program holds. Behind it is a feed that it shares with all who follow the same, in this
// page and, where the browser can, in all tabs; its own cursor sees to it that it gets each message once, whatever
// feed it is moved to.

import { defaults } from './config.js';
import { afterGap, comparePositions, isPosition, wasSeen } from './cursor.js';
import { doors as allDoors } from './feed.js';
import { Hub } from './hub.js';
import { canShare, Tabs } from './tabs.js';
import { claims, tokensOf } from './tokens.js';
import { checkedBase } from './urls.js';

const DELAYS_MAX = 50;

const sites = []; // {env, given, hub, tabs}

const open = new Set();
const watchers = new Set();

/** The subscriptions of this page that are not closed. */
export const openLives = () => [...open];

/** changed() at each change of their number or of a status, until the returned function is called. */
export function watchLives(changed) {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

const tellWatchers = () => {
  for (const changed of watchers) changed();
};

/** Tabs share for one site and one identity. */
function identity(token) {
  if (!token) return '';
  const { org, sub, scope, crews } = claims(token);
  return sub ? JSON.stringify([org, sub, scope, crews]) : [...token].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 9007199254740881, 7);
}

/** The hub, and by promise the tabs, of all subscriptions with the same surroundings. */
function siteOf(env) {
  const known = sites.find(({ given }) => Object.keys(env).every((name) => given[name] === env[name]));
  if (known) return known;
  const { base, token, doors, WebSocket, fetch } = env;
  const tokens = tokensOf(token);
  const site = { given: env, hub: new Hub({ tokens, doors, WebSocket, fetch }), tabs: null };
  const usual = doors === allDoors && WebSocket === undefined && fetch === defaults.fetch;
  if (usual && canShare()) {
    const open = (value) => (site.tabs = new Tabs(`${base} ${identity(value)}`, site.hub));
    const value = tokens.current();
    site.opening = value instanceof Promise ? value.then(open, () => null) : Promise.resolve(open(value));
  }
  sites.push(site);
  return site;
}

export class Live {
  #options;
  #snapshots;
  #cursor;
  #source = null;
  #closed = false;
  #status = { state: 'connecting', door: null, changedAt: Date.now() };
  #delays = [];

  /**
   * options: { streams } for the native endpoint or { path } for another ("/workflows/r_1"); since, base, token, doors,
   * onMessage(message), onGap(gap), onStatus(status), and more: see index.d.ts.
   */
  constructor(options) {
    const { base = defaults.base, token = defaults.token, doors = allDoors, fetch = defaults.fetch, shared = true } = options;
    const { path, query, streams, schedule, connectMs, since, snapshots, endless, WebSocket = defaults.WebSocket } = options;
    const spec = { base: checkedBase(base), path, query, streams, schedule, connectMs, since, snapshots, endless };
    this.#options = options;
    this.#snapshots = snapshots;
    this.#cursor = since;
    open.add(this);
    tellWatchers();
    const site = siteOf({ base: spec.base, token, doors, WebSocket, fetch });
    const listener = (kind, value) => this.#closed || this.#item[kind](value);
    const attach = (tabs) => {
      if (this.#closed) return;
      this.#source = tabs ? tabs.attach(spec, listener, () => this.#cursor) : site.hub.attach(spec, listener);
    };
    if (!shared) this.#source = new Hub(site.hub.env).attach(spec, listener);
    else if (site.opening && !site.tabs) site.opening.then(attach);
    else attach(site.tabs);
  }

  get cursor() {
    return this.#cursor;
  }

  get status() {
    return this.#status;
  }

  /** Of the last messages that came live: our clock minus the time that they say, in ms. */
  get delays() {
    return this.#delays;
  }

  /** Do not wait for the next try. */
  hurry() {
    this.#source?.hurry();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#source?.close();
    this.#status = { state: 'closed', door: null, changedAt: Date.now() };
    open.delete(this);
    tellWatchers();
    this.#options.onStatus?.(this.#status);
  }

  // What was said before the connection was live is history.
  #measure({ time, timestamp }) {
    const { state, changedAt } = this.#status;
    const at = state === 'live' ? Date.parse(time ?? timestamp) : 0;
    if (!(at >= changedAt)) return;
    this.#delays.push(Date.now() - at);
    if (this.#delays.length > DELAYS_MAX) this.#delays.shift();
  }

  #item = {
    message: (message) => {
      if (wasSeen(this.#cursor, message.id, this.#snapshots)) return;
      this.#measure(message);
      this.#cursor = message.id ?? this.#cursor;
      this.#options.onMessage?.(message);
    },
    gap: (gap) => {
      this.#cursor = afterGap(this.#cursor, gap);
      this.#options.onGap?.(gap);
    },
    position: (id) => {
      if (!isPosition(this.#cursor) || comparePositions(id, this.#cursor) > 0) this.#cursor = id;
    },
    status: (status) => {
      if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
      this.#status = status;
      tellWatchers();
      this.#options.onStatus?.(status);
    },
  };
}
