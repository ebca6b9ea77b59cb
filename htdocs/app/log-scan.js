// Which lines of a log are shown, and which match a search: worked out in slices, as lines come, so that typing stays quick
// in a log of 200,000 lines.

import { plain } from './ansi.js';

const AT_LEAST = { warning: ['warning', 'error'], error: ['error'] };
const SLICE_MS = 12;
const LOOK_AT = 500; // lines between two looks at the clock

/** {test(text), ranges(text)} for what is searched, null for nothing, or {error} for a pattern that is none. */
export function matcherOf({ query, matchCase = false, regex = false }) {
  if (!query) return null;
  const source = regex ? query : query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  try {
    const pattern = new RegExp(source, matchCase ? 'gu' : 'giu');
    const single = new RegExp(source, matchCase ? 'u' : 'iu');
    return {
      test: (text) => single.test(text) && (!regex || [...text.matchAll(pattern)].some(([found]) => found)),
      ranges: (text) => [...text.matchAll(pattern)].filter(([found]) => found).map(({ 0: found, index }) => [index, index + found.length]),
    };
  } catch (error) {
    return { error: error.message };
  }
}

export class Scan {
  hits = []; // indexes in `lines` of those that match
  #at = 0;

  /** source: lines, which may grow; node, level: what is shown; only: of these only the ones that match. */
  constructor(source, { node, level, matcher, only }) {
    const levels = AT_LEAST[level];
    this.source = source;
    this.matcher = matcher;
    this.only = only && matcher;
    this.shows = (line) => (!node || line.nodeId === node) && (!levels || levels.includes(line.level));
    this.lines = node || levels || this.only ? [] : source;
  }

  get done() {
    return this.#at === this.source.length || (this.lines === this.source && !this.matcher);
  }

  /** Looks at what is new, for a moment at most; call it again until it is done. */
  advance() {
    const { source, lines, matcher, hits } = this;
    if (this.done) return;
    const end = performance.now() + SLICE_MS;
    for (; this.#at < source.length; this.#at++) {
      if (this.#at % LOOK_AT === 0 && performance.now() > end) return;
      const line = source[this.#at];
      if (!this.shows(line)) continue;
      const matches = matcher?.test(plain(line.message));
      if (this.only && !matches) continue;
      if (lines !== source) lines.push(line);
      if (matches) hits.push(lines === source ? this.#at : lines.length - 1);
    }
  }
}

/** Index of the first of `lines` that is not before the number n; of `indexes` when given. */
export function firstFrom(lines, n, indexes) {
  let low = 0;
  let high = indexes ? indexes.length : lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[indexes ? indexes[middle] : middle].n < n) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the line of the event id, or of the first after it. */
export function indexOfId(lines, id) {
  const wanted = Number(id);
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(lines[middle].id) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
