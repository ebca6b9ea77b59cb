// Runs, one line a row; used by the list of all runs and by a workflow's page.

import { html } from '../ui.js';
import { State } from '../components/icons.js';
import { Ago, Duration } from '../components/time.js';
import { percent } from '../format.js';
import { ended } from '../fold.js';
import { href } from '../router.js';
import { text } from '../text.js';

function Row({ run, named }) {
  const done = ended(run.status);
  return html`<tr data-run=${run.id}>
    <td class="cell-state"><${State} status=${run.status} word /></td>
    <td class="cell-main"><a href=${href(['runs', run.id])} dir="auto" title=${run.name}>${named ? run.name || run.workflowId : run.id}</a>
      ${named && html`<span class="cell-sub mono">${run.id}</span>`}</td>
    <td class="cell-progress wide-only">${!done && run.status !== 'queued'
      ? html`<progress class="meter" max="100" value=${run.progress ?? 0} aria-label=${text.runs.progress}></progress><span class="number">${percent(run.progress)}</span>`
      : null}</td>
    <td class="cell-time"><${Ago} time=${run.startedAt ?? run.createdAt} /></td>
    <td class="cell-number wide-only"><${Duration} ms=${done ? (run.durationMs ?? null) : undefined} since=${done ? null : run.startedAt} /></td>
  </tr>`;
}

export const RunsTable = ({ runs, named }) => html`<table class="list">
  <thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.runs.name}</th><th class="wide-only">${text.runs.progress}</th>
    <th>${text.runs.started}</th><th class="cell-number wide-only">${text.runs.duration}</th></tr></thead>
  <tbody>${runs.map((run) => html`<${Row} key=${run.id} run=${run} named=${named} />`)}</tbody>
</table>`;

const ACTIVE_MS = 2000;
const IDLE_MS = 8000;
/** When to look again: soon while something runs. */
export const refreshRuns = (data) => (data?.items.some(({ status }) => !ended(status)) ? ACTIVE_MS : IDLE_MS);
