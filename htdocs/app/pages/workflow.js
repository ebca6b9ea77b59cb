// One workflow: run it, what ran lately, when it runs by itself; edit, pause, export, delete.

import { html, useEffect, useMemo, useState } from '../ui.js';
import { changeWorkflow, deleteWorkflow, getSchedule, getWorkflow, startRun } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { RunForm } from '../components/form.js';
import { Graph } from '../components/graph.js';
import { State } from '../components/icons.js';
import { Menu } from '../components/menu.js';
import { explain, Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { toast } from '../components/toast.js';
import { absolute } from '../format.js';
import { fieldText } from '../forms/params.js';
import { go, href, route } from '../router.js';
import { RunList } from '../run-list.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { RunsTable } from './runs-table.js';

const RECENT = 10;
const NEXT = 3; // times of a schedule
const ADDED = ['version', 'createdAt', 'updatedAt', 'org', 'paused'];

/** The definition as a file, made here. */
function download(workflow) {
  const definition = Object.fromEntries(Object.entries(workflow).filter(([name]) => !ADDED.includes(name)));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(definition, null, 2)}\n`], { type: 'application/json' }));
  link.download = `${workflow.id}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Paused or not: shown as asked for at once, and taken back when the server refuses. */
function usePause(workflow) {
  const [asked, setAsked] = useState(null);
  const paused = asked ?? workflow?.paused ?? false;
  const change = async () => {
    const next = !paused;
    setAsked(next);
    try {
      setAsked((await changeWorkflow(workflow.id, next ? 'pause' : 'resume')).paused);
    } catch (error) {
      setAsked(paused);
      toast({ text: text.workflow.notChanged(explain(error)), kind: 'error' });
    }
  };
  return [paused, change];
}

function DeleteDialog({ workflow, onClose }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(null);
  const remove = async () => {
    setBusy(true);
    try {
      await deleteWorkflow(workflow.id);
      toast({ text: text.workflow.deleted(workflow.name || workflow.id) });
      go(['workflows']);
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${text.workflow.deleteTitle(workflow.name || workflow.id)} onClose=${onClose}>
    <div class="run-form"><p>${text.workflow.deleteWhat}</p>
      ${failure && html`<p class="form-failure" role="alert">${failure}</p>`}
      <div class="field-row"><button type="button" class="button button-danger" disabled=${busy} onClick=${remove}>${text.workflow.delete}</button>
        <button type="button" class="button" onClick=${onClose}>${text.workflow.keep}</button></div></div>
  <//>`;
}

function Schedules({ id }) {
  const { data } = useResource(`schedule ${id}`, (signal) => getSchedule(id, { n: NEXT }, signal));
  if (!data?.items.length) return null;
  return html`<section><h2>${text.workflow.schedule}</h2><ul class="schedules">${data.items.map((schedule) => html`<li key=${schedule.nodeId}>
    <span class="mono" dir="ltr">${schedule.cron}</span> <span class="faint">${schedule.timezone}</span>
    ${schedule.paused || !schedule.enabled
      ? html`<${State} status="paused" word />`
      : html`<span>${text.workflow.next} ${schedule.next.map((time, i) => html`<span key=${time} title=${absolute(time)}>${i > 0 && ', '}<${Ago} time=${time} /></span>`)}</span>`}
    ${schedule.error && html`<span class="field-error">${schedule.error}</span>`}</li>`)}</ul></section>`;
}

function Recent({ id }) {
  const list = useMemo(() => new RunList({ workflow: id }), [id]);
  useEffect(() => () => list.close(), [list]);
  const { items, error, live, asOf } = list.view.value;
  return html`<section><h2>${text.workflow.recent}</h2>
    ${items?.length === 0 && html`<p class="faint">${text.workflow.noRuns}</p>`}
    ${items && !live && html`<p class="stale" role="status">${text.workflows.polled} <${Ago} time=${asOf?.toISOString()} /></p>`}
    ${error && !items?.length && html`<${Failure} error=${error} retry=${list.load} />`}
    ${items?.length > 0 && html`<${RunsTable} runs=${items.slice(0, RECENT)} />`}
    ${items?.length > RECENT && html`<a class="button" href=${href(['runs'], { workflow: id })}>${text.workflow.allRuns}</a>`}
  </section>`;
}

/** Values for params in the address: #/workflows/ID?repo=... */
const givenIn = (params, query) => Object.fromEntries(params.filter(({ name, type }) => type !== 'secret' && type !== 'file' && query.has(name)).map((param) => [param.name, fieldText(param, query.get(param.name))]));

export function WorkflowPage({ id }) {
  const { data: workflow, error, slow, reload } = useResource(`workflow ${id}`, (signal) => getWorkflow(id, signal));
  const [paused, changePaused] = usePause(workflow);
  const [deleting, setDeleting] = useState(false);
  const graph = useMemo(() => workflow && { nodes: workflow.nodes ?? [], edges: workflow.edges ?? [] }, [workflow]);
  const nodes = useMemo(() => new Map(graph?.nodes.map((node) => [node.id, { status: 'pending' }])), [graph]);
  useEffect(() => void import('./run.js').catch(() => {}), []); // the next page, most likely: it is there when Run is pressed
  usePageState(workflow?.name || id);
  if (error && !workflow)
    return html`<div class="page"><${Failure} error=${error} missing=${text.failure.notFound.workflow} retry=${reload} /></div>`;
  if (!workflow) return html`<div class="page">${slow && html`<${Skeleton} />`}</div>`;

  const params = workflow.params ?? [];
  const saved = workflow.version > 0; // not the built-in one
  const run = async (input) => go(['runs', (await startRun(id, { input })).runId]);
  const more = [
    { id: 'export', label: text.workflow.export, hint: text.workflow.exportHint, act: () => download(workflow) },
    ...(saved ? [{ id: 'delete', label: text.workflow.deleteDots, hint: text.workflow.deleteHint, act: () => setDeleting(true) }] : []),
  ];
  return html`<div class="page">
    <header class="page-head workflow-head"><h1 dir="auto" title=${workflow.name}>${workflow.name || id}</h1>
      <span class="page-meta"><span class="mono">${id}</span> · ${saved ? html`<a href=${href(['workflows', id, 'versions'])}>${text.workflow.version(workflow.version)}</a>` : text.workflow.builtin} · ${text.workflows.nodeCount(graph.nodes.length)}</span>
      <span class="workflow-actions">${paused && html`<${State} status="paused" word />`}
        ${saved && html`<button type="button" class="button" aria-pressed=${paused} title=${text.workflow.pauseHint} onClick=${changePaused}>${paused ? text.workflow.resume : text.workflow.pause}</button>`}
        <a class="button" href=${href(['workflows', id, 'edit'])}>${text.workflow.edit}</a>
        <${Menu} items=${more} label=${text.workflow.more} /></span>
    </header>
    ${workflow.description && html`<p class="page-lead" dir="auto">${workflow.description}</p>`}
    ${paused && html`<p class="stale" role="status">${text.workflow.pausedNow}</p>`}
    <div class="workflow">
      <section class="card workflow-form"><h2>${text.workflow.input}</h2>
        <${RunForm} key=${id} params=${params} given=${givenIn(params, route.value.params)} memory=${id} onRun=${run} /></section>
      <div class="card workflow-graph"><${Graph} graph=${graph} nodes=${nodes} chosen=${null} onChoose=${() => {}} label=${text.workflow.graph} /></div>
    </div>
    <${Schedules} id=${id} />
    <${Recent} key=${id} id=${id} />
    ${deleting && html`<${DeleteDialog} workflow=${workflow} onClose=${() => setDeleting(false)} />`}
  </div>`;
}
