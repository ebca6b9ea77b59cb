// The nodes over time: a row for each that has begun, in it a piece for each attempt and each wait, the time it waited for
// its turn as a thin line, and the items of a foreach in lanes below. Only the rows in view are drawn.

import { html, classes, useEffect, useLayoutEffect, useRef, useState } from '../ui.js';
import { listItems } from '../api.js';
import { useBox } from '../components/graph-camera.js';
import { Icon, State, StateShape } from '../components/icons.js';
import { useResource } from '../components/resource.js';
import { useNow } from '../components/time.js';
import { duration, timeOfDay } from '../format.js';
import { ended } from '../fold.js';
import { lanesOf, spansOf } from '../spans.js';
import { text } from '../text.js';

const ROW = 32;
const SCALE = 28; // the scale's own height
const MARGIN = 8; // rows drawn above and below those in view
const TICK_PX = 96; // between two times of the scale, at least
const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 864e5];
const INSIDE = 70; // percent: a bar so long holds its own length
const LEAST = 0.4; // percent: a bar nobody could see is no bar
const LEAST_MS = 5; // the shortest part one can zoom into
const ITEMS = 200; // of a foreach, which the server gives at once
const ITEMS_MS = 1000;
const STEP = 1.5;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const length = (ms) => duration(ms) || '0 ms';

/** Round times along a part of the time. */
function ticksOf({ from, to }, width) {
  const most = Math.max(1, Math.floor(width / TICK_PX));
  const step = STEPS_MS.find((ms) => (to - from) / ms <= most) ?? (to - from) / most;
  return Array.from({ length: Math.floor(to / step) - Math.ceil(from / step) + 1 }, (_, i) => (Math.ceil(from / step) + i) * step);
}

/** Where something is in the part shown, in percent; null: it is not. */
function placeOf({ from, to }, part, start) {
  const share = (ms) => ((ms - start - part.from) / (part.to - part.from)) * 100;
  const [begin, end] = [share(from), share(to)];
  if (end < 0 || begin > 100) return null;
  const width = Math.max(LEAST, Math.min(end, 101) - Math.max(begin, -1));
  return { begin: Math.min(Math.max(begin, -1), 100 - LEAST), width };
}

/** A part of the time one looks at, null for all of it: Ctrl and the wheel zoom at the pointer, Shift and the wheel move. */
function usePart(whole, lanes) {
  const [part, setPart] = useState(null);
  const shown = part ?? { from: 0, to: whole };
  const now = useRef();
  now.current = { shown, whole };
  const zoomBy = (factor, at = 0.5) => {
    const { from, to } = now.current.shown;
    const span = Math.max(LEAST_MS, (to - from) / factor);
    if (span >= now.current.whole) return setPart(null);
    const left = clamp(from + (to - from) * at - span * at, 0, now.current.whole - span);
    setPart({ from: left, to: left + span });
  };
  const moveBy = (share) => {
    const { from, to } = now.current.shown;
    if (to - from >= now.current.whole) return;
    const left = clamp(from + (to - from) * share, 0, now.current.whole - (to - from));
    setPart({ from: left, to: left + to - from });
  };
  useEffect(() => {
    const element = lanes.current;
    const wheel = (event) => {
      const { left, right, width } = element.querySelector('.timeline-scale').getBoundingClientRect();
      const aside = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const rtl = getComputedStyle(element).direction === 'rtl';
        zoomBy(Math.exp(-clamp(event.deltaY, -100, 100) / 300), clamp((rtl ? right - event.clientX : event.clientX - left) / width, 0, 1));
      } else if (aside && now.current.shown.to - now.current.shown.from < now.current.whole) {
        event.preventDefault();
        moveBy(aside / width);
      }
    };
    element?.addEventListener('wheel', wheel, { passive: false });
    return () => element?.removeEventListener('wheel', wheel);
  }, [lanes.current]);
  return { shown, zoomed: part !== null, zoomBy, moveBy, all: () => setPart(null) };
}

/** What is known of a node's time, in words. */
function wordsOf(span, start) {
  const pieces = span.pieces.map(({ status, attempt, from, to, message }) =>
    `${span.attempt > 1 && status !== 'waiting' ? `${attempt > 1 ? text.timeline.again(attempt) : text.timeline.attempt(attempt)} ` : ''}${text.timeline.piece[status]} ${length(to - from)}${message ? `: ${message}` : ''}`);
  const turn = span.ready !== null && span.from > span.ready ? [text.timeline.turn(length(span.from - span.ready))] : [];
  return [text.timeline.began(timeOfDay(span.from), length(span.from - start)), ...turn, ...pieces].join(' · ');
}

function Bar({ piece, place, total }) {
  const style = { insetInlineStart: `${place.begin}%`, inlineSize: `${place.width}%` };
  return html`<span class=${classes('timeline-bar', `s-${piece.status}`, { 'timeline-part': total > 1 })} data-status=${piece.status} style=${style}></span>`;
}

