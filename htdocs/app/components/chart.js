// A chart over days or over the time of the day. The library that draws it is loaded when the first chart is shown; it follows
// the theme, and new values move it without drawing it anew. What it says is a table, too, for those who cannot see it.

import { html, signal, useEffect, useRef, useState } from '../ui.js';
import { styles } from '../styles.js';
import { text } from '../text.js';

const HEIGHT = 160;
const DAY_S = 86400;
const STEPS = [1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY_S);
const WHOLE = [1, 2, 5].flatMap((n) => Array.from({ length: 9 }, (_, i) => n * 10 ** i)).sort((a, b) => a - b);
const TABLE_MAX = 60; // rows of the table, the newest
let library;

/** The library and its style sheet, once. */
function load() {
  library ??= Promise.all([import('../../lib/uplot.js'), styles('lib/uplot.css')]).then(([module]) => module.default);
  return library;
}

/** Counts the changes of the theme. */
const themes = signal(0);
let watched = false;
function watchTheme() {
  if (watched) return;
  watched = true;
  const changed = () => themes.value++;
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}

const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** What the horizontal axis is: how a moment is called, and what of it is in view. */
const AXES = {
  day: {
    label: () => text.history.day,
    name: (at) => dates.format(at * 1000),
    cell: (at) => new Date(at * 1000).toISOString().slice(0, 10),
    range: (times) => [times[0] - DAY_S / 2, times.at(-1) + DAY_S / 2],
    ticks: { incrs: STEPS, space: 60 },
  },
  clock: {
    label: () => text.metrics.time,
    name: (at) => clock.format(at * 1000),
    cell: (at) => clock.format(at * 1000),
    range: (times) => [times[0], times.at(-1)],
    ticks: { incrs: [5, 10, 15, 30, 60], space: 80 },
  },
};

const none = (value) => value === null || value === undefined;

function options(uPlot, box, { series, axis, least, whole }, latest) {
  const { name, range, ticks, label } = AXES[axis];
  const style = { stroke: color('--text-2'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const bars = uPlot.paths.bars({ size: [0.7, 28] });
  return {
    width: box.clientWidth,
    height: HEIGHT,
    tzDate: (at) => (axis === 'day' ? uPlot.tzDate(new Date(at * 1000), 'Etc/UTC') : new Date(at * 1000)),
    cursor: { drag: { setScale: false } },
    scales: { x: { time: true, range: () => range(latest.current.times) }, y: { range: (_, min, max) => [0, Math.max(max * 1.1, least)] } },
    axes: [
      { ...style, ...ticks, size: 32, grid: { show: false }, values: (_, at) => at.map(name) },
      { ...style, size: 64, values: (_, at) => at.map(series[0].format), ...(whole ? { incrs: WHOLE } : {}) },
    ],
    series: [
      { label: label(), value: (_, time, n, at) => name(none(at) ? latest.current.times.at(-1) : time) },
      ...series.map(({ label: title, color: token, format, bars: isBars }, i) => ({
        label: title, stroke: color(token), fill: isBars ? color(token) : undefined, width: isBars ? 0 : 2, paths: isBars ? bars : undefined,
        points: { show: () => !isBars && latest.current.times.length < 40, size: 5 }, spanGaps: axis === 'day',
        value: (_, value, n, at) => {
          const { values, said = values } = latest.current.series[i];
          const one = none(at) ? said.at(-1) : said[at]; // without the pointer: the newest
          return none(one) ? '–' : format(one);
        },
      })),
    ],
  };
}

function Table({ title, times, series, axis }) {
  const { label, cell } = AXES[axis];
  const from = Math.max(0, times.length - TABLE_MAX);
  return html`<div class="chart-rows"><table><caption class="hidden">${title}</caption><thead><tr><th scope="col">${label()}</th>${series.map(({ label: name }) => html`<th key=${name} scope="col">${name}</th>`)}</tr></thead>
    <tbody>${times.slice(from).map((at, i) => html`<tr key=${at}><th scope="row">${cell(at)}</th>${series.map(({ label: name, values, said = values, format }) => html`<td key=${name}>${none(said[from + i]) ? '–' : format(said[from + i])}</td>`)}</tr>`)}</tbody></table></div>`;
}

/**
 * title; now: what the caption says of the present; times: seconds since the epoch; axis: 'day' (one value a day, UTC) or 'clock';
 * series: [{label, color: a token's name, values, format, bars?}], drawn one over the other, so the tallest first; `said`: what its
 * values are called instead (the part of a stack). least: the vertical axis reaches at least so far; whole: there
 * is nothing between two whole numbers on it.
 */
export function Chart({ title, now, times, series, axis = 'day', least = 1e-9, whole = false }) {
  const box = useRef(null);
  const plot = useRef(null);
  const latest = useRef(null);
  const [open, setOpen] = useState(false);
  latest.current = { times, series };
  const data = () => [latest.current.times, ...latest.current.series.map(({ values }) => values)];
  const theme = themes.value;
  const shape = series.map(({ label }) => label).join();

  useEffect(() => {
    let gone = false;
    watchTheme();
    load().then((uPlot) => {
      if (!gone && box.current) plot.current = new uPlot(options(uPlot, box.current, { series, axis, least, whole }, latest), data(), box.current);
    });
    const resize = new ResizeObserver(([{ contentRect }]) => plot.current?.setSize({ width: contentRect.width, height: HEIGHT }));
    resize.observe(box.current);
    return () => {
      gone = true;
      resize.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme, shape, axis]);
  useEffect(() => plot.current?.setData(data()), [times, series]);

  return html`<figure class="chart"><figcaption>${title}${now && html`<span class="chart-now number">${now}</span>`}</figcaption>
    <div class="chart-box" ref=${box} aria-hidden="true"></div>
    <details class="chart-table" onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>${text.history.table}<span class="hidden">: ${title}</span></summary>
      ${open && html`<${Table} title=${title} times=${times} series=${series} axis=${axis} />`}</details>
  </figure>`;
}
