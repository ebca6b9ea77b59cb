// Ended runs: figures and charts of what the filters select, and the list, page by page. The address holds the filters.

import { html, useMemo } from '../ui.js';
import { getHistory } from '../api.js';
import { Chart } from '../components/chart.js';
import { RunFilters, spanStart } from '../components/filters.js';
import { State } from '../components/icons.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { count, duration, percent } from '../format.js';
import { href, route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const PAGE = 50;
const CHARTED = 500; // newest runs the charts are made of
const REFRESH_MS = 5000;
const STATES = ['success', 'error', 'cancelled'];
const DAY_S = 86400;

/** The filters of the address as the query of REST. */
function queryOf(params) {
  const query = { status: params.get('status'), workflow: params.get('workflow'), q: params.get('q'), from: spanStart(params) };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value));
}

const rank = (sorted, share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

/** One entry a day from the first to the last on which a run ended: times and what is drawn over them. */
function daysOf(runs) {
  const days = new Map();
  for (const run of runs) {
    const at = Math.floor(Date.parse(run.end_time) / 1000 / DAY_S) * DAY_S;
    if (!days.has(at)) days.set(at, { success: 0, error: 0, cancelled: 0, took: [] });
    const day = days.get(at);
    if (run.status in day) day[run.status]++;
    if (typeof run.duration === 'number') day.took.push(run.duration);
  }
  if (!days.size) return null;
  const [first, last] = [Math.min(...days.keys()), Math.max(...days.keys())];
  const times = Array.from({ length: (last - first) / DAY_S + 1 }, (_, i) => first + i * DAY_S);
  const of = (pick) => times.map((at) => (days.has(at) ? pick(days.get(at)) : null));
  const took = (share) => of((day) => (day.took.length ? rank([...day.took].sort((a, b) => a - b), share) : null));
  const zero = (values) => values.map((value) => value ?? 0);
  return {
    times,
    ends: [
      { label: text.state.cancelled, color: '--rest', format: count, bars: true, values: zero(of((day) => day.success + day.error + day.cancelled)), said: zero(of((day) => day.cancelled)) },
      { label: text.state.error, color: '--error', format: count, bars: true, values: zero(of((day) => day.success + day.error)), said: zero(of((day) => day.error)) },
      { label: text.state.success, color: '--success', format: count, bars: true, values: zero(of((day) => day.success)) },
    ],
    took: [
      { label: text.history.p95, color: '--waiting', format: (s) => duration(s * 1000), values: took(0.95) },
      { label: text.history.p50, color: '--running', format: (s) => duration(s * 1000), values: took(0.5) },
    ],
    rate: [{ label: text.history.rate, color: '--success', format: (share) => percent(share), values: of((day) => (day.success + day.error ? (day.success / (day.success + day.error)) * 100 : null)) }],
  };
}

const Figure = ({ label, value, hint }) => html`<div class="figure" title=${hint}><span class="figure-value number">${value}</span><span class="figure-label">${label}</span></div>`;

function Figures({ analytics }) {
  const { total_count: total, success_rate: rate, average_duration: average, p95_duration: p95, recent_failures: failures, runs_per_day: perDay } = analytics;
  const rounded = (value) => (value >= 10 ? count(Math.round(value)) : String(Math.round(value * 10) / 10));
  return html`<div class="figures">
    <${Figure} label=${text.history.runs} value=${count(total)} />
    <${Figure} label=${text.history.rate} value=${total ? percent(rate) : '–'} />
    <${Figure} label=${text.history.average} value=${total ? duration(average * 1000) : '–'} />
    <${Figure} label=${text.history.p95} value=${total ? duration(p95 * 1000) : '–'} hint=${text.history.p95Hint} />
    <${Figure} label=${text.history.failures} value=${count(failures)} />
    <${Figure} label=${text.history.perDay} value=${total ? rounded(perDay) : '–'} />
  </div>`;
}

function Charts({ runs, total }) {
  const days = useMemo(() => daysOf(runs), [JSON.stringify(runs.map(({ id, end_time: end }) => [id, end]))]);
  if (!days) return null;
  return html`<div class="charts">
    <${Chart} title=${text.history.ends} times=${days.times} series=${days.ends} />
    <${Chart} title=${text.history.took} times=${days.times} series=${days.took} />
    <${Chart} title=${text.history.rateDay} times=${days.times} series=${days.rate} />
  </div>
  ${total > runs.length && html`<p class="faint">${text.history.charted(count(runs.length))}</p>`}`;
}

const Row = ({ run }) => html`<tr data-run=${run.id}>
  <td class="cell-state"><${State} status=${run.status} word /></td>
  <td class="cell-main"><a href=${href(['runs', run.id])} dir="auto" title=${run.name}>${run.name || run.workflow_id}</a>
    <span class="cell-sub" dir="auto">${run.error || html`<span class="mono">${run.id}</span>`}</span></td>
  <td class="cell-time"><${Ago} time=${run.end_time} /></td>
  <td class="cell-number wide-only">${typeof run.duration === 'number' && duration(run.duration * 1000)}</td></tr>`;

export function HistoryPage() {
  usePageState(text.history.title);
  const { params } = route.value;
  const page = Math.max(0, Number(params.get('page')) || 0);
  const query = queryOf(params);
  const key = JSON.stringify(query);
  const { data, error, slow, reload } = useResource(`history ${key} ${page}`, (signal) => getHistory({ ...query, limit: PAGE, offset: page * PAGE }, signal), () => REFRESH_MS);
  const charted = useResource(`charts ${key}`, (signal) => getHistory({ ...query, limit: CHARTED }, signal), () => REFRESH_MS * 6);
  const pages = data ? Math.ceil(data.total_count / PAGE) : 0;
  const turn = (to) => setParams({ page: to || null });
  return html`<div class="page">
    <header class="page-head"><h1>${text.history.title}</h1></header>
    <${RunFilters} states=${STATES} />
    ${data && error && html`<p class="stale" role="status">${text.failure.staleList}</p>`}
    ${!data && error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data && slow && html`<${Skeleton} />`}
    ${data && html`<${Figures} analytics=${data.analytics} />`}
    ${charted.data && html`<${Charts} runs=${charted.data.workflows} total=${charted.data.total_count} />`}
    ${data?.workflows.length === 0 && html`<section class="notice"><p>${key === '{}' ? text.history.empty : text.runs.emptyFilter}</p>
      <a class="button" href=${key === '{}' ? href(['workflows']) : href(['history'])}>${key === '{}' ? text.runs.toWorkflows : text.runs.clear}</a></section>`}
    ${data?.workflows.length > 0 && html`<table class="list"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.runs.name}</th><th>${text.history.ended}</th>
      <th class="cell-number wide-only">${text.runs.duration}</th></tr></thead><tbody>${data.workflows.map((run) => html`<${Row} key=${run.id} run=${run} />`)}</tbody></table>
      ${pages > 1 && html`<nav class="pager" aria-label=${text.history.pages}>
        <button type="button" class="button" disabled=${page === 0} onClick=${() => turn(page - 1)}>${text.history.newer}</button>
        <span class="number">${text.history.pageOf(page + 1, pages)}</span>
        <button type="button" class="button" disabled=${page + 1 >= pages} onClick=${() => turn(page + 1)}>${text.history.older}</button></nav>`}`}
  </div>`;
}
