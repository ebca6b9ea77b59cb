// The nodes over time, one bar a node, beside the names. Nodes that have not begun are left out.

import { html, classes } from '../ui.js';
import { State } from '../components/icons.js';
import { useNow } from '../components/time.js';
import { duration } from '../format.js';
import { ended } from '../fold.js';
import { text } from '../text.js';

const TICKS_MOST = 5;
const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 864e5];
const INSIDE = 70; // percent: a bar so long holds its own length
const LEAST = 0.4; // percent: a bar nobody could see is no bar

/** Round times along the scale. */
function ticksOf(whole) {
  const step = STEPS_MS.find((ms) => whole / ms <= TICKS_MOST) ?? whole / TICKS_MOST;
  return Array.from({ length: Math.floor(whole / step) + 1 }, (_, i) => i * step);
}

const rowsOf = (fold, now) =>
  fold.graph.nodes
    .map(({ id }) => ({ id, record: fold.nodes.get(id) }))
    .filter(({ record }) => record.startedAt)
    .map(({ id, record }) => {
      const from = Date.parse(record.startedAt);
      const to = ended(record.status) ? Date.parse(record.finishedAt ?? record.startedAt) : now;
      return { id, record, from, to: Math.max(from, to) };
    })
    .sort((a, b) => a.from - b.from || a.to - b.to);

/** at: where a finished run is looked at, ms from its start, or null. */
export function Timeline({ fold, node, at, onNode }) {
  const over = ended(fold.run.status);
  const now = useNow(!over);
  const rows = rowsOf(fold, now);
  if (!rows.length) return html`<div class="panel-scroll"><p class="faint">${text.timeline.empty}</p></div>`;
  const start = rows[0].from;
  const whole = Math.max(1, Math.max(...rows.map(({ to }) => to)) - start);
  const share = (ms) => (ms / whole) * 100;
  const then = at === null ? fold.nodes : fold.nodesAt(start + at); // what is drawn; the scale stays
  return html`<div class="panel-scroll timeline" role="list" aria-label=${text.timeline.label}>
    <div class="timeline-scale" aria-hidden="true">${ticksOf(whole).map((at) => html`<span key=${at} class="number" style=${{ insetInlineStart: `${share(at)}%` }}>${duration(at)}</span>`)}</div>
    ${rows.map(({ id, record, from, to: end }) => {
      const { status } = then.get(id);
      const to = at === null ? end : Math.max(from, Math.min(end, start + at));
      const name = fold.label(id);
      const width = Math.max(LEAST, share(to - from));
      const begin = Math.min(share(from - start), 100 - width);
      const length = duration(to - from);
      return html`<div key=${id} class="timeline-row" role="listitem">
        <button type="button" class=${classes('timeline-button', { chosen: id === node })} data-node=${id} onClick=${() => onNode(id === node ? null : id)}>
          <span class="timeline-name" dir="auto" title=${name}><${State} status=${status} /><span class="timeline-label">${name}</span></span>
          <span class="timeline-lane">
            <span class="hidden">${text.timeline.after(duration(from - start) || '0 ms')}</span>
            ${at !== null && html`<span class="timeline-now" style=${{ insetInlineStart: `${share(at)}%` }}></span>`}
            ${status !== 'pending' && html`<span class=${`timeline-bar s-${status}`} style=${{ insetInlineStart: `${begin}%`, inlineSize: `${width}%` }}></span>
            <span class=${classes('timeline-length number', { 'timeline-inside': width >= INSIDE })} style=${width >= INSIDE
              ? { insetInlineEnd: `${100 - begin - width}%` }
              : begin + width < 80 ? { insetInlineStart: `${begin + width}%` } : { insetInlineEnd: `${100 - begin}%` }}>${length}${
              record.attempt > 1 ? ` · ${text.timeline.attempt(record.attempt)}` : ''}</span>`}
          </span>
        </button>
      </div>`;
    })}
  </div>`;
}
