// The header line of a run: state, name, times, progress, and what one can do about it.

import { html } from '../ui.js';
import { State } from '../components/icons.js';
import { Ago, Duration } from '../components/time.js';
import { percent } from '../format.js';
import { ended } from '../fold.js';
import { href } from '../router.js';
import { text } from '../text.js';
import { RunActions } from './run-actions.js';

export function RunHead({ id, fold, reading, followed }) {
  const { run, nodes } = fold;
  const done = ended(run.status);
  const settled = [...nodes.values()].filter(({ status }) => ended(status)).length;
  const name = run.name || run.workflowId;
  return html`<header class="run-head">
    <div class="run-title">
      <span class="run-state" data-status=${run.status}><${State} status=${run.status} word /></span>
      <h1 dir="auto" title=${name}>${run.workflowVersion ? html`<a href=${href(['workflows', run.workflowId])}>${name}</a>` : name}</h1>
      <span class="run-actions"><${RunActions} run=${run} status=${run.status} pausing=${Boolean(run.pausing)} followed=${followed} /></span>
    </div>
    <div class="run-facts">
      <span class="mono" title=${text.run.label(id)}>${id}</span>
      <span>${run.startedAt ? text.run.started : text.run.queuedAt} <${Ago} time=${run.startedAt ?? run.createdAt} /></span>
      ${run.startedAt && html`<span class="run-duration"><${Duration} ms=${done ? (run.durationMs ?? null) : undefined} since=${done ? null : run.startedAt} /></span>`}
      <span class="number">${text.run.nodeOf(settled, nodes.size)}</span>
      ${run.attempt > 1 && html`<span class="number">${text.run.attempt(run.attempt)}</span>`}
      ${fold.whole && html`<span class="number" title=${text.run.wholeHint}>${text.run.whole(fold.events)}</span>`}
      ${reading && html`<span class="number run-reading">${text.run.reading(reading.done, reading.total)}</span>`}
      ${run.pausing && !done && html`<span>${text.exported.pausing}</span>`}
      ${!done && html`<span class="number run-percent">${percent(run.progress)}</span>`}
    </div>
    <div class=${`run-progress s-${run.status}`} role="progressbar" aria-label=${text.run.progress} aria-valuemin="0" aria-valuemax="100"
      aria-valuenow=${Math.round(run.progress ?? 0)}><span style=${{ transform: `scaleX(${(run.progress ?? 0) / 100})` }}></span></div>
  </header>`;
}
