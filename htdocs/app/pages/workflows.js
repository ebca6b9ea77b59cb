import { html, useEffect, useMemo, useState } from '../ui.js';
import { Icon, State } from '../components/icons.js';
import { lazy } from '../components/lazy.js';
import { Failure, Skeleton } from '../components/resource.js';
import { SortHead, sorted } from '../components/sort.js';
import { Sparkline, successRate } from '../components/sparkline.js';
import { Ago } from '../components/time.js';
import { Gap, useWindow } from '../components/window.js';
import { percent } from '../format.js';
import { href, route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { WorkflowList } from '../workflow-list.js';

const FILTER_FROM = 8; // workflows; fewer need no filter
const COLUMNS = 6;
const ImportDialog = lazy(() => import('../forms/import.js'), 'ImportDialog');

const lastTime = ({ lastRun }) => lastRun && (lastRun.finishedAt ?? lastRun.startedAt ?? lastRun.createdAt);
const KEYS = {
  name: ({ name, id }) => (name || id).toLowerCase(),
  last: (workflow) => lastTime(workflow),
  rate: ({ recent = [] }) => successRate(recent),
  nodes: ({ nodeCount }) => nodeCount,
};
const SHOW = {
  running: ({ lastRun }) => ['running', 'queued'].includes(lastRun?.status),
  failed: ({ lastRun }) => lastRun?.status === 'error',
  paused: ({ paused }) => paused,
  never: ({ lastRun }) => !lastRun,
};
const matches = (query) => ({ id, name, description }) => [id, name, description].some((field) => field?.toLowerCase().includes(query));

function Row({ workflow, index }) {
  const { id, name, description, nodeCount, lastRun, paused, recent = [] } = workflow;
  const rate = successRate(recent);
  return html`<tr data-workflow=${id} aria-rowindex=${index}>
    <td class="cell-main"><a href=${href(['workflows', id])} dir="auto" title=${name ?? id}>${name || id}</a>
      <span class="cell-sub" dir="auto">${paused && html`<${State} status="paused" word /> `}${description || id}</span></td>
    <td class="cell-state">${lastRun
      ? html`<a class="quiet" href=${href(['runs', lastRun.id])}><${State} status=${lastRun.status} word /></a>
          <span class="cell-meta">${lastRun.status === 'running' && lastRun.progress !== undefined
            ? html`<progress class="meter" max="100" value=${lastRun.progress} aria-label=${text.workflows.progress(name || id)}></progress>`
            : html`<${Ago} time=${lastTime(workflow)} />`}</span>`
      : html`<${State} status="never" word />`}</td>
    <td class="wide-only"><${Sparkline} recent=${recent} /></td>
    <td class="cell-number wide-only">${rate !== null && percent(rate)}</td>
    <td class="cell-number wide-only">${nodeCount}</td>
    <td class="cell-action"><a class="button" href=${href(['workflows', id])} aria-label=${text.workflows.runNamed(name || id)}>${text.workflows.run}</a></td>
  </tr>`;
}

function Table({ workflows, sort }) {
  const view = useWindow(workflows.length);
  const head = (name, className) => html`<${SortHead} name=${name} label=${text.workflows[name]} sort=${sort} className=${className} />`;
  return html`<table class="list workflows-list" aria-rowcount=${workflows.length + 1}>
    <thead><tr>${head('name')}${head('last', 'workflows-last')}<th class="wide-only workflows-recent">${text.workflows.recent}</th>${head('rate', 'cell-number wide-only workflows-figure')}
      ${head('nodes', 'cell-number wide-only workflows-figure')}<th class="workflows-run"><span class="hidden">${text.workflows.run}</span></th></tr></thead>
    <tbody ref=${view.ref}><${Gap} height=${view.before} columns=${COLUMNS} />
      ${workflows.slice(view.from, view.to).map((workflow, i) => html`<${Row} key=${workflow.id} workflow=${workflow} index=${view.from + i + 2} />`)}
      <${Gap} height=${view.after} columns=${COLUMNS} /></tbody>
  </table>`;
}

export function WorkflowsPage() {
  usePageState(text.workflows.title);
  const list = useMemo(() => new WorkflowList(), []);
  useEffect(() => () => list.close(), [list]);
  const [importing, setImporting] = useState(false);
  const { items, error, live, asOf } = list.view.value;
  const { params } = route.value;
  const sort = params.get('sort');
  const query = params.get('q') ?? '';
  const show = Object.hasOwn(SHOW, params.get('show') ?? '') ? params.get('show') : null;
  const found = useMemo(() => sorted((items ?? []).filter(matches(query.toLowerCase())).filter(SHOW[show] ?? (() => true)), sort, KEYS), [items, query, show, sort]);
  const words = text.workflows;
  return html`<div class="page">
    <header class="page-head workflow-head"><h1>${words.title}</h1>
      ${items?.length > 0 && html`<span class="page-meta number">${words.count(items.length)}</span>`}
      ${(items?.length >= FILTER_FROM || query) && html`<label class="search page-search"><${Icon} name="search" /><span class="hidden">${words.filter}</span>
        <input type="search" placeholder=${words.filter} value=${query} onInput=${(event) => setParams({ q: event.currentTarget.value })} /></label>`}
      ${items?.length > 0 && html`<span class="workflow-actions"><button type="button" class="button" onClick=${() => setImporting(true)}>${words.import}</button>
        <a class="button" href=${href(['workflows', 'new'])}>${words.create}</a></span>`}</header>
    ${(items?.length >= FILTER_FROM || show) && html`<div class="chips" role="group" aria-label=${words.show.label}>${[null, ...Object.keys(SHOW)].map((name) => html`<button key=${name} type="button" class="chip" aria-pressed=${name === show}
      onClick=${() => setParams({ show: name })}>${words.show[name ?? 'all']}</button>`)}</div>`}
    ${items && !live && html`<p class="stale" role="status">${words.polled} <${Ago} time=${asOf?.toISOString()} /></p>`}
    ${items && error && html`<p class="stale" role="status">${text.failure.staleList}</p>`}
    ${!items && (error ? html`<${Failure} error=${error} retry=${list.load} />` : html`<${Skeleton} />`)}
    ${items?.length === 0 && html`<section class="notice"><p>${words.empty}</p><span class="field-row"><a class="button button-primary" href=${href(['workflows', 'new'])}>${words.create}</a>
      <button type="button" class="button" onClick=${() => setImporting(true)}>${words.import}</button></span></section>`}
    ${items?.length > 0 && !found.length &&
    html`<section class="notice"><p>${words.noMatch}</p><button class="button" onClick=${() => setParams({ q: null, show: null })}>${words.clear}</button></section>`}
    ${found.length > 0 && html`<${Table} workflows=${found} sort=${sort} />`}
    ${importing && html`<${ImportDialog} onClose=${() => setImporting(false)} />`}
  </div>`;
}
