import { html, useState } from '../ui.js';
import { listRuns } from '../api.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { href, route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { refreshRuns, RunsTable } from './runs-table.js';

const PAGE = 50;
const STATES = ['running', 'queued', 'success', 'error', 'cancelled'];

export function RunsPage() {
  usePageState(text.runs.title);
  const { params } = route.value;
  const status = params.get('status');
  const workflow = params.get('workflow');
  const [limit, setLimit] = useState(PAGE);
  const { data, error, slow, reload } = useResource(
    `runs ${status} ${workflow} ${limit}`,
    (signal) => listRuns({ status, workflow, limit }, signal),
    refreshRuns,
  );
  const filtered = status || workflow;
  return html`<div class="page">
    <header class="page-head"><h1>${text.runs.title}</h1></header>
    <div class="chips" role="group" aria-label=${text.runs.filter}>
      ${[null, ...STATES].map((name) => html`<button key=${name} type="button" class="chip" aria-pressed=${name === status}
        onClick=${() => setParams({ status: name })}>${name ? text.state[name] : text.runs.all}</button>`)}
      ${workflow && html`<button type="button" class="chip" aria-pressed="true" onClick=${() => setParams({ workflow: null })}>
        ${text.runs.ofWorkflow(workflow)}</button>`}
    </div>
    ${data && error && html`<p class="stale" role="status">${text.failure.staleList}</p>`}
    ${!data && error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data && slow && html`<${Skeleton} />`}
    ${data?.items.length === 0 &&
    html`<section class="notice"><p>${filtered ? text.runs.emptyFilter : text.runs.empty}</p>
      <a class="button" href=${filtered ? href(['runs']) : href(['workflows'])}>${filtered ? text.runs.clear : text.runs.toWorkflows}</a></section>`}
    ${data?.items.length > 0 &&
    html`<${RunsTable} runs=${data.items} named />
      ${data.next && html`<button class="button" onClick=${() => setLimit(limit + PAGE)}>${text.runs.more}</button>`}`}
  </div>`;
}