function Length({ span, part, start }) {
  const place = placeOf(span, part, start);
  if (!place) return null;
  const { begin, width } = place;
  const end = begin + width;
  const inside = width >= INSIDE;
  const before = !inside && end >= 80; // it then stands over the line of the wait
  const style = inside ? { insetInlineEnd: `${Math.max(0, 100 - end)}%` } : before ? { insetInlineEnd: `${100 - begin}%` } : { insetInlineStart: `${end}%` };
  return html`<span class=${classes('timeline-length number', { 'timeline-inside': inside, 'timeline-before': before })} style=${style}>${length(span.to - span.from)}${
    span.attempt > 1 ? ` · ${text.timeline.attempt(span.attempt)}` : ''}</span>`;
}

function Row({ row: { span, foreach, open, setOpen }, name, part, start, chosen, onChoose, onPoint }) {
  const wait = span.ready !== null && placeOf({ from: span.ready, to: span.from }, part, start);
  return html`<button type="button" class=${classes('timeline-button', { chosen })} data-node=${span.id} aria-pressed=${chosen} onClick=${onChoose}
      onFocus=${onPoint} onMouseEnter=${onPoint}>
      <span class="timeline-name" dir="auto" title=${name}><${State} status=${span.status} /><span class="timeline-label">${name}</span></span>
      <span class="timeline-lane">
        <span class="hidden">${text.timeline.after(length(span.from - start))}</span>
        ${wait && html`<span class="timeline-wait" style=${{ insetInlineStart: `${wait.begin}%`, inlineSize: `${wait.width}%` }}></span>`}
        ${span.pieces.map((piece, i) => {
          const place = placeOf(piece, part, start);
          return place && html`<${Bar} key=${i} piece=${piece} place=${place} total=${span.pieces.length} />`;
        })}
        <${Length} span=${span} part=${part} start=${start} />
      </span>
    </button>
    ${foreach && html`<button type="button" class="timeline-open button-quiet button-icon" aria-expanded=${open} aria-label=${text.timeline.items(name)}
      title=${text.timeline.items(name)} onClick=${setOpen}><${Icon} name=${open ? 'up' : 'chevron'} /></button>`}`;
}

function Lane({ row: { lane, number }, part, start }) {
  return html`<div class="timeline-items"><span class="timeline-name faint">${text.timeline.lane(number, lane.length)}</span>
    <span class="timeline-lane">${lane.map((item) => {
      const place = placeOf(item, part, start);
      return place && html`<span key=${item.index} class=${`timeline-bar timeline-item s-${item.status}`} data-item=${item.index}
        title=${text.timeline.item(item.index + 1, text.state[item.status], length(item.to - item.from))} style=${{ insetInlineStart: `${place.begin}%`, inlineSize: `${place.width}%` }}></span>`;
    })}</span></div>`;
}

/** The items of the node that is open: {lanes, all: whether these are all of them}. */
function useItems(runId, node, going, now) {
  const { data } = useResource(`items ${runId} ${node}`, (signal) => node && listItems(runId, node, { limit: ITEMS }, signal), () => node && going && ITEMS_MS);
  return node && data ? { lanes: lanesOf(data.items, now), all: !data.next } : null;
}

