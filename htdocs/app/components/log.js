// The log: only the rows in view exist, so 200,000 lines scroll like fifty. What one reads stays where it is: "Follow"
// turns itself off when one scrolls up, and lines that come, go or are filtered away do not move those in view.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { plain } from '../ansi.js';
import { count } from '../format.js';
import { partOf, readAll, readPart } from '../log-parts.js';
import { FLAT, WrappedRows } from '../log-rows.js';
import { firstFrom, indexOfId, matcherOf, Scan } from '../log-scan.js';
import { recall, remember } from '../prefs.js';
import { href, route } from '../router.js';
import { text } from '../text.js';
import { Icon } from './icons.js';
import { drawLine } from './log-line.js';
import { Filters, Looks, Search } from './log-tools.js';

const ROW = 18; // px, as --log-row in tokens.css
const SPARE = 20; // rows drawn beyond each edge
const MARKS_MAX = 200; // error marks drawn in the scroll bar
const STRIPES = 8;
const RULER = 100; // characters measured to know how wide one is

function save(lines, name, label) {
  const rows = lines.map(({ time, nodeId, message }) => `${time ?? ''}\t${nodeId ? label(nodeId) : ''}\t${plain(message)}\n`);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(rows, { type: 'text/plain' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const textOf = (lines) => lines.map(({ message }) => `${plain(message)}\n`).join('');

/** "812" or "812-840" as numbers of events. */
function rangeOf(wanted) {
  const [from, to = from] = (wanted ?? '').split('-').map(Number);
  return from > 0 && to >= from ? { from, to } : { from: 0, to: 0 };
}

/** Lines that are shown and those that match, worked out over as many drawings as it takes. */
function useScan(source, wanted, rev, again) {
  const { node, level, matcher, only } = wanted;
  const scan = useMemo(() => new Scan(source, wanted), [source, node, level, matcher, only]);
  scan.advance();
  useEffect(() => {
    if (scan.done) return;
    const timer = setTimeout(again);
    return () => clearTimeout(timer);
  });
  return scan;
}

/** How many characters fit beside each other in a wrapped line; 0 until it is known. */
function useColumns(ruler, wrap, times, width) {
  const [columns, setColumns] = useState(0);
  useLayoutEffect(() => {
    if (!wrap) return;
    const box = ruler.current.querySelector('.line-text');
    setColumns(Math.max(1, Math.floor((box.clientWidth * RULER) / box.firstElementChild.getBoundingClientRect().width)));
  }, [wrap, times, width]);
  return wrap ? columns : 0;
}

/** The theme, so that colours are worked out again when it changes. */
function useTheme() {
  const [theme, setTheme] = useState('');
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const look = () => setTheme(`${document.documentElement.dataset.theme} ${media.matches}`);
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    media.addEventListener('change', look);
    return () => {
      observer.disconnect();
      media.removeEventListener('change', look);
    };
  }, []);
  return theme;
}

/** A part of the log from before the lines kept here: {part, show(index), close()}. */
function useParts(fold, wanted) {
  const [part, setPart] = useState(null); // {index, lines} | {error}
  const abort = useRef(null);
  const close = () => {
    abort.current?.abort();
    setPart(null);
  };
  const show = async (index) => {
    abort.current?.abort();
    const { signal } = (abort.current = new AbortController());
    try {
      setPart(await readPart(fold, index, signal));
    } catch (error) {
      if (!signal.aborted) setPart({ index, lines: [], error });
    }
  };
  const opened = useRef(0); // the linked line for which a part was opened; from then on one goes where one likes
  const index = wanted && wanted !== opened.current ? partOf(fold, wanted) : -1;
  useEffect(() => {
    if (index < 0) return;
    opened.current = wanted;
    show(index);
  }, [index, wanted]);
  useEffect(() => () => abort.current?.abort(), []);
  return { part, show, close };
}

/**
 * fold: RunFold; newest: it has the last lines only, until the others are read; rev: changes whenever it did; node: filter or null; find: {query, matchCase, regex, only}; level: the least
 * shown; wanted: the linked line or lines, "ID" or "ID-ID"; onNode, onFind, onLevel, onLine: the page keeps these in the URL.
 */
export function Log({ fold, newest, rev, node, find, level, wanted, ended, onNode, onFind, onLevel, onLine }) {
  const scroller = useRef(null);
  const field = useRef(null);
  const ruler = useRef(null);
  const [, setTurn] = useState(0);
  const again = () => setTurn((turn) => turn + 1);
  const [view, setView] = useState({ top: 0, height: 600, width: 0 });
  const [follow, setFollow] = useState(!wanted);
  const [seen, setSeen] = useState(0); // number of the last line when Follow was turned off
  const [live] = useState(!ended); // what history brings is not new
  const [look, setLook] = useState(() => ({ times: 'off', wrap: false, ...recall('log.look', {}) }));
  const [place, setPlace] = useState({}); // {matcher, n}: the number of the matching line one stands at
  const [saving, setSaving] = useState(false);
  const theme = useTheme();
  const { from, to } = rangeOf(wanted);
  const { part, show: showPart, close: closePart } = useParts(fold, from);

  const { query, matchCase, regex } = find;
  const matcher = useMemo(() => matcherOf({ query, matchCase, regex }), [query, matchCase, regex]);
  const searched = matcher?.error ? null : matcher;
  const source = part ? part.lines : node ? (fold.byNode.get(node) ?? []) : fold.lines;
  const scan = useScan(source, { node: part && node, level, matcher: searched, only: find.only }, rev, again);
  const { lines, hits } = scan;
  const total = lines.length;
  const current = place.matcher === matcher ? place.n : 0;

  const columns = useColumns(ruler, look.wrap, look.times, view.width);
  const wrapped = useMemo(() => (columns ? new WrappedRows(lines, columns) : null), [lines, columns]);
  const rows = wrapped?.extend() ?? FLAT;
  const height = rows.offset(total) * ROW;

  // Where one reads: the first line in view and how much of it is above the edge.
  const anchor = useRef({ n: 0, id: 0, over: 0 });
  const lastTop = useRef(0);
  const scrollTo = (top) => {
    scroller.current.scrollTop = top;
    lastTop.current = scroller.current.scrollTop;
    noteAnchor();
  };
  const noteAnchor = () => {
    const index = Math.min(rows.at(lastTop.current / ROW), total - 1);
    anchor.current = { n: lines[index]?.n ?? 0, id: lines[index]?.id ?? 0, over: lastTop.current - rows.offset(index) * ROW };
  };
  const stop = () => {
    setFollow(false);
    setView((was) => ({ ...was, top: lastTop.current }));
    setSeen(fold.lines.at(-1)?.n ?? 0);
  };
  const reveal = (index) => {
    const top = rows.offset(index) * ROW;
    const { scrollTop, clientHeight } = scroller.current;
    if (top < scrollTop || top > scrollTop + clientHeight - 2 * ROW) scrollTo(Math.max(0, top - clientHeight / 3));
  };

  useLayoutEffect(() => {
    const element = scroller.current;
    const measure = () => setView((was) => ({ ...was, height: element.clientHeight, width: element.clientWidth }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (follow) scrollTo(height); // the browser makes it the end; reading where that is would lay everything out once more
  }, [rev, follow, height, view.height]);

  const first = lines[0]?.n;
  useLayoutEffect(() => {
    if (follow || !anchor.current.n) return;
    const { n, id, over } = anchor.current;
    const index = n > 0 === first > 0 ? firstFrom(lines, n) : indexOfId(lines, id);
    const top = rows.offset(index) * ROW + (lines[index]?.id === id ? over : 0);
    if (Math.abs(top - scroller.current.scrollTop) > 1) scrollTo(top);
  }, [lines, first, wrapped, scan.done]);

  // The linked line is shown once, as soon as it is there.
  const shown = useRef(null);
  const inPart = (link) => `${link} ${part?.index}`;
  useLayoutEffect(() => {
    if (!from || shown.current === inPart(wanted)) return;
    const index = indexOfId(lines, from);
    if (Number(lines[index]?.id) !== from) return;
    shown.current = inPart(wanted);
    stop();
    reveal(index);
  }, [rev, wanted, part, total]);

  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight, clientWidth } = scroller.current;
    if (follow && scrollTop === lastTop.current) return; // we did that, and it is drawn
    const atEnd = scrollHeight - scrollTop - clientHeight < ROW * 1.5;
    if (follow && scrollTop < lastTop.current - 2 && !atEnd) stop();
    else if (!follow && !part && atEnd && scrollTop > lastTop.current && !wanted) setFollow(true);
    lastTop.current = scrollTop;
    noteAnchor();
    setView({ top: scrollTop, height: clientHeight, width: clientWidth });
  };
  const turnFollow = () => {
    if (follow) return stop();
    onLine(null);
    closePart();
    setFollow(true);
  };
  const chooseLine = (event) => {
    const number = event.target.closest('.line-number');
    if (!number || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { line: id } = number.closest('.line').dataset;
    const range = event.shiftKey && from ? [from, Number(id)].sort((a, b) => a - b).join('-') : id;
    shown.current = inPart(range); // it is in view already
    stop();
    scroller.current.focus({ preventScroll: true });
    onLine(range === wanted ? null : range);
  };
  const steps = useRef(0); // to be made once what is searched has been found
  const step = (direction, later = !scan.done) => {
    steps.current = later ? direction : 0;
    if (later || !hits.length) return;
    const base = current || lines[Math.min(rows.at(lastTop.current / ROW), total - 1)].n - (direction > 0 ? 1 : 0);
    const at = firstFrom(lines, direction > 0 ? base + 1 : base, hits);
    const index = hits[(at + (direction > 0 ? 0 : -1) + hits.length) % hits.length];
    stop();
    setPlace({ matcher, n: lines[index].n });
    reveal(index);
  };
  useLayoutEffect(() => {
    if (scan.done && steps.current) step(steps.current);
  });

  const chosen = from ? lines.slice(indexOfId(lines, from), indexOfId(lines, to + 1)) : [];
  // With nothing selected the event is the body's.
  useEffect(() => {
    if (!chosen.length) return;
    const copied = (event) => {
      if (!getSelection().isCollapsed || event.target.closest?.('input, textarea')) return;
      event.preventDefault();
      event.clipboardData.setData('text/plain', textOf(chosen));
    };
    addEventListener('copy', copied);
    return () => removeEventListener('copy', copied);
  });
  const keys = (event) => {
    if (event.target.closest('input, select') || event.altKey || event.metaKey) return;
    const search = event.key === '/' || (event.ctrlKey && event.key === 'f');
    const act = search
      ? () => (field.current.focus(), field.current.select())
      : !event.ctrlKey &&
        { j: () => scrollBy(1), k: () => scrollBy(-1), g: () => (stop(), scrollTo(0)), G: () => scroller.current.scrollTo(0, scroller.current.scrollHeight), n: () => step(1), N: () => step(-1) }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const scrollBy = (lines) => scroller.current.scrollBy(0, lines * ROW);
  const change = (changes) => {
    setLook({ ...look, ...changes });
    remember('log.look', { ...look, ...changes });
  };
  const all = total === source.length && !part && !node;
  const download = async () => {
    setSaving(true);
    try {
      save(all && (fold.folded || newest) ? await readAll(fold) : lines, `${fold.run.id}.log`, (id) => fold.label(id));
    } finally {
      setSaving(false);
    }
  };

  // The rows drawn, and those of the last drawing that are still the same.
  const stripes = useMemo(() => new Map(fold.graph.nodes.map(({ id }, i) => [id, i % STRIPES])), [fold]);
  const { parts: addressParts, params } = route.value;
  const address = href(addressParts, { ...Object.fromEntries(params), line: null });
  const kept = useRef({ key: null, from: 0, rows: new Map() });
  const slots = Math.ceil(view.height / ROW) + SPARE * 2;
  const key = JSON.stringify([look, query, matchCase, regex, from, to, current, theme, address, slots]);
  if (kept.current.key !== key || kept.current.lines !== lines) kept.current = { key, lines, from: 0, rows: new Map() };
  const settings = {
    times: look.times, began: fold.began, matcher: searched, from, to, current, address,
    stripeOf: (id) => stripes.get(id) ?? 'none', labelOf: (id) => fold.label(id),
  };
  const top = follow ? height - view.height : view.top; // the scroll event of a followed line comes too late
  const cache = kept.current.rows;
  const at = Math.max(0, Math.min(rows.at(top / ROW), total));
  // Of lines that rush by, none of them drawn before, only those in view; and each takes the place of one above, so that none is moved.
  const rush = follow && !cache.has(lines[at]?.n);
  const begin = Math.max(0, at - (rush ? 1 : SPARE));
  if (rush) kept.current.from = begin;
  const slotOf = (index) => (((index - kept.current.from) % slots) + slots) % slots;
  const drawn = lines.slice(begin, begin + slots);
  kept.current.rows = new Map(drawn.map((line, i) => [line.n, cache.get(line.n) ?? drawLine(line, slotOf(begin + i), settings)]));

  const list = useRef(null);
  useLayoutEffect(() => {
    if (!wrapped) return;
    let wrong = false;
    for (const [i, row] of [...list.current.children].entries()) wrong = wrapped.correct(begin + i, Math.round(row.offsetHeight / ROW)) || wrong;
    if (wrong) again();
  });

  const waiting = follow || part || !live ? 0 : total - firstFrom(lines, seen + 1);
  const empty = !total && scan.done && (part?.error ? text.log.partFailed : query || node || level ? text.log.emptyFilter : ended ? text.log.emptyEnded : text.log.empty);
  const hitAt = current ? firstFrom(lines, current, hits) + 1 : 0;

  return html`<section class="log" aria-label=${text.log.label} onKeyDown=${keys}>
    <div class="log-tools">
      <${Search} field=${field} find=${find} onFind=${onFind} onStep=${step} onLeave=${() => scroller.current.focus()}
        found=${{ error: matcher?.error, hits: hits.length, at: hitAt, done: scan.done }} />
      <div class="log-which"><${Filters} fold=${fold} node=${node} level=${level} onNode=${onNode} onLevel=${onLevel} />
      <span class="log-count number">${newest ? text.log.newestOf(total) : total === fold.lines.length && !part ? text.log.lines(total + fold.folded) : text.log.linesOf(count(total), count(fold.lines.length + fold.folded))}</span>
      <${Looks} look=${look} onLook=${change} saving=${saving} onDownload=${download} shown=${total} all=${all} />
      ${!ended && html`<button type="button" class="button-quiet" aria-pressed=${follow} onClick=${turnFollow}>${text.log.follow}</button>`}</div>
    </div>
    ${part && html`<${PartBar} fold=${fold} part=${part} onShow=${showPart} onClose=${() => (onLine(null), closePart(), setFollow(true))} />`}
    <div class="log-body">
      <div class=${look.wrap ? 'log-scroll log-wrap' : 'log-scroll'} ref=${scroller} onScroll=${scrolled} onClick=${chooseLine}
        tabIndex=${0} role="log" aria-live="off" aria-label=${text.log.label}>
        ${empty && html`<p class="log-empty">${empty}</p>`}
        ${look.wrap && html`<div class="line line-ruler" aria-hidden="true" ref=${ruler}><span class="line-number"></span>${look.times !== 'off' && html`<span class="line-time"></span>`}
          <span class="line-stripe"></span><span class="line-text"><span>${'0'.repeat(RULER)}</span></span></div>`}
        <div class="log-space" style=${{ height: `${height}px` }}>
          <div class="log-rows" ref=${list} style=${{ transform: `translateY(${rows.offset(begin) * ROW}px)` }}>${[...kept.current.rows.values()]}</div>
        </div>
      </div>
      ${fold.folded > 0 && !part && begin === 0 && html`<p class="log-folded">${text.log.folded(fold.folded)}
        <button type="button" class="button-quiet" onClick=${() => (stop(), showPart(partOf(fold, fold.lines[0].id - 1)))}>${text.log.showFolded}</button></p>`}
      <${Marks} lines=${lines} total=${total} rows=${rows} onJump=${(index) => (stop(), scrollTo(rows.offset(index) * ROW - view.height / 2))} />
      ${waiting > 0 && html`<button type="button" class="log-waiting" onClick=${turnFollow}><${Icon} name="down" />${text.log.waiting(waiting)}</button>`}
      ${chosen.length > 0 && html`<${Chosen} lines=${chosen} onClear=${() => onLine(null)} />`}
    </div>
  </section>`;
}

/** What can be done with the linked lines. */
function Chosen({ lines, onClear }) {
  const [done, setDone] = useState(null);
  const copy = (what, value) => () =>
    navigator.clipboard.writeText(value).then(() => {
      setDone(what);
      setTimeout(() => setDone(null), 1500);
    }, () => {});
  return html`<div class="log-chosen" role="group" aria-label=${text.log.chosen(lines[0].n, lines.at(-1).n)}>
    <span class="number">${text.log.chosen(lines[0].n, lines.at(-1).n)}</span>
    ${navigator.clipboard && html`
      <button type="button" class="button-quiet" onClick=${copy('text', textOf(lines))}>${done === 'text' ? text.io.copied : text.log.copyText}</button>
      <button type="button" class="button-quiet" onClick=${copy('link', location.href)}>${done === 'link' ? text.io.copied : text.log.copyLink}</button>`}
    <button type="button" class="button-quiet button-icon" aria-label=${text.log.clearChosen} title=${text.log.clearChosen} onClick=${onClear}><${Icon} name="close" /></button>
  </div>`;
}

/** Which part of a long log is shown, and the ways on. */
function PartBar({ fold, part, onShow, onClose }) {
  const { index, lines } = part;
  const last = partOf(fold, fold.lines[0].id - 1);
  return html`<div class="log-part"><span class="number">${text.log.part(count(fold.parts[index].n + 1), count(fold.parts[index].n + lines.length))}</span>
    <button type="button" class="button-quiet" disabled=${index === 0} onClick=${() => onShow(index - 1)}>${text.log.earlier}</button>
    <button type="button" class="button-quiet" onClick=${() => (index < last ? onShow(index + 1) : onClose())}>${text.log.later}</button>
    <button type="button" class="button-quiet" onClick=${onClose}>${text.log.newest}</button></div>`;
}

/** Where the errors are, at their height in the scroll bar. */
function Marks({ lines, total, rows, onJump }) {
  const memo = useRef({ lines: null, at: 0, errors: [] });
  const was = memo.current;
  if (was.lines !== lines || was.at > total) Object.assign(was, { lines, at: 0, errors: [] });
  for (; was.at < total; was.at++) if (lines[was.at].level === 'error') was.errors.push(was.at);
  const { errors } = was;
  const marks = new Map();
  const height = rows.offset(total);
  const stride = Math.ceil(errors.length / (MARKS_MAX * 10)); // a log of nothing but errors
  for (let i = 0; i < errors.length; i += stride) marks.set(Math.round((rows.offset(errors[i]) / height) * MARKS_MAX), errors[i]);
  return html`<div class="log-marks" aria-hidden="true">
    ${[...marks].map(([at, i]) => html`<button type="button" key=${i} tabIndex=${-1} class="log-mark" title=${text.log.errorAt(lines[i].n)}
      style=${{ top: `${(at / MARKS_MAX) * 100}%` }} onClick=${() => onJump(i)}></button>`)}
  </div>`;
}
