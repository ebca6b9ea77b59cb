// The log: only the rows in view exist, so 50,000 lines scroll like fifty. "Follow" turns itself off when one scrolls up.

import { html, classes, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { parseAnsi, plain } from '../ansi.js';
import { count, timeOfDay } from '../format.js';
import { recall, remember } from '../prefs.js';
import { text } from '../text.js';
import { Icon } from './icons.js';

const ROW = 18; // px, as --log-row in tokens.css
const SPARE = 20; // rows drawn beyond each edge
const MARKS_MAX = 200; // error marks drawn in the scroll bar
const STRIPES = 8;

const drawn = new WeakMap(); // line -> its parsed form
function parsed(line) {
  if (!drawn.has(line)) drawn.set(line, parseAnsi(line.message));
  return drawn.get(line);
}

const AT_LEAST = { warning: ['warning', 'error'], error: ['error'] };

/** Lines that match, kept up as lines come: only new ones are looked at. */
function useMatching(lines, query, level) {
  const memo = useRef({ source: null, key: '', at: 0, found: [] });
  const levels = AT_LEAST[level];
  if (!query && !levels) return lines;
  const was = memo.current;
  const key = `${level} ${query}`;
  if (was.source !== lines || was.key !== key) Object.assign(was, { source: lines, key, at: 0, found: [] });
  const wanted = query.toLowerCase();
  for (; was.at < lines.length; was.at++) {
    const line = lines[was.at];
    if ((!levels || levels.includes(line.level)) && (!query || plain(line.message).toLowerCase().includes(wanted))) was.found.push(line);
  }
  return was.found;
}

/** The lines in view as a text file, made here: what is seen is what one gets. */
function download(lines, name, label) {
  const rows = lines.map(({ time, nodeId, message }) => `${time ?? ''}\t${nodeId ? label(nodeId) : ''}\t${plain(message)}\n`);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(rows, { type: 'text/plain' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function Line({ line, stripe, times, wanted, label, onLine }) {
  const { spans, cut } = parsed(line);
  return html`<div class=${classes('line', `l-${line.level}`, { wanted })} data-line=${line.id}>
    <button type="button" class="line-number" tabIndex=${-1} title=${text.log.permalink(line.n)} onClick=${() => onLine(line.id)}>${line.n}</button>
    ${times && html`<span class="line-time">${line.time && timeOfDay(line.time)}</span>`}
    <span class=${`line-stripe stripe-${stripe}`} title=${label}></span>
    <span class="line-text">${spans.map((span, i) => html`<span key=${i} class=${span.className} style=${span.css}>${span.text}</span>`)}${
      cut > 0 && html`<span class="faint">${text.log.cut(cut)}</span>`}</span>
  </div>`;
}

/**
 * fold: RunFold; rev: changes whenever it did; node: filter or null; query: text filter; wanted: id of the linked line;
 * level: the least shown; onNode, onQuery, onLevel, onLine: the page keeps these in the URL.
 */
export function Log({ fold, rev, node, query, level, wanted, ended, onNode, onQuery, onLevel, onLine }) {
  const scroller = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [follow, setFollow] = useState(!wanted);
  const [seen, setSeen] = useState(0); // lines there were when Follow was turned off
  const [times, setTimes] = useState(() => recall('log.times', false));
  const lastTop = useRef(0);

  const source = node ? (fold.byNode.get(node) ?? []) : fold.lines;
  const lines = useMatching(source, query, level);
  const total = lines.length;
  const stripes = useMemo(() => new Map(fold.graph.nodes.map(({ id }, i) => [id, i % STRIPES])), [fold]);

  useLayoutEffect(() => {
    const element = scroller.current;
    const measure = () => setView((was) => ({ ...was, height: element.clientHeight }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (follow) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [rev, follow, total, view.height]);

  // The linked line is shown once, as soon as it is there.
  const shown = useRef(null);
  useLayoutEffect(() => {
    if (!wanted || shown.current === wanted) return;
    const index = lines.findIndex((line) => line.id === wanted);
    if (index < 0) return;
    shown.current = wanted;
    const top = index * ROW;
    const { scrollTop, clientHeight } = scroller.current;
    if (top < scrollTop || top > scrollTop + clientHeight - ROW) scroller.current.scrollTop = top - clientHeight / 2;
  }, [rev, wanted]);

  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    const atEnd = scrollHeight - scrollTop - clientHeight < ROW * 1.5;
    if (follow && scrollTop < lastTop.current - 2 && !atEnd) {
      setFollow(false);
      setSeen(total);
    } else if (!follow && atEnd && !wanted) setFollow(true);
    lastTop.current = scrollTop;
    setView({ top: scrollTop, height: clientHeight });
  };
  const turnFollow = () => {
    if (!follow) onLine(null);
    else setSeen(total);
    setFollow(!follow);
  };
  const link = (id) => {
    shown.current = id; // it is in view already
    setFollow(false);
    setSeen(total);
    onLine(id === wanted ? null : id);
  };
  const jumpTo = (index) => {
    setFollow(false);
    setSeen(total);
    scroller.current.scrollTop = index * ROW - view.height / 2;
  };

  const top = follow ? total * ROW - view.height : view.top; // the scroll event of a followed line comes too late
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const rows = lines.slice(first, first + Math.ceil(view.height / ROW) + SPARE * 2);
  const waiting = follow ? 0 : Math.max(0, total - seen);
  const empty = !total && (query || node || level ? text.log.emptyFilter : ended ? text.log.emptyEnded : text.log.empty);

  return html`<section class="log" aria-label=${text.log.label}>
    <div class="log-tools">
      <label class="field-inline">
        <span class="hidden">${text.log.node}</span>
        <select value=${node ?? ''} onChange=${(event) => onNode(event.currentTarget.value || null)}>
          <option value="" selected=${!node}>${text.run.allNodes}</option>
          ${fold.graph.nodes.map(({ id }) => html`<option key=${id} value=${id} selected=${id === node}>${fold.label(id)}</option>`)}
        </select>
      </label>
      <label class="field-inline">
        <span class="hidden">${text.log.level}</span>
        <select value=${level ?? 'all'} onChange=${(event) => onLevel(event.currentTarget.value === 'all' ? null : event.currentTarget.value)}>
          ${Object.entries(text.log.levels).map(([id, name]) => html`<option key=${id} value=${id} selected=${id === (level ?? 'all')}>${name}</option>`)}
        </select>
      </label>
      <label class="field-inline search"><${Icon} name="search" /><span class="hidden">${text.log.filter}</span>
        <input type="search" placeholder=${text.log.filter} value=${query} onInput=${(event) => onQuery(event.currentTarget.value)} /></label>
      <span class="log-count number">${total === fold.lines.length
        ? text.log.lines(total)
        : text.log.linesOf(count(total), count(fold.lines.length))}</span>
      <button type="button" class="button-quiet" aria-pressed=${times} onClick=${() => {
        setTimes(!times);
        remember('log.times', !times);
      }}>${text.log.time}</button>
      <button type="button" class="button-quiet button-icon" aria-label=${text.log.download} title=${text.log.download} disabled=${!total}
        onClick=${() => download(lines, `${fold.run.id}.log`, (id) => fold.label(id))}><${Icon} name="download" /></button>
      ${!ended && html`<button type="button" class="button-quiet" aria-pressed=${follow} onClick=${turnFollow}>${text.log.follow}</button>`}
    </div>
    <div class="log-body">
      <div class="log-scroll" ref=${scroller} onScroll=${scrolled} tabIndex=${0} role="region" aria-label=${text.log.label}>
        ${empty && html`<p class="log-empty">${empty}</p>`}
        ${fold.folded > 0 && first === 0 && html`<p class="log-empty">${text.log.folded(fold.folded)}</p>`}
        <div class="log-space" style=${{ height: `${total * ROW}px` }}>
          <div class="log-rows" style=${{ transform: `translateY(${first * ROW}px)` }}>
            ${rows.map((line) => html`<${Line} key=${line.n} line=${line} stripe=${stripes.get(line.nodeId) ?? 'none'} times=${times}
              wanted=${line.id === wanted} label=${line.nodeId && fold.label(line.nodeId)} onLine=${link} />`)}
          </div>
        </div>
      </div>
      <${Marks} lines=${lines} total=${total} onJump=${jumpTo} />
      ${waiting > 0 && html`<button type="button" class="log-waiting" onClick=${turnFollow}><${Icon} name="down" />${text.log.waiting(waiting)}</button>`}
    </div>
  </section>`;
}

/** Where the errors are, at their height in the scroll bar. */
function Marks({ lines, total, onJump }) {
  const memo = useRef({ lines: null, at: 0, errors: [] });
  const was = memo.current;
  if (was.lines !== lines || was.at > total) Object.assign(was, { lines, at: 0, errors: [] });
  for (; was.at < total; was.at++) if (lines[was.at].level === 'error') was.errors.push(was.at);
  const marks = new Map(was.errors.map((i) => [Math.round((i / total) * MARKS_MAX), i])).values();
  return html`<div class="log-marks" aria-hidden="true">
    ${[...marks].map((i) => html`<button type="button" key=${i} tabIndex=${-1} class="log-mark" title=${text.log.errorAt(lines[i].n)}
      style=${{ top: `${((i + 0.5) / total) * 100}%` }} onClick=${() => onJump(i)}></button>`)}
  </div>`;
}
