// All who follow the same endpoint in one page share one feed. What it has brought is kept, as far as KEPT_MAX, for those
// who join later; who would miss something by joining gets a feed of its own.
//
// An item is [kind, value]: ['message', m], ['gap', g], ['position', id] or ['status', s].

import { comparePositions, isPosition } from './cursor.js';
import { Feed, isOver } from './feed.js';

const KEPT_MAX = 2000;

export class SharedFeed {
  #feed;
  #listeners = new Set();
  #kept = [];
  #from; // everything after this position is in #kept; null: not known
  #whole = true; // #kept reaches back to the feed's beginning
  #since;
  #snapshots;
  #over;

  constructor(spec, env, over) {
    const { base, path, query, streams, snapshots, endless, since, schedule, connectMs } = spec;
    this.#since = since ?? (streams ? 'now' : undefined);
    this.#from = isPosition(since) ? since : since === 'start' ? '0' : null;
    this.#snapshots = snapshots;
    this.#over = over;
    const item = (kind) => (value) => this.#item(kind, value);
    this.#feed = new Feed({
      target: { base, path, query, streams, snapshots, endless, WebSocket: env.WebSocket, fetch: env.fetch },
      tokens: env.tokens,
      doors: env.doors,
      since,
      schedule,
      connectMs,
      on: { message: item('message'), gap: item('gap'), position: item('position'), status: item('status') },
    });
  }

  /** Would a reader who stands at `since` miss nothing here? */
  covers(since) {
    if (this.#snapshots) return since === undefined || this.#kept.length > 0;
    if (since === this.#since && this.#whole && since !== 'now') return true;
    if (since === 'now') return this.#feed.status.state === 'live';
    return isPosition(since) && this.#from !== null && comparePositions(since, this.#from) >= 0;
  }

  /** listener(kind, value) gets what is kept after `since`, the position and the status, then what comes. */
  add(listener, since) {
    const one = { listener, late: this.#replay(since) };
    this.#listeners.add(one);
    // What comes before these are handed over waits behind them.
    queueMicrotask(() => {
      const items = one.late;
      one.late = null;
      for (const item of items) if (this.#listeners.has(one)) listener(...item);
    });
    return () => {
      this.#listeners.delete(one);
      if (!this.#listeners.size) this.close();
    };
  }

  hurry() {
    this.#feed.hurry();
  }

  close() {
    this.#over(this);
    this.#feed.close();
  }

  #replay(since) {
    const after = ([kind, value]) => {
      if (this.#snapshots) return value.id === undefined || value.id !== since;
      if (since === 'now') return false;
      const id = kind === 'gap' ? value.last : value.id;
      return !isPosition(since) || !isPosition(id) || comparePositions(id, since) > 0;
    };
    const { cursor, status } = this.#feed;
    const where = isPosition(cursor) && !this.#snapshots ? [['position', cursor]] : [];
    return [...this.#kept.filter(after), ...where, ['status', status]];
  }

  #keep(item) {
    if (this.#snapshots) this.#kept = [];
    this.#kept.push(item);
    if (this.#kept.length <= KEPT_MAX) return;
    this.#whole = false;
    const gone = this.#kept.splice(0, KEPT_MAX / 2);
    this.#from = gone.findLast(([kind, { id }]) => kind === 'message' && isPosition(id))?.[1].id ?? this.#from;
  }

  #item(kind, value) {
    if (kind === 'message' || kind === 'gap') this.#keep([kind, value]);
    // The first known place of one who began at "now" or with an opening state: nothing after it is missing.
    const place = kind === 'position' ? value : kind === 'message' ? value.id : null;
    if (this.#from === null && isPosition(place)) this.#from = place;
    if (kind === 'status' && isOver(value)) this.#over(this);
    for (const { listener, late } of [...this.#listeners]) {
      if (late) late.push([kind, value]);
      else listener(kind, value);
    }
  }
}

export class Hub {
  #feeds = new Map(); // key -> Set of SharedFeed
  constructor(env) {
    this.env = env;
  }

  /** The feed to listen to for `spec`, a new one if no other has what is wanted. It must be listened to at once. */
  feed(spec) {
    const { path, query, streams, schedule, connectMs, since } = spec;
    const key = JSON.stringify([path, query, streams && [...streams].sort(), schedule, connectMs]);
    const same = this.#feeds.get(key) ?? new Set();
    this.#feeds.set(key, same);
    for (const feed of same) if (feed.covers(since)) return feed;
    const feed = new SharedFeed(spec, this.env, () => {
      same.delete(feed);
      if (!same.size && this.#feeds.get(key) === same) this.#feeds.delete(key);
    });
    same.add(feed);
    return feed;
  }

  /** {close(), hurry()} */
  attach(spec, listener) {
    const feed = this.feed(spec);
    const close = feed.add(listener, spec.since);
    return { close, hurry: () => feed.hurry() };
  }
}
