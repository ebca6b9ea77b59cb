// Waiting times between tries: doubling up to a ceiling, with 0 to 25 % jitter on top so that clients that lost the
// same server do not come back in the same instant.

export class Backoff {
  #n = 0;

  constructor({ firstMs = 500, maxMs = 30000, factor = 2, random = Math.random } = {}) {
    Object.assign(this, { firstMs, maxMs, factor, random });
  }

  next() {
    const delay = Math.min(this.maxMs, this.firstMs * this.factor ** this.#n);
    if (delay < this.maxMs) this.#n++;
    return Math.round(delay * (1 + this.random() / 4));
  }

  reset() {
    this.#n = 0;
  }
}
