// A form made from a workflow's params: types, required, defaults, choices. What is wrong is said beside the field as one types.

import { html, useRef, useState } from '../ui.js';
import { choicesOf, fieldText, isStructure, nothing, readField, rememberable, wrongField } from '../forms/params.js';
import { bytes } from '../format.js';
import { recall, remember } from '../prefs.js';
import { text } from '../text.js';

const KEYBOARD = { number: 'decimal', integer: 'numeric' };

async function readFile(file) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return { name: file.name, bytes: file.size, data: url.slice(url.indexOf(',') + 1) };
}

function hintOf(param) {
  const kind = { array: text.workflow.lines, object: text.workflow.json, secret: text.workflow.sealed }[param.type];
  return [param.description, kind].filter(Boolean).join(' · ');
}

function Field({ param, value, error, onInput, onLeave }) {
  const id = `param-${param.name}`;
  const input = (event) => onInput(event.currentTarget.value);
  const choices = choicesOf(param);
  const common = {
    id, name: param.name, onBlur: onLeave, 'aria-describedby': `${id}-hint`, 'aria-invalid': error ? 'true' : undefined, 'aria-required': param.required ? 'true' : undefined,
  };
  let control;
  if (choices)
    control = html`<select ...${common} value=${value} onChange=${input}>
      ${(!param.required || value === '') && html`<option value="">${text.workflow.choose}</option>`}
      ${choices.map((choice) => html`<option key=${choice} value=${choice} selected=${String(choice) === value}>${String(choice)}</option>`)}
    </select>`;
  else if (typeof value === 'boolean')
    control = html`<label class="check"><input type="checkbox" ...${common} checked=${value} onChange=${(event) => onInput(event.currentTarget.checked)} />${text.workflow.yes}</label>`;
  else if (param.type === 'file')
    control = html`<input type="file" ...${common} onChange=${async (event) => onInput(event.currentTarget.files[0] ? await readFile(event.currentTarget.files[0]) : null)} />`;
  else if (isStructure(param))
    control = html`<textarea ...${common} rows="4" spellcheck=${false} dir="auto" value=${value} onInput=${input}></textarea>`;
  else
    control = html`<input type=${param.type === 'secret' ? 'password' : 'text'} ...${common} inputMode=${KEYBOARD[param.type]}
      autocomplete=${param.type === 'secret' ? 'new-password' : 'off'} spellcheck=${false} dir="auto" value=${value} onInput=${input} />`;
  return html`<div class=${error ? 'field field-wrong' : 'field'}>
    <label class="field-label" for=${id}>${param.label ?? param.name}${param.required && html`<span class="field-required">${text.workflow.required}</span>`}</label>
    ${control}
    <div class="field-hint" id=${`${id}-hint`}>${error ? html`<span class="field-error">${error}</span>` : hintOf(param)}${value?.bytes ? ` ${bytes(value.bytes)}` : ''}</div>
  </div>`;
}

/** onRun(input) returns a promise; a RequestError with errors for single params is shown at them. given: values that come before
 *  defaults; memory: the workflow's id, under which this browser keeps the last input. */
export function RunForm({ params, onRun, given = {}, memory = null }) {
  const last = memory ? recall(`input.${memory}`, null) : null;
  const initial = (from) => Object.fromEntries(params.map((param) => [param.name, fieldText(param, given[param.name] ?? from?.[param.name])]));
  const [values, setValues] = useState(() => initial(last));
  const [kept, setKept] = useState(Boolean(last) && params.some(({ name }) => last[name] !== undefined));
  const [touched, setTouched] = useState({});
  const [errors, setErrors] = useState({}); // of the server, or of all fields once it was sent
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);

  const refuse = (found, message = null) => {
    setErrors(found);
    setFailure(message);
    const name = params.find((param) => found[param.name])?.name;
    if (name) form.current.querySelector(`#param-${CSS.escape(name)}`).focus();
  };
  const change = (param, value) => {
    setValues((was) => ({ ...was, [param.name]: value }));
    setErrors((was) => ({ ...was, [param.name]: null }));
    if (value !== '') setTouched((was) => ({ ...was, [param.name]: true }));
  };
  const submit = async (event) => {
    event.preventDefault();
    const input = {};
    const found = {};
    for (const param of params) {
      const wrong = wrongField(param, values[param.name]);
      if (wrong) found[param.name] = wrong;
      else if (readField(param, values[param.name]) !== nothing) input[param.name] = readField(param, values[param.name]);
    }
    if (Object.keys(found).length) return refuse(found);
    refuse({});
    setBusy(true);
    if (memory) remember(`input.${memory}`, rememberable(params, input));
    try {
      await onRun(input);
    } catch (error) {
      const named = (error.errors ?? []).filter(({ param }) => param);
      refuse(Object.fromEntries(named.map(({ param, message }) => [param, message])), named.length ? null : error.message);
      setBusy(false);
    }
  };
  const reset = () => {
    setValues(initial(null));
    setKept(false);
    setErrors({});
  };

  return html`<form class="run-form" ref=${form} onSubmit=${submit} noValidate>
    ${params.length === 0 && html`<p class="faint">${text.workflow.noInput}</p>`}
    ${kept && html`<p class="field-hint">${text.workflow.kept} <button type="button" class="button-quiet" onClick=${reset}>${text.workflow.reset}</button></p>`}
    ${params.map((param) => html`<${Field} key=${param.name} param=${param} value=${values[param.name]}
      error=${errors[param.name] ?? (touched[param.name] ? wrongField(param, values[param.name]) : null)}
      onInput=${(value) => change(param, value)} onLeave=${() => values[param.name] !== '' && setTouched((was) => ({ ...was, [param.name]: true }))} />`)}
    ${failure && html`<p class="form-failure" role="alert">${text.workflow.refused} ${failure}</p>`}
    <button type="submit" class="button button-primary" disabled=${busy}>${busy ? text.workflow.running : text.workflow.run}</button>
  </form>`;
}
