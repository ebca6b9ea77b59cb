// One line of the log: its number, which is its address, perhaps its time, and its text with colours and marks.

import { html, classes } from '../ui.js';
import { looksOf } from '../ansi-colours.js';
import { parseAnsi } from '../ansi.js';
import { sinceStart, timeOfDay } from '../format.js';
import { text } from '../text.js';

/** Spans with those parts cut out that lie in `ranges` (of the whole text, in order): {..., marked: true}. */
function markSpans(spans, ranges) {
  const out = [];
  let at = 0;
  let next = 0;
  for (const span of spans) {
    const end = at + span.text.length;
    for (let from = at; from < end; ) {
      while (next < ranges.length && ranges[next][1] <= from) next++;
      const [first, last] = ranges[next] ?? [end, end];
      const marked = first <= from;
      const to = Math.min(end, marked ? last : first);
      out.push({ ...span, text: span.text.slice(from - at, to - at), marked });
      from = to;
    }
    at = end;
  }
  return out;
}

function drawPart({ text: words, style, marked }, key) {
  const { className, css } = looksOf(style);
  if (marked) return html`<mark key=${key} class=${className}>${words}</mark>`;
  return className || css ? html`<span key=${key} class=${className} style=${css}>${words}</span>` : words;
}

const timeOf = (line, times, began) =>
  !line.time ? '' : times === 'absolute' ? timeOfDay(line.time) : sinceStart(Date.parse(line.time) - Date.parse(began));

/**
 * slot: lines that leave give their elements to those that come into view. look: {times, began, matcher, from, to, current,
 * address, stripeOf, labelOf}: the same for all lines of one drawing.
 */
export function drawLine(line, slot, look) {
  const { times, began, matcher, from, to, current, address, stripeOf, labelOf } = look;
  const { spans, cut } = parseAnsi(line.message);
  const ranges = matcher?.ranges(spans.map((span) => span.text).join('')) ?? [];
  const parts = ranges.length ? markSpans(spans, ranges) : spans;
  const id = Number(line.id);
  return html`<div key=${slot} class=${classes('line', `l-${line.level}`, { wanted: from && id >= from && id <= to, current: line.n === current })} data-line=${line.id} data-n=${line.n}>
    <a class="line-number" tabIndex=${-1} href=${`${address}${address.includes('?') ? '&' : '?'}line=${line.id}`} aria-label=${text.log.permalink(line.n)}>${line.n > 0 ? line.n : '·'}</a>
    ${times !== 'off' && html`<span class="line-time">${timeOf(line, times, began)}</span>`}
    <span class=${`line-stripe stripe-${stripeOf(line.nodeId)}`} title=${line.nodeId && labelOf(line.nodeId)}></span>
    <span class="line-text">${parts.map((part, i) => drawPart(part, i))}${cut > 0 && html`<span class="faint">${text.log.cut(cut)}</span>`}</span>
  </div>`;
}
