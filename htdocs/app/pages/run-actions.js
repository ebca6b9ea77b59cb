// What one can do about a run: the likeliest thing as a button, the rest in a menu.

import { html, useState } from '../ui.js';
import { changeRun, getWorkflow, rerun } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { RunForm } from '../components/form.js';
import { Menu } from '../components/menu.js';
import { explain, useResource } from '../components/resource.js';
import { go } from '../router.js';
import { text } from '../text.js';

/** By the run's state: what is a button, what is in the menu. */
const OFFERED = {
  queued: [['cancel'], []],
  running: [['cancel'], ['pause']],
  paused: [['unpause', 'cancel'], []],
  success: [['rerun'], ['edit', 'retry', 'compare']],
  error: [['resume'], ['retry', 'rerun', 'edit', 'compare']],
  cancelled: [['resume'], ['retry', 'rerun', 'edit', 'compare']],
};
const CALL = { unpause: 'resume' }; // elsewhere the action's own name

/** The params of the run's workflow with this run's input as defaults; null when a form cannot be made of them. */
function formOf(workflow, run) {
  const params = workflow?.params ?? [];
  const known = new Set(params.map(({ name }) => name));
  if (!params.length || Object.keys(run.input ?? {}).some((name) => !known.has(name))) return null;
  return params.map((param) => (param.type === 'secret' || param.type === 'file' ? param : { ...param, default: run.input?.[param.name] ?? param.default }));
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

export function RunActions({ run, followed }) {
  const [busy, setBusy] = useState(null);
  const [failure, setFailure] = useState(null);
  const [editing, setEditing] = useState(false);
  const act = async (name) => {
    if (name === 'edit') return setEditing(true);
    if (name === 'compare') return go(['compare', run.id]);
    setBusy(name);
    setFailure(null);
    try {
      if (name === 'rerun') return go(['runs', (await rerun(run.id)).runId]);
      await changeRun(run.id, CALL[name] ?? name);
      // A run that had ended is followed anew, as some ways end with it.
      if (name === 'resume' || name === 'retry') followed.reload();
      else followed.refresh();
    } catch (error) {
      setFailure(explain(error));
    }
    setBusy(null);
  };
  const [buttons, more] = OFFERED[run.status] ?? [[], []];
  const { action, actionHint } = text.run;
  return html`${failure && html`<p class="run-failure" role="alert">${text.run.actionFailed(failure)}
      <button type="button" class="button-quiet" onClick=${() => setFailure(null)}>${text.run.dismiss}</button></p>`}
    ${buttons.map((name) => html`<button key=${name} type="button" class="button" data-action=${name} title=${actionHint[name]}
      disabled=${busy !== null} onClick=${() => act(name)}>${busy === name ? text.run.busy : action[name]}</button>`)}
    ${more.length > 0 && html`<${Menu} label=${text.run.more} disabled=${busy !== null}
      items=${more.map((name) => ({ id: name, label: action[name], hint: actionHint[name], act: () => act(name) }))} />`}
    ${editing && html`<${EditDialog} run=${run} onClose=${() => setEditing(false)} />`}`;
}
