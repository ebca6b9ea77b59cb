// Ended runs: figures and charts of what the filters select, and the list, page by page. The address holds the filters.

import { html, useMemo } from '../ui.js';
import { Chart } from '../components/chart.js';
import { RunFilters, spanStart } from '../components/filters.js';
import { State } from '../components/icons.js';
import { Ago, clockSkew } from '../components/time.js';
import { Awaited } from '../components/topic-state.js';
import { useTopic } from '../components/use-topic.js';
import { count, duration, percent } from '../format.js';
import { href, route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const PAGE = 50;
const STATES = ['success', 'error', 'cancelled'];
const DAY_S = 86400;

const whole = (value) => count(Math.round(value));

/** The filters of the address as the query of REST. */
function queryOf(params) {
  const query = { status: params.get('status'), workflow: params.get('workflow'), q: params.get('q'), from: spanStart(params) };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value));
}

const at = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

/** One entry a day from the first to the last on which a run ended: times and what is drawn over them. */
function daysOf(told) {
  if (!told.length) return null;
  const days = new Map(told.map((day) => [at(day.day), day]));
  const first = at(told[0].day);
  const times = Array.from({ length: (at(told.at(-1).day) - first) / DAY_S + 1 }, (_, i) => first + i * DAY_S);
  const of = (pick, otherwise = null) => times.map((time) => (days.has(time) ? pick(days.get(time)) : otherwise));
  const seconds = (s) => duration(s * 1000);
  return {
    times,
    ends: [
      { label: text.state.cancelled, color: '--rest', format: whole, bars: true, values: of((day) => day.success + day.error + day.cancelled, 0), said: of((day) => day.cancelled, 0) },
      { label: text.state.error, color: '--error', format: whole, bars: true, values: of((day) => day.success + day.error, 0), said: of((day) => day.error, 0) },
      { label: text.state.success, color: '--success', format: whole, bars: true, values: of((day) => day.success, 0) },
    ],
    took: [
      { label: text.history.p95, color: '--waiting', format: seconds, values: of((day) => day.p95_duration) },
      { label: text.history.p50, color: '--running', format: seconds, values: of((day) => day.p50_duration) },
    ],
    rate: [{ label: text.history.rate, color: '--success', format: percent, values: of(({ success, error }) => (success + error ? (success / (success + error)) * 100 : null)) }],
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

function Charts({ days: told }) {
  const days = useMemo(() => daysOf(told), [JSON.stringify(told)]);
  if (!days) return null;
  return html`<div class="charts">
    <${Chart} title=${text.history.ends} times=${days.times} series=${days.ends} least=${4} whole />
    <${Chart} title=${text.history.took} times=${days.times} series=${days.took} least=${0.1} />
    <${Chart} title=${text.history.rateDay} times=${days.times} series=${days.rate} least=${100} />
  </div>`;
}

const Row = ({ run }) => html`<tr data-run=${run.id}>
  <td class="cell-state"><${State} status=${run.status} word /></td>
  <td class="cell-main"><a href=${href(['runs', run.id])} dir="auto" title=${run.name}>${run.name || run.workflow_id}</a>
    <span class="cell-sub" dir="auto">${run.error || html`<span class="mono">${run.id}</span>`}</span></td>
  <td class="cell-time"><${Ago} time=${run.end_time} /></td>
  <td class="cell-number wide-only">${typeof run.duration === 'number' && duration(run.duration * 1000)}</td></tr>`;

// Pages after the first are of what had ended when one went there, so that what ends meanwhile moves nothing; the first is live.
export function HistoryPage() {
  usePageState(text.history.title);
  const { params } = route.value;
  const page = Math.max(0, Number(params.get('page')) || 0);
  const filters = queryOf(params);
  const asked = new URLSearchParams({ ...filters, ...(page && params.get('until') ? { to: params.get('until') } : {}), limit: PAGE, offset: page * PAGE, days: true });
  const topic = useTopic(`/workflow-history?${asked}`, `api/workflow-history?${asked}`);
  const { data, isConnected, lastUpdated } = topic;
  const pages = data ? Math.ceil(data.total_count / PAGE) : 0;
  const any = Object.keys(filters).length > 0;
  const turn = (to) => setParams({ page: to || null, until: to ? (params.get('until') ?? new Date(Date.now() + clockSkew.value).toISOString()) : null });
  return html`<div class="page">
    <header class="page-head"><h1>${text.history.title}</h1></header>
    <${RunFilters} states=${STATES} />
    ${data && !isConnected && lastUpdated && html`<p class="stale" role="status">${text.monitor.polled} <${Ago} time=${lastUpdated.toISOString()} /></p>`}
    ${!data && html`<${Awaited} topic=${topic} />`}
    ${data && html`<${Figures} analytics=${data.analytics} /><${Charts} days=${data.days ?? []} />`}
    ${data?.workflows.length === 0 && html`<section class="notice"><p>${any ? text.runs.emptyFilter : text.history.empty}</p>
      <a class="button" href=${any ? href(['history']) : href(['workflows'])}>${any ? text.runs.clear : text.runs.toWorkflows}</a></section>`}
    ${data?.workflows.length > 0 && html`<table class="list"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.runs.name}</th><th>${text.history.ended}</th>
      <th class="cell-number wide-only">${text.runs.duration}</th></tr></thead><tbody>${data.workflows.map((run) => html`<${Row} key=${run.id} run=${run} />`)}</tbody></table>
      ${pages > 1 && html`<nav class="pager" aria-label=${text.history.pages}>
        <button type="button" class="button" disabled=${page === 0} onClick=${() => turn(page - 1)}>${text.history.newer}</button>
        <span class="number">${text.history.pageOf(page + 1, pages)}</span>
        <button type="button" class="button" disabled=${page + 1 >= pages} onClick=${() => turn(page + 1)}>${text.history.older}</button></nav>`}`}
  </div>`;
}
