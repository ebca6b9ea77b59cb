// A chart over days. The library that draws it is loaded when the first chart is shown.

import { html, useEffect, useRef } from '../ui.js';
import { text } from '../text.js';

const HEIGHT = 160;
const DAY_S = 86400;
const STEPS = [1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY_S);
let library;

/** The library and its style sheet, once. */
function load() {
  library ??= new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = 'lib/uplot.css';
    link.onload = link.onerror = () => import('../../lib/uplot.js').then((module) => resolve(module.default));
    document.head.append(link);
  });
  return library;
}

const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const date = (at) => dates.format(at * 1000);
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * title; times: seconds since the epoch, one a day; series: [{label, color: a token's name, values, format, bars?}], drawn one
 * over the other, so the tallest first; `said`: what its values are called instead (the part of a stack). What it says is in
 * a table for those who cannot see it.
 */
export function Chart({ title, times, series }) {
  const box = useRef(null);
  useEffect(() => {
    let plot;
    let gone = false;
    load().then((uPlot) => {
      if (gone || !box.current) return;
      const axis = { stroke: color('--text-2'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
      const bars = uPlot.paths.bars({ size: [0.7, 28] });
      plot = new uPlot({
        width: box.current.clientWidth,
        height: HEIGHT,
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
        cursor: { drag: { setScale: false } },
        scales: { x: { time: true, range: () => [times[0] - DAY_S / 2, times.at(-1) + DAY_S / 2] }, y: { range: (_, min, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [{ ...axis, grid: { show: false }, incrs: STEPS, space: 60, values: (_, ticks) => ticks.map(date) }, { ...axis, size: 56, values: (_, ticks) => ticks.map(series[0].format) }],
        series: [
          { label: text.history.day, value: (_, at) => (at ? date(at) : '–') },
          ...series.map(({ label, color: name, values, said = values, format, bars: isBars }) => ({
            label, stroke: color(name), fill: isBars ? color(name) : undefined, width: isBars ? 0 : 2, paths: isBars ? bars : undefined,
            points: { show: !isBars && times.length < 40, size: 5 }, spanGaps: true, value: (_, value, i, at) => (said[at] === null || said[at] === undefined ? '–' : format(said[at])),
          })),
        ],
      }, [times, ...series.map(({ values }) => values)], box.current);
    });
    const resize = new ResizeObserver(([{ contentRect }]) => plot?.setSize({ width: contentRect.width, height: HEIGHT }));
    resize.observe(box.current);
    return () => {
      gone = true;
      resize.disconnect();
      plot?.destroy();
    };
  }, [times, series]);
  const day = (at) => new Date(at * 1000).toISOString().slice(0, 10);
  return html`<figure class="chart"><figcaption>${title}</figcaption><div class="chart-box" ref=${box} aria-hidden="true"></div>
    <table class="hidden"><caption>${title}</caption><thead><tr><th>${text.history.day}</th>${series.map(({ label }) => html`<th key=${label}>${label}</th>`)}</tr></thead>
      <tbody>${times.map((at, i) => html`<tr key=${at}><td>${day(at)}</td>${series.map(({ label, values, said = values, format }) => html`<td key=${label}>${said[i] === null ? '' : format(said[i])}</td>`)}</tr>`)}</tbody></table>
  </figure>`;
}
