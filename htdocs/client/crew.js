// What the crew monitor uses: a run's agents and tasks, the signals of the crews, and the calls of tools.

import { Live } from './live.js';

const RUN = { firstMs: 2000, factor: 1, tries: 3, settleMs: 0 }; // 3 attempts, 2 s apart
const MISSION = { firstMs: 1000, maxMs: 30000, settleMs: 0 }; // for ever
const GRAPH = { tries: 0 }; // by hand: connect() again
const HEARTBEAT_MS = 45000;
const HEARTBEATS_MISSED = 2.5;

class CrewSocket {
  endless = true; // a server that closes as if all had been said is one that restarts
  #live = null;
  #listeners = new Set();
  #path;
  #schedule;
  #options;

  constructor(path, schedule, options) {
    this.#path = path;
    this.#schedule = schedule;
    this.#options = options;
  }

  get isConnected() {
    return ['live', 'catching-up'].includes(this.#live?.status.state);
  }

  /** fn(message) for every message from now on, until the returned function is called. */
  subscribe(fn) {
    const listener = (message) => fn(message);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  connect() {
    if (this.#live) return;
    this.#live = new Live({
      schedule: this.#schedule,
      ...this.#options,
      path: this.#path,
      endless: this.endless,
      onMessage: (message) => this.heard(message),
      onStatus: (status) => {
        this.#options.onStatus?.(status);
        if (['ended', 'denied', 'failed', 'missing'].includes(status.state)) this.disconnect();
      },
    });
  }

  disconnect() {
    const live = this.#live;
    this.#live = null;
    live?.close();
  }

  heard(message) {
    for (const listener of [...this.#listeners]) listener(message);
  }
}

/** options, of all three: base, token, onStatus(status). */
export class RunWebSocket extends CrewSocket {
  endless = false;

  constructor(runId, options = {}) {
    super(`/runs/${encodeURIComponent(runId)}`, RUN, options);
  }

  heard(message) {
    super.heard(message);
    if (message.type === 'done') this.disconnect();
  }
}

export class MissionWebSocket extends CrewSocket {
  #timer = null;

  constructor(token, options = {}) {
    super('/mission', MISSION, token ? { ...options, token } : options);
  }

  /** Time of the last sign of life, ms since the epoch; null before the first. */
  lastHeartbeat = null;

  heard(message) {
    this.lastHeartbeat = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#restart(), HEARTBEAT_MS * HEARTBEATS_MISSED);
    super.heard(message);
  }

  // Connected, and yet no heartbeat: something between us and the server is holding the line open.
  #restart() {
    if (!this.isConnected) return;
    this.disconnect();
    this.connect();
  }

  disconnect() {
    clearTimeout(this.#timer);
    super.disconnect();
  }
}

/** crewId null: all crews of the caller. */
export class GraphWebSocket extends CrewSocket {
  constructor(crewId, token, options = {}) {
    super(crewId ? `/graph/${encodeURIComponent(crewId)}` : '/graph', GRAPH, token ? { ...options, token } : options);
  }
}
