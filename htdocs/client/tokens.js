// Tokens: a text that stays, or a function (it may be async) that is asked for one, again before it expires, and again
// when the server no longer takes it.

const EARLY_MS = 60000; // a new token is asked for so long before the old one ends, ...
const EARLY_SHARE = 0.2; // ... or when this part of its life is left, when that is shorter
const AGAIN_MS = 5000; // after the function failed
const TIMER_MAX_MS = 0x7fffffff;

/** The claims of a JWT, unchecked: for times and names only. {} for anything else. */
export function claims(token) {
  try {
    const text = atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))) ?? {};
  } catch {
    return {};
  }
}

export class Tokens {
  #given;
  #value;
  #asking = null;
  #watchers = new Set();
  #timer = null;
  #renewAt = Infinity;

  constructor(given) {
    this.#given = given;
    if (typeof given !== 'function') this.#take(given);
  }

  get renewable() {
    return typeof this.#given === 'function';
  }

  /** The token, undefined when there is none, or a promise of it. */
  current() {
    const stale = this.#value === undefined || Date.now() >= this.#renewAt;
    return this.renewable && stale ? this.renew() : this.#value;
  }

  /** Ask for a new one; those who ask meanwhile get the same answer. */
  renew() {
    if (!this.renewable) return Promise.resolve(this.#value);
    this.#asking ??= Promise.resolve()
      .then(() => this.#given())
      .then((token) => this.#take(token))
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** renewed(token) is called with each new token, in time, until the returned function is. */
  watch(renewed) {
    this.#watchers.add(renewed);
    this.#plan();
    return () => {
      this.#watchers.delete(renewed);
      if (!this.#watchers.size) clearTimeout(this.#timer);
    };
  }

  #take(token) {
    const changed = token !== this.#value;
    this.#value = token;
    const endsAt = (claims(token).exp ?? Infinity) * 1000;
    const life = endsAt - Date.now();
    this.#renewAt = endsAt - Math.min(EARLY_MS, life * EARLY_SHARE);
    this.#plan();
    if (changed) for (const renewed of [...this.#watchers]) renewed(token);
    return token;
  }

  #plan(atLeastMs = 0) {
    clearTimeout(this.#timer);
    if (!this.renewable || !this.#watchers.size || this.#renewAt === Infinity) return;
    const delay = Math.max(this.#renewAt - Date.now(), atLeastMs);
    this.#timer = setTimeout(() => {
      if (Date.now() < this.#renewAt) return this.#plan();
      this.renew().catch(() => this.#plan(AGAIN_MS));
    }, Math.min(delay, TIMER_MAX_MS));
  }
}

const byFunction = new WeakMap();

/** One Tokens for one function, so that all who use it share its answers. */
export function tokensOf(given) {
  if (typeof given !== 'function') return new Tokens(given);
  if (!byFunction.has(given)) byFunction.set(given, new Tokens(given));
  return byFunction.get(given);
}
