// What one can do about a run: the likeliest thing as a button, the rest in a menu.

import { html, useEffect, useState } from '../ui.js';
import { changeRun, exportRun, getWorkflow, rerun } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { lazy } from '../components/lazy.js';
import { Menu } from '../components/menu.js';
import { explain, useResource } from '../components/resource.js';
import { ended } from '../fold.js';
import { go, setParams } from '../router.js';
import { text } from '../text.js';

const RunForm = lazy(() => import('../components/form.js'), 'RunForm');

/** By the run's state: what is a button; the rest of MORE is in the menu. */
const BUTTONS = {
  queued: ['cancel'],
  running: ['cancel'],
  paused: ['unpause', 'cancel'],
  success: ['rerun'],
  error: ['resume'],
  cancelled: ['resume'],
};
const MORE = ['pause', 'resume', 'retry', 'rerun', 'edit', 'compare', 'replay', 'export'];
const CALL = { unpause: 'resume' }; // elsewhere the action's own name

/** Why this cannot be done to the run now; null when it can. */
function reasonAgainst(name, run) {
  const { why } = text.exported;
  const over = ended(run.status);
  if (name === 'pause') return over ? why.over : run.status === 'paused' || run.pausing ? why.pausing : null;
  if (name === 'resume') return !over ? why.active : run.status === 'success' ? why.succeeded : null;
  if (name === 'retry' || name === 'replay') return over ? null : why.active;
  return null;
}

/** What to do next when it did not work. */
export function nextStep({ status }) {
  const { next } = text.exported;
  return { 0: next.wait, 401: next.signIn, 403: next.scope, 404: next.gone, 409: next.changed }[status] ?? next.again;
}

/** The params of the run's workflow with this run's input as defaults; null when a form cannot be made of them. */
function formOf(workflow, run) {
  const params = workflow?.params ?? [];
  const known = new Set(params.map(({ name }) => name));
  if (!params.length || Object.keys(run.input ?? {}).some((name) => !known.has(name))) return null;
  return params.map((param) => (param.type === 'secret' || param.type === 'file' ? param : { ...param, default: run.input?.[param.name] ?? param.default }));
}

function saveAs(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function JsonForm({ value, onRun }) {
  const [raw, setRaw] = useState(() => JSON.stringify(value ?? {}, null, 2));
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    let input = null;
    try {
      input = JSON.parse(raw);
    } catch {
      // said below
    }
    if (typeof input !== 'object' || !input || Array.isArray(input)) return setFailure(text.run.notJson);
    setBusy(true);
    try {
      await onRun(input);
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return html`<form class="run-form" onSubmit=${submit}>
    <div class=${failure ? 'field field-wrong' : 'field'}><label class="field-label" for="input-json">${text.run.inputJson}</label>
      <textarea id="input-json" rows="12" spellcheck=${false} value=${raw} onInput=${(event) => setRaw(event.currentTarget.value)}></textarea>
      <div class="field-hint">${failure && html`<span class="field-error" role="alert">${failure}</span>`}</div></div>
    <button type="submit" class="button button-primary" disabled=${busy}>${busy ? text.run.busy : text.run.action.rerun}</button>
  </form>`;
}

function EditDialog({ run, onClose }) {
  const saved = useResource(`workflow ${run.workflowId}`, (signal) => getWorkflow(run.workflowId, signal).catch(() => ({})));
  const again = async (input) => go(['runs', (await rerun(run.id, { input })).runId]);
  const params = saved.data && formOf(saved.data, run);
  return html`<${Dialog} title=${text.run.action.edit} onClose=${onClose}>
    ${saved.data && (params ? html`<${RunForm} params=${params} onRun=${again} />` : html`<${JsonForm} value=${run.input} onRun=${again} />`)}
  <//>`;
}

/** status, pausing: of the run, which changes in place. */
export function RunActions({ run, status, pausing, followed }) {
  const [busy, setBusy] = useState(null); // action under way, or asked for and not yet seen
  const [failure, setFailure] = useState(null); // {name, words, step}
  const [editing, setEditing] = useState(false);
  const { action, actionHint } = text.run;
  const { doing } = text.exported;
  // What was asked for is shown at once; the run's own events tell when it is so, and a refusal takes it back.
  useEffect(() => setBusy(null), [status, pausing]);

  const perform = async (name) => {
    if (name === 'export') return saveAs(await (await exportRun(run.id)).blob(), `${run.id}.html`);
    if (name === 'rerun') return go(['runs', (await rerun(run.id)).runId]);
    await changeRun(run.id, CALL[name] ?? name);
    // A run that had ended is followed anew, as some ways end with it.
    if (name === 'resume' || name === 'retry') followed.reload();
    else followed.refresh();
  };
  const act = async (name) => {
    if (name === 'edit') return setEditing(true);
    if (name === 'replay') return setParams({ at: 0 });
    if (name === 'compare') return go(['compare', run.id]);
    setBusy(name);
    setFailure(null);
    try {
      await perform(name);
      if (name !== 'cancel') setBusy(null);
    } catch (error) {
      setBusy(null);
      setFailure({ name, words: explain(error), step: nextStep(error) });
      if (error.status === 409) followed.refresh();
    }
  };
  const buttons = BUTTONS[status] ?? [];
  const more = MORE.filter((name) => !buttons.includes(name)).map((name) => {
    const reason = reasonAgainst(name, run);
    return { id: name, label: action[name] ?? text.exported[name], hint: reason ?? actionHint[name] ?? text.exported.hint[name], disabled: reason !== null, act: () => act(name) };
  });
  return html`${failure && html`<p class="run-failure" role="alert"><span>${text.run.actionFailed(failure.words)} ${failure.step}</span>
      <button type="button" class="button-quiet" onClick=${() => act(failure.name)}>${text.failure.retry}</button>
      <button type="button" class="button-quiet" onClick=${() => setFailure(null)}>${text.run.dismiss}</button></p>`}
    ${busy && !buttons.includes(busy) && html`<span class="faint" role="status">${doing[busy]}</span>`}
    ${buttons.map((name) => html`<button key=${name} type="button" class="button" data-action=${name} title=${actionHint[name]}
      disabled=${busy !== null} onClick=${() => act(name)}>${busy === name ? doing[name] : action[name]}</button>`)}
    <${Menu} label=${text.run.more} disabled=${busy !== null} items=${more} />
    ${editing && html`<${EditDialog} run=${run} onClose=${() => setEditing(false)} />`}`;
}
