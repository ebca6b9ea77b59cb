// The steps to an answer: one bar of as many parts while they are taken, and what each did when it is opened.

import { html, useState } from '../ui.js';
import { State } from '../components/icons.js';
import { duration } from '../format.js';
import { ended } from '../fold.js';
import { text } from '../text.js';

const DONE = ['success', 'skipped'];

/** What a step found, in a few words. */
function found(id, output) {
  if (!output) return '';
  const { step } = text.assistant;
  if (output.intent) return output.intent;
  if (id === 'model_selection') return output.model ?? step.noModel;
  if (Array.isArray(output.calls)) return step.calls(output.calls.length);
  if (Array.isArray(output.results)) return step.results(output.succeeded ?? 0, output.failed ?? 0);
  if (Array.isArray(output.passages)) return step.passages(output.passages.length);
  return '';
}

export function Steps({ fold, status }) {
  const [open, setOpen] = useState(false);
  const steps = fold.graph.nodes.map(({ id }) => ({ id, label: fold.label(id), ...fold.nodes.get(id) }));
  const done = steps.filter((step) => DONE.includes(step.status)).length;
  const current = steps.find((step) => ['running', 'error', 'cancelled'].includes(step.status)) ?? steps.find((step) => !ended(step.status));
  const words = status === 'queued' ? text.assistant.waiting
    : status === 'success' || !current ? text.assistant.stepsDone(steps.length)
      : text.assistant.stepOf(steps.indexOf(current) + 1, steps.length, current.label);
  return html`<details class="steps" data-done=${done} open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>
      <span class="steps-bar" role="progressbar" aria-label=${text.assistant.progress} aria-valuemin="0" aria-valuemax=${steps.length} aria-valuenow=${done}>
        ${steps.map((step) => html`<span key=${step.id} class=${`steps-part p-${step.status}`}></span>`)}</span>
      <span class="steps-words">${words}</span>
    </summary>
    ${open && html`<ol class="steps-list">${steps.map((step) => html`<li key=${step.id} data-step=${step.id} data-status=${step.status}>
      <${State} status=${step.status} /><span>${step.label}</span><span class="faint" dir="auto">${step.error?.message ?? found(step.id, step.output)}</span>
      <span class="number faint">${ended(step.status) && duration(step.durationMs)}</span></li>`)}</ol>`}
  </details>`;
}
