// An event log in memory: ids, seq per stream, waiting readers.

export class Log {
  events = [];
  #seq = new Map();
  #waiting = new Set();
  #next = 1;

  append(stream, type, data = {}, time = new Date().toISOString()) {
    const seq = (this.#seq.get(stream) ?? 0) + 1;
    this.#seq.set(stream, seq);
    const event = { id: String(this.#next++), stream, seq, type, time, org: 'default', data };
    this.events.push(event);
    for (const wake of this.#waiting) wake();
    return event;
  }

  get head() {
    return String(this.#next - 1);
  }

  /** Events of these streams after `since`. */
  after(streams, since) {
    const from = Number(since);
    return this.events.slice(this.#indexAfter(from)).filter((event) => streams.includes(event.stream));
  }

  #indexAfter(id) {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.events[middle].id) <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Skip ids, as a log does that another run has written to. */
  skip(n) {
    this.#next += n;
  }

  /** wake() is called after each append until the returned function is. */
  watch(wake) {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }
}
