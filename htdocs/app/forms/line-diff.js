// Which lines of two texts differ, by Myers' algorithm (the library jsdiff).

import Diff from '../../lib/diff.js';

const TIMEOUT_MS = 300; // what is beyond it is so different that no line corresponds to another
const CONTEXT = 3; // unchanged lines shown around a change

class Lines extends Diff {
  join(lines) {
    return lines;
  }
  removeEmpty(lines) {
    return lines;
  }
}

/** [{mark: ' ', '-' or '+', text, a?, b?}], a and b the numbers of the line; {mark: '…', count} in place of unchanged ones far away. */
export function lineDiff(before, after) {
  const parts = new Lines().diff(before, after, { timeout: TIMEOUT_MS }) ?? [{ removed: true, value: before }, { added: true, value: after }];
  const lines = [];
  let [a, b] = [0, 0];
  parts.forEach(({ added, removed, value }, part) => {
    const hidden = added || removed ? 0 : value.length - (part > 0 ? CONTEXT : 0) - (part < parts.length - 1 ? CONTEXT : 0);
    const from = part > 0 ? CONTEXT : 0;
    value.forEach((text, i) => {
      const line = { mark: added ? '+' : removed ? '-' : ' ', text, a: added ? null : ++a, b: removed ? null : ++b };
      if (hidden <= 1 || i < from || i >= from + hidden) lines.push(line);
      else if (i === from) lines.push({ mark: '…', count: hidden });
    });
  });
  return lines;
}
