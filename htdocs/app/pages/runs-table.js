// Runs, one line a row; used by the list of all runs and by a workflow's page.

import { html } from '../ui.js';
import { Icon, State } from '../components/icons.js';
import { SortHead, sorted } from '../components/sort.js';
import { Ago, Duration } from '../components/time.js';
import { Gap, useWindow } from '../components/window.js';
import { percent } from '../format.js';
import { ended } from '../fold.js';
import { href } from '../router.js';
import { text } from '../text.js';

const KEYS = {
  state: ({ soon, status }) => text.state[soon ?? status],
  name: ({ name, workflowId }) => (name || workflowId).toLowerCase(),
  started: ({ startedAt, createdAt }) => startedAt ?? createdAt,
  duration: ({ durationMs, startedAt }) => durationMs ?? (startedAt ? Date.now() - Date.parse(startedAt) : null),
};

function Act({ run, what, icon, onAct }) {
  const label = text.runs.act(text.run.action[what], run.name || run.workflowId);
  return html`<button type="button" class="button-quiet button-icon" data-act=${what} aria-label=${label} title=${label} onClick=${() => onAct(run, what)}><${Icon} name=${icon} /></button>`;
}

function Row({ run, named, onAct, index }) {
  const { soon, status } = run;
  const done = ended(status);
  return html`<tr data-run=${run.id} data-status=${soon ?? status} aria-rowindex=${index} aria-busy=${Boolean(soon)}>
    <td class="cell-state"><${State} status=${soon ?? status} word label=${soon ? text.runs.soon[soon] : undefined} /></td>
    <td class="cell-main"><a href=${href(['runs', run.id])} dir="auto" title=${run.name}>${named ? run.name || run.workflowId : run.id}</a>
      ${named && html`<span class="cell-sub mono">${run.id}</span>`}</td>
    <td class="cell-progress wide-only">${!done && status !== 'queued'
      ? html`<progress class="meter" max="100" value=${run.progress ?? 0} aria-label=${text.runs.progress}></progress><span class="number">${percent(run.progress)}</span>`
      : null}</td>
    <td class="cell-time"><${Ago} time=${run.startedAt ?? run.createdAt} /></td>
    <td class="cell-number wide-only"><${Duration} ms=${done ? (run.durationMs ?? null) : undefined} since=${done ? null : run.startedAt} /></td>
    ${onAct && html`<td class="cell-action">${!soon && (done
      ? status !== 'success' && html`<${Act} run=${run} what="retry" icon="retry" onAct=${onAct} />`
      : html`<${Act} run=${run} what="cancel" icon="close" onAct=${onAct} />`)}</td>`}
  </tr>`;
}

/** onAct(run, 'cancel' | 'retry'): rows have buttons. sortable: by their headers, as the address's `sort` says. */
export function RunsTable({ runs, named, onAct, sort, sortable }) {
  const rows = sortable ? sorted(runs, sort, KEYS) : runs;
  const view = useWindow(rows.length);
  const columns = onAct ? 6 : 5;
  const head = (name, label, className) => (sortable ? html`<${SortHead} name=${name} label=${label} sort=${sort} className=${className} />` : html`<th class=${className}>${label}</th>`);
  return html`<table class="list runs-list" aria-rowcount=${rows.length + 1}>
    <thead><tr>${head('state', text.runs.state, 'cell-state')}${head('name', text.runs.name, '')}<th class="wide-only runs-progress">${text.runs.progress}</th>
      ${head('started', text.runs.started, 'runs-started')}${head('duration', text.runs.duration, 'cell-number wide-only runs-duration')}
      ${onAct && html`<th class="runs-act"><span class="hidden">${text.queue.change}</span></th>`}</tr></thead>
    <tbody ref=${view.ref}><${Gap} height=${view.before} columns=${columns} />
      ${rows.slice(view.from, view.to).map((run, i) => html`<${Row} key=${run.id} run=${run} named=${named} onAct=${onAct} index=${view.from + i + 2} />`)}
      <${Gap} height=${view.after} columns=${columns} /></tbody>
  </table>`;
}
