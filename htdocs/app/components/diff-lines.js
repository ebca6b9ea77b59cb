// Two texts, line by line: what was taken out, what was put in, and what is unchanged around it.

import { html, useMemo } from '../ui.js';
import { lineDiff } from '../forms/line-diff.js';
import { text } from '../text.js';

const CLASS = { '+': 'diff-added', '-': 'diff-removed', ' ': '' };

/** before, after: lists of lines. */
export function DiffLines({ before, after }) {
  const lines = useMemo(() => lineDiff(before, after), [before, after]);
  return html`<table class="diff-lines" dir="ltr"><tbody>${lines.map((line, i) =>
    line.mark === '…'
      ? html`<tr key=${i} class="diff-skip"><td colspan="4">${text.versions.sameLines(line.count)}</td></tr>`
      : html`<tr key=${i} class=${CLASS[line.mark]}>
        <td class="diff-number">${line.a}</td><td class="diff-number">${line.b}</td><td class="diff-mark">${line.mark}</td><td class="diff-text">${line.text}</td></tr>`)}</tbody></table>`;
}
