// Waiting times between tries, with 0 to 25 % jitter on top so that clients that lost the same server do not come back
// in the same instant.

export class Backoff {
  #n = 0;

  /** Doubling (`factor`) up to a ceiling, or growing by `firstMs` each time (`linear`); at most `tries` of them. */
  constructor({ firstMs = 500, maxMs = 30000, factor = 2, linear = false, tries = Infinity, random = Math.random } = {}) {
    Object.assign(this, { firstMs, maxMs, factor, linear, tries, random });
  }

  /** Tries since the last reset. */
  get made() {
    return this.#n;
  }

  /** Milliseconds to the next try, or null when there is none left. */
  next() {
    if (this.#n >= this.tries) return null;
    const n = this.#n++;
    const delay = Math.min(this.maxMs, this.linear ? this.firstMs * (n + 1) : this.firstMs * this.factor ** n);
    return Math.round(delay * (1 + this.random() / 4));
  }

  reset() {
    this.#n = 0;
  }
}
