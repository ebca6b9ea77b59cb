import { html, useState } from '../ui.js';
import { listWorkflows } from '../api.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { State } from '../components/icons.js';
import { Ago } from '../components/time.js';
import { href } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const PAGE = 100;
const REFRESH_MS = 5000;

function Row({ workflow }) {
  const { id, name, description, nodeCount, version, lastRun } = workflow;
  return html`<tr>
    <td class="cell-main"><a href=${href(['workflows', id])} dir="auto" title=${name ?? id}>${name || id}</a>
      ${description && html`<span class="cell-sub" dir="auto">${description}</span>`}</td>
    <td class="cell-state">${lastRun
      ? html`<a class="quiet" href=${href(['runs', lastRun.id])}><${State} status=${lastRun.status} word /></a>
          <span class="cell-meta"><${Ago} time=${lastRun.finishedAt ?? lastRun.startedAt ?? lastRun.createdAt} /></span>`
      : html`<${State} status="never" word />`}</td>
    <td class="cell-number wide-only">${nodeCount}</td>
    <td class="cell-number wide-only">${version}</td>
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
  return html`<div class="page">
    <header class="page-head"><h1>${text.workflows.title}</h1>
      ${data && html`<span class="page-meta number">${text.workflows.count(data.items.length)}</span>`}</header>
    ${data && error && html`<p class="stale" role="status">${text.failure.staleList}</p>`}
    ${!data && error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data && slow && html`<${Skeleton} />`}
    ${data?.items.length === 0 &&
    html`<section class="notice"><p>${text.workflows.empty}</p><code class="command">${text.workflows.emptyCommand}</code><button class="button" onClick=${reload}>${text.workflows.reload}</button></section>`}
    ${data?.items.length > 0 &&
    html`<table class="list">
      <thead><tr><th>${text.workflows.name}</th><th>${text.workflows.last}</th><th class="cell-number wide-only">${text.workflows.nodes}</th>
        <th class="cell-number wide-only">${text.workflows.version}</th><th><span class="hidden">${text.workflows.run}</span></th></tr></thead>
      <tbody>${data.items.map((workflow) => html`<${Row} key=${workflow.id} workflow=${workflow} />`)}</tbody>
    </table>
    ${data.next && html`<button class="button" onClick=${() => setLimit(limit + PAGE)}>${text.workflows.more}</button>`}`}
  </div>`;
}