/** fold: as the run is now; at: where a finished run is looked at, ms from its start, or null. */
export function Timeline({ fold, node, at, onNode }) {
  const scroller = useRef(null);
  const box = useBox(scroller);
  const [top, setTop] = useState(0); // first row in view, in steps
  const [open, setOpen] = useState(null); // the foreach whose items are shown
  const [pointed, setPointed] = useState(null);
  const over = ended(fold.run.status);
  const now = useNow(!over);
  const begun = spansOf(fold, over ? Math.max(Date.parse(fold.run.finishedAt) || 0, fold.moments.at(-1)?.ms ?? 0) : now);
  const start = fold.moments[0]?.ms ?? begun[0]?.from ?? 0;
  const end = begun.reduce((most, { to }) => Math.max(most, to), fold.moments.at(-1)?.ms ?? start);
  const whole = Math.max(1, end - start);
  const view = usePart(whole, scroller);
  const spans = at === null ? begun : spansOf(fold, start + at);
  const items = useItems(fold.run.id, open, !over, now);
  const part = view.shown;

  const foreaches = new Set(fold.graph.nodes.filter(({ data }) => data?.kind === 'foreach').map(({ id }) => id));
  const rows = spans.flatMap((span) => [
    { span, foreach: foreaches.has(span.id), open: open === span.id, setOpen: () => setOpen(open === span.id ? null : span.id) },
    ...(open === span.id && items ? items.lanes.map((lane, i) => ({ lane, number: i + 1, id: span.id })) : []),
  ]);
  const first = Math.max(0, top - MARGIN);
  const last = Math.min(rows.length, top + Math.ceil((box?.height ?? 0) / ROW) + MARGIN);
  const scrolled = () => setTop(Math.floor(scroller.current.scrollTop / ROW / MARGIN) * MARGIN);

  // What is chosen comes into view, as far as it has begun.
  const chosenAt = rows.findIndex(({ span }) => span?.id === node);
  useLayoutEffect(() => {
    if (!box || chosenAt < 0) return;
    const { scrollTop } = scroller.current;
    if (chosenAt * ROW < scrollTop || (chosenAt + 1) * ROW + SCALE > scrollTop + box.height)
      scroller.current.scrollTop = Math.max(0, chosenAt * ROW - box.height / 2);
  }, [Boolean(box), node, chosenAt >= 0]);

  const focusRow = (index) => {
    const target = rows[clamp(index, 0, rows.length - 1)];
    const element = scroller.current.querySelector(`.timeline-button[data-node="${CSS.escape(target.span?.id ?? target.id)}"]`);
    element?.focus();
    element?.scrollIntoView({ block: 'nearest' });
  };
  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = rows.findIndex(({ span }) => span?.id === event.target.dataset.node);
    const span = rows[here]?.span; // what has the focus stays in view
    const middle = span ? clamp(((span.from + span.to) / 2 - start - part.from) / (part.to - part.from), 0, 1) : 0.5;
    const act = { '+': () => view.zoomBy(STEP, middle), '=': () => view.zoomBy(STEP, middle), '-': () => view.zoomBy(1 / STEP, middle), 0: view.all,
      ArrowLeft: () => view.moveBy(-0.1), ArrowRight: () => view.moveBy(0.1),
      ...(here >= 0 && { ArrowUp: () => focusRow(here - 1), ArrowDown: () => focusRow(here + 1) }) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const shown = begun.find(({ id }) => id === (pointed ?? node));
  const line = (ms, kind) => {
    const place = placeOf({ from: ms, to: ms }, part, start);
    return place && html`<span class=${kind} style=${{ insetInlineStart: `${place.begin}%` }}></span>`;
  };
  const seen = view.zoomed ? text.timeline.part(length(part.from), length(part.to)) : length(whole);
  const tool = (words, icon, act) => html`<button type="button" class="button-quiet button-icon" aria-label=${words} title=${words} onClick=${act}><${Icon} name=${icon} /></button>`;
  return html`<div class="panel-fill">
    <div class="timeline" ref=${scroller} role="group" aria-label=${text.timeline.label} onScroll=${scrolled} onKeyDown=${keys} onMouseLeave=${() => setPointed(null)}>
      ${!begun.length && html`<p class="timeline-empty faint">${text.timeline.empty}</p>`}
      <div class="timeline-scale" aria-hidden="true">${box && begun.length > 0 && ticksOf(part, box.width * 0.7).map((ms) => html`<span key=${ms} class="number"
        style=${{ insetInlineStart: `${((ms - part.from) / (part.to - part.from)) * 100}%` }}>${length(ms)}</span>`)}</div>
      <ol class="timeline-rows" style=${{ blockSize: `${rows.length * ROW}px` }}>
        <li class="timeline-lines" aria-hidden="true">${!over && line(now, 'timeline-now')}${at !== null && line(start + at, 'timeline-at')}</li>
        ${rows.slice(first, last).map((row, i) => html`<li key=${row.span?.id ?? `${row.id} ${row.number}`} class=${row.span ? 'timeline-row' : 'timeline-row timeline-sub'}
          aria-setsize=${rows.length} aria-posinset=${first + i + 1} style=${{ insetBlockStart: `${(first + i) * ROW}px` }}>
          ${row.span
            ? html`<${Row} row=${row} name=${fold.label(row.span.id)} part=${part} start=${start} chosen=${row.span.id === node}
                onChoose=${() => onNode(row.span.id === node ? null : row.span.id)} onPoint=${() => setPointed(row.span.id)} />`
            : html`<${Lane} row=${row} part=${part} start=${start} />`}
        </li>`)}
      </ol>
    </div>
    <footer class="timeline-foot">
      <div class="timeline-words">${shown
        ? html`<strong><${StateShape} status=${shown.status} /><bdi>${fold.label(shown.id)}</bdi></strong> ${wordsOf(shown, start)}`
        : html`<span class="faint">${open && items ? (items.lanes.length ? (items.all ? text.timeline.hint : text.timeline.itemsFirst(ITEMS)) : text.timeline.itemsNone) : text.timeline.hint}</span>`}</div>
      <div class="timeline-tools" role="group" aria-label=${text.timeline.zoom}>
        ${tool(text.run.zoomOut, 'minus', () => view.zoomBy(1 / STEP))}
        <button type="button" class="button-quiet number" aria-label=${`${seen}, ${text.timeline.all}`} title=${text.timeline.all} onClick=${view.all}>${seen}</button>
        ${tool(text.run.zoomIn, 'plus', () => view.zoomBy(STEP))}
      </div>
    </footer>
  </div>`;
}
