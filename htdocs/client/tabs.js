// One connection for all tabs of a site: the tab that holds a lock (Web Locks) opens the feeds for all, and hands on by
// a BroadcastChannel what they bring. When it closes, the lock goes to another tab, and each subscription goes on there
// from its own cursor. A leader that does not answer is treated like a mute door: each tab helps itself.
//
// Messages, all with `from`, the id of a tab:
//   follower: open {handle, spec}, close {handle}, hurry {handle}, ask
//   leader:   leader, opened {handle, feed, items}, item {feed, kind, value}, here {to}

const ANSWER_MS = 2000;
const ASK_MS = 20000;

export const canShare = () =>
  Boolean(globalThis.document && globalThis.BroadcastChannel && globalThis.navigator?.locks);

export class Tabs {
  #name;
  #hub;
  #channel;
  #id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  #leading = false;
  #elected = null; // promise: it is known whether this tab leads
  #handles = new Map(); // id -> {spec, listener, cursor, feed, local, timer}
  #count = 0;
  #remote = new Map(); // leader: handle id -> {tab, close}
  #published = new Map(); // leader: SharedFeed -> {id, n, close}
  #askTimer = null;

  /** name: of the site and the identity; tabs with the same name share. */
  constructor(name, hub) {
    this.#name = `runspool ${name}`;
    this.#hub = hub;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#heard(data);
  }

  /** Like Hub.attach; cursor() tells where the subscription stands, for when it has to be moved. */
  attach(spec, listener, cursor) {
    const id = `${this.#id}.${++this.#count}`;
    const handle = { id, spec, listener, cursor, feed: null, local: null, timer: null };
    this.#handles.set(id, handle);
    this.#place(handle);
    return {
      close: () => {
        this.#handles.delete(id);
        this.#leave(handle);
        if (!this.#leading) this.#post({ op: 'close', handle: id });
      },
      hurry: () => (handle.local ? handle.local.hurry() : this.#post({ op: 'hurry', handle: id })),
    };
  }

  #post(message) {
    this.#channel.postMessage({ ...message, from: this.#id });
  }

  #leave(handle) {
    clearTimeout(handle.timer);
    handle.local?.close();
    handle.local = handle.feed = null;
  }

  // The leader's tab, and one whose leader is mute, use their own feeds.
  #placeHere(handle) {
    this.#leave(handle);
    handle.local = this.#hub.attach({ ...handle.spec, since: handle.cursor() }, handle.listener);
  }

  async #place(handle) {
    clearTimeout(handle.timer);
    handle.timer = setTimeout(() => this.#placeHere(handle), ANSWER_MS);
    this.#elected ??= this.#elect();
    await this.#elected;
    if (!this.#handles.has(handle.id)) return;
    if (this.#leading) this.#placeHere(handle);
    else this.#post({ op: 'open', handle: handle.id, spec: { ...handle.spec, since: handle.cursor() } });
  }

  // Each tab holds a lock of its own, so that the leader sees it go, and waits for the leader's.
  #elect() {
    const { locks } = navigator;
    const forEver = new Promise(() => {});
    return new Promise((decided) => {
      locks.request(`${this.#name} ${this.#id}`, () => {
        locks.request(this.#name, { ifAvailable: true }, (lock) => {
          if (lock) {
            this.#lead();
            decided();
            return forEver;
          }
          locks.request(this.#name, () => {
            this.#lead();
            return forEver;
          });
          this.#askTimer = setInterval(() => this.#ask(), ASK_MS);
          decided();
          return undefined;
        });
        return forEver;
      });
    });
  }

  #lead() {
    this.#leading = true;
    clearInterval(this.#askTimer);
    this.#post({ op: 'leader' });
    for (const handle of this.#handles.values()) if (!handle.local) this.#placeHere(handle);
  }

  // Is the leader still there? A tab that is held in the debugger keeps its lock.
  #ask() {
    const followed = [...this.#handles.values()].filter(({ feed }) => feed);
    if (!followed.length) return;
    for (const handle of followed) {
      clearTimeout(handle.timer);
      handle.timer = setTimeout(() => this.#placeHere(handle), ANSWER_MS);
    }
    this.#post({ op: 'ask' });
  }

  #heard({ op, ...message }) {
    const as = this.#leading ? this.#asLeader : this.#asFollower;
    as[op]?.(message);
  }

  #asFollower = {
    leader: () => {
      for (const handle of this.#handles.values()) {
        handle.feed = null;
        this.#place(handle);
      }
    },
    opened: ({ handle: id, feed, items }) => {
      const handle = this.#handles.get(id);
      if (!handle) return;
      this.#leave(handle);
      handle.feed = feed;
      for (const item of items) this.#give(handle, ...item);
    },
    item: ({ feed, kind, value }) => {
      for (const handle of this.#handles.values()) if (handle.feed === feed) this.#give(handle, kind, value);
    },
    here: ({ to }) => {
      if (to !== this.#id) return;
      for (const handle of this.#handles.values()) if (handle.feed) clearTimeout(handle.timer);
    },
  };

  #give(handle, kind, value) {
    // What the leader may not follow this tab perhaps may.
    if (kind === 'status' && value.state === 'denied') return this.#placeHere(handle);
    // Timers of a hidden leader are slow; messages are not.
    if (kind === 'status' && value.state === 'reconnecting' && !document.hidden)
      setTimeout(() => this.#post({ op: 'hurry', handle: handle.id }), value.retryAt - Date.now());
    return handle.listener(kind, value);
  }

  #asLeader = {
    ask: ({ from }) => this.#post({ op: 'here', to: from }),
    open: ({ from, handle, spec }) => {
      this.#asLeader.close({ handle });
      const feed = this.#hub.feed(spec);
      const published = this.#published.get(feed) ?? this.#publish(feed);
      published.n++;
      let begun = false;
      const items = [];
      // Listening for a moment gives what is kept; from then on the published items follow it.
      const stop = feed.add((kind, value) => begun || items.push([kind, value]), spec.since);
      this.#remote.set(handle, {
        tab: from,
        hurry: () => feed.hurry(),
        close: () => {
          stop();
          if (--published.n === 0) {
            this.#published.delete(feed);
            published.close();
          }
        },
      });
      queueMicrotask(() => {
        begun = true;
        this.#post({ op: 'opened', handle, feed: published.id, items });
      });
      this.#watch(from);
    },
    close: ({ handle }) => {
      const one = this.#remote.get(handle);
      this.#remote.delete(handle);
      one?.close();
    },
    hurry: ({ handle }) => this.#remote.get(handle)?.hurry(),
  };

  #publish(feed) {
    const id = `${this.#id}:${++this.#count}`;
    const published = { id, n: 0, close: feed.add((kind, value) => this.#post({ op: 'item', feed: id, kind, value }), 'now') };
    this.#published.set(feed, published);
    return published;
  }

  #watched = new Set();

  #watch(tab) {
    if (this.#watched.has(tab)) return;
    this.#watched.add(tab);
    navigator.locks.request(`${this.#name} ${tab}`, () => {
      this.#watched.delete(tab);
      for (const [handle, one] of [...this.#remote]) if (one.tab === tab) this.#asLeader.close({ handle });
    });
  }
}
