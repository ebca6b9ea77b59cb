import { html, useMemo } from '../ui.js';
import { getWorkflow, listRuns, startRun } from '../api.js';
import { RunForm } from '../components/form.js';
import { Graph } from '../components/graph.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { go } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { refreshRuns, RunsTable } from './runs-table.js';

const RECENT = 10;

export function WorkflowPage({ id }) {
  const { data: workflow, error, slow, reload } = useResource(`workflow ${id}`, (signal) => getWorkflow(id, signal));
  const recent = useResource(
    `workflow runs ${id}`,
    (signal) => listRuns({ workflow: id, limit: RECENT }, signal),
    refreshRuns,
  );
  const graph = useMemo(() => workflow && { nodes: workflow.nodes ?? [], edges: workflow.edges ?? [] }, [workflow]);
  const nodes = useMemo(() => new Map(graph?.nodes.map((node) => [node.id, { status: 'pending' }])), [graph]);
  usePageState(workflow?.name || id);
  if (error && !workflow)
    return html`<div class="page"><${Failure} error=${error} missing=${text.failure.notFound.workflow} retry=${reload} /></div>`;
  if (!workflow) return html`<div class="page">${slow && html`<${Skeleton} />`}</div>`;

  const run = async (input) => go(['runs', (await startRun(id, { input })).runId]);
  return html`<div class="page">
    <header class="page-head"><h1 dir="auto">${workflow.name || id}</h1>
      <span class="page-meta"><span class="mono">${id}</span> · ${text.workflow.version(workflow.version)} · ${text.workflows.nodeCount(graph.nodes.length)}</span>
    </header>
    ${workflow.description && html`<p class="page-lead" dir="auto">${workflow.description}</p>`}
    <div class="workflow">
      <section class="card workflow-form"><h2>${text.workflow.input}</h2>
        <${RunForm} key=${id} params=${workflow.params ?? []} onRun=${run} /></section>
      <div class="card workflow-graph"><${Graph} graph=${graph} nodes=${nodes} chosen=${null} onChoose=${() => {}} label=${text.workflow.graph} /></div>
    </div>
    <section><h2>${text.workflow.recent}</h2>
      ${recent.data?.items.length === 0 && html`<p class="faint">${text.workflow.noRuns}</p>`}
      ${recent.error && !recent.data && html`<${Failure} error=${recent.error} retry=${recent.reload} />`}
      ${recent.data?.items.length > 0 && html`<${RunsTable} runs=${recent.data.items} />`}
    </section>
  </div>`;
}
