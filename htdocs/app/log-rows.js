// Where each line of a log stands. Cut lines are all one row high; of wrapped ones the rows are reckoned from their
// characters, and put right by what was measured once they are drawn.

import { plain } from './ansi.js';

const BLOCK = 512; // lines summed up together
const TAB = 8;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\u{1f300}-\u{1faff}]/gu;
const SIGNED = { success: 2, error: 2 }; // characters of the sign before the text

export const FLAT = {
  offset: (index) => index,
  at: (row) => Math.floor(row),
};

function cells({ message, level }) {
  const text = plain(message).slice(0, 4000);
  let n = text.length + (SIGNED[level] ?? 0);
  if (/[^\x20-\x7e]/.test(text)) {
    n = [...text].length + (text.match(WIDE)?.length ?? 0);
    if (text.includes('\t')) n += text.split('\t').length * (TAB / 2);
  }
  return n;
}

export class WrappedRows {
  #rows = []; // of each line
  #sums = [0]; // rows before each block

  constructor(lines, columns) {
    this.lines = lines;
    this.columns = columns;
  }

  /** Takes in lines that have come. */
  extend() {
    for (let i = this.#rows.length; i < this.lines.length; i++) {
      this.#rows.push(Math.max(1, Math.ceil(cells(this.lines[i]) / this.columns)));
      if (i % BLOCK === BLOCK - 1) this.#sums.push(this.#sums.at(-1) + this.#sum(i + 1 - BLOCK, i + 1));
    }
    return this;
  }

  #sum(from, to) {
    let sum = 0;
    for (let i = from; i < to; i++) sum += this.#rows[i];
    return sum;
  }

  /** A line was measured: true when it has other rows than was thought. */
  correct(index, rows) {
    const more = rows - this.#rows[index];
    if (!more) return false;
    this.#rows[index] = rows;
    for (let block = Math.floor(index / BLOCK) + 1; block < this.#sums.length; block++) this.#sums[block] += more;
    return true;
  }

  /** Rows before a line. */
  offset(index) {
    const block = Math.min(Math.floor(index / BLOCK), this.#sums.length - 1);
    return this.#sums[block] + this.#sum(block * BLOCK, Math.min(index, this.#rows.length));
  }

  /** The line that covers a row. */
  at(row) {
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#sums[middle] <= row) low = middle;
      else high = middle - 1;
    }
    let index = low * BLOCK;
    for (let left = row - this.#sums[low]; index < this.#rows.length && left >= this.#rows[index]; index++) left -= this.#rows[index];
    return index;
  }
}
