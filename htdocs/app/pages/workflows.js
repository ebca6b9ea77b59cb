import { html, useState } from '../ui.js';
import { listWorkflows } from '../api.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { Icon, State } from '../components/icons.js';
import { SortHead, sorted } from '../components/sort.js';
import { Sparkline, successRate } from '../components/sparkline.js';
import { Ago } from '../components/time.js';
import { percent } from '../format.js';
import { href, route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const PAGE = 100;
const REFRESH_MS = 5000;
const FILTER_FROM = 8; // workflows; fewer need no filter

const lastTime = ({ lastRun }) => lastRun && (lastRun.finishedAt ?? lastRun.startedAt ?? lastRun.createdAt);
const KEYS = {
  name: ({ name, id }) => (name || id).toLowerCase(),
  last: (workflow) => lastTime(workflow),
  rate: ({ recent = [] }) => successRate(recent),
  nodes: ({ nodeCount }) => nodeCount,
};
const matches = (query) => ({ id, name, description }) => [id, name, description].some((field) => field?.toLowerCase().includes(query));

function Row({ workflow }) {
  const { id, name, description, nodeCount, lastRun, recent = [] } = workflow;
  const rate = successRate(recent);
  return html`<tr>
    <td class="cell-main"><a href=${href(['workflows', id])} dir="auto" title=${name ?? id}>${name || id}</a>
      ${description && html`<span class="cell-sub" dir="auto">${description}</span>`}</td>
    <td class="cell-state">${lastRun
      ? html`<a class="quiet" href=${href(['runs', lastRun.id])}><${State} status=${lastRun.status} word /></a>
          <span class="cell-meta"><${Ago} time=${lastTime(workflow)} /></span>`
      : html`<${State} status="never" word />`}</td>
    <td class="wide-only"><${Sparkline} recent=${recent} /></td>
    <td class="cell-number wide-only">${rate !== null && percent(rate)}</td>
    <td class="cell-number wide-only">${nodeCount}</td>
    <td class="cell-action"><a class="button" href=${href(['workflows', id])} aria-label=${text.workflows.runNamed(name || id)}>${text.workflows.run}</a></td>
  </tr>`;
}

export function WorkflowsPage() {
  usePageState(text.workflows.title);
  const [limit, setLimit] = useState(PAGE);
  const { data, error, slow, reload } = useResource(
    `workflows ${limit}`,
    (signal) => listWorkflows({ limit }, signal),
    () => REFRESH_MS,
  );
  const { params } = route.value;
  const sort = params.get('sort');
  const query = params.get('q') ?? '';
  const found = sorted((data?.items ?? []).filter(matches(query.toLowerCase())), sort, KEYS);
  const head = (name, className) => html`<${SortHead} name=${name} label=${text.workflows[name]} sort=${sort} className=${className} />`;
  return html`<div class="page">
    <header class="page-head"><h1>${text.workflows.title}</h1>
      ${data && html`<span class="page-meta number">${text.workflows.count(data.items.length)}</span>`}
      ${(data?.items.length >= FILTER_FROM || query) && html`<label class="search page-search"><${Icon} name="search" /><span class="hidden">${text.workflows.filter}</span>
        <input type="search" placeholder=${text.workflows.filter} value=${query} onInput=${(event) => setParams({ q: event.currentTarget.value })} /></label>`}</header>
    ${data && error && html`<p class="stale" role="status">${text.failure.staleList}</p>`}
    ${!data && error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data && slow && html`<${Skeleton} />`}
    ${data?.items.length === 0 &&
    html`<section class="notice"><p>${text.workflows.empty}</p><code class="command">${text.workflows.emptyCommand}</code><button class="button" onClick=${reload}>${text.workflows.reload}</button></section>`}
    ${data?.items.length > 0 && !found.length &&
    html`<section class="notice"><p>${text.workflows.noMatch}</p><button class="button" onClick=${() => setParams({ q: null })}>${text.workflows.clear}</button></section>`}
    ${found.length > 0 &&
    html`<table class="list">
      <thead><tr>${head('name')}${head('last')}<th class="wide-only">${text.workflows.recent}</th>${head('rate', 'cell-number wide-only')}
        ${head('nodes', 'cell-number wide-only')}<th><span class="hidden">${text.workflows.run}</span></th></tr></thead>
      <tbody>${found.map((workflow) => html`<${Row} key=${workflow.id} workflow=${workflow} />`)}</tbody>
    </table>
    ${data.next && html`<button class="button" onClick=${() => setLimit(limit + PAGE)}>${text.workflows.more}</button>`}`}
  </div>`;
}
