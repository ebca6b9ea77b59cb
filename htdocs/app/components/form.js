// A form made from a workflow's params: types, required, defaults. What is wrong is said beside the field.

import { html, useRef, useState } from '../ui.js';
import { text } from '../text.js';

const isStructure = ({ type }) => type === 'object' || type === 'array';

function initial(param) {
  const value = param.default;
  if (param.type === 'boolean') return Boolean(value);
  if (value === undefined || value === null) return '';
  if (param.type === 'array' && value.every((item) => typeof item === 'string')) return value.join('\n');
  return isStructure(param) ? JSON.stringify(value, null, 2) : String(value);
}

const empty = Symbol('no value');

/** The field's text as a value of the param's type; throws what to tell the person. */
function read(param, raw) {
  const wrong = (message) => {
    throw new Error(message);
  };
  if (param.type === 'boolean') return raw;
  if (raw.trim() === '') return param.required ? wrong(text.workflow.missing) : empty;
  if (param.type === 'number' || param.type === 'integer') {
    const value = Number(raw);
    if (!Number.isFinite(value)) wrong(text.workflow.notNumber);
    if (param.type === 'integer' && !Number.isInteger(value)) wrong(text.workflow.notInteger);
    return value;
  }
  if (param.type === 'array' && !raw.trim().startsWith('['))
    return raw.split('\n').map((line) => line.trim()).filter(Boolean);
  if (!isStructure(param)) return param.enum ? (param.enum.find((choice) => String(choice) === raw) ?? raw) : raw;
  const what = param.type === 'array' ? text.workflow.array : text.workflow.object;
  let value;
  try {
    value = JSON.parse(raw);
  } catch {
    wrong(text.workflow.notJson(what));
  }
  const right = param.type === 'array' ? Array.isArray(value) : typeof value === 'object' && value && !Array.isArray(value);
  return right ? value : wrong(text.workflow.notJson(what));
}

function Field({ param, value, error, onInput }) {
  const id = `param-${param.name}`;
  const input = (event) => onInput(param.type === 'boolean' ? event.currentTarget.checked : event.currentTarget.value);
  const hint = param.description ?? (param.type === 'array' ? text.workflow.lines : param.type === 'object' ? text.workflow.json : '');
  const common = {
    id,
    name: param.name,
    'aria-describedby': `${id}-hint`,
    'aria-invalid': error ? 'true' : undefined,
    'aria-required': param.required ? 'true' : undefined,
  };
  let control;
  if (param.enum)
    control = html`<select ...${common} value=${value} onChange=${input}>
      ${!param.required && html`<option value="">${text.workflow.choose}</option>`}
      ${param.enum.map((choice) => html`<option key=${choice} value=${choice} selected=${String(choice) === value}>${String(choice)}</option>`)}
    </select>`;
  else if (param.type === 'boolean')
    control = html`<label class="check"><input type="checkbox" ...${common} checked=${value} onChange=${input} />${text.workflow.yes}</label>`;
  else if (isStructure(param))
    control = html`<textarea ...${common} rows="4" spellcheck=${false} dir="auto" value=${value} onInput=${input}></textarea>`;
  else
    control = html`<input type="text" ...${common} inputMode=${param.type === 'number' ? 'decimal' : param.type === 'integer' ? 'numeric' : undefined}
      autocomplete="off" spellcheck=${false} dir="auto" value=${value} onInput=${input} />`;
  return html`<div class=${error ? 'field field-wrong' : 'field'}>
    <label class="field-label" for=${id}>${param.label ?? param.name}${param.required && html`<span class="field-required">${text.workflow.required}</span>`}</label>
    ${control}
    <div class="field-hint" id=${`${id}-hint`}>${error ? html`<span class="field-error">${error}</span>` : hint}</div>
  </div>`;
}

/** onRun(input) returns a promise; a RequestError with errors for single params is shown at them. */
export function RunForm({ params, onRun }) {
  const [values, setValues] = useState(() => Object.fromEntries(params.map((param) => [param.name, initial(param)])));
  const [errors, setErrors] = useState({});
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);

  const refuse = (found, message = null) => {
    setErrors(found);
    setFailure(message);
    const name = params.find((param) => found[param.name])?.name;
    if (name) form.current.querySelector(`#param-${CSS.escape(name)}`).focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    const input = {};
    const found = {};
    for (const param of params) {
      try {
        const value = read(param, values[param.name]);
        if (value !== empty) input[param.name] = value;
      } catch (error) {
        found[param.name] = error.message;
      }
    }
    if (Object.keys(found).length) return refuse(found);
    refuse({});
    setBusy(true);
    try {
      await onRun(input);
    } catch (error) {
      const named = (error.errors ?? []).filter(({ param }) => param);
      refuse(Object.fromEntries(named.map(({ param, message }) => [param, message])), named.length ? null : error.message);
      setBusy(false);
    }
  };

  return html`<form class="run-form" ref=${form} onSubmit=${submit} noValidate>
    ${params.length === 0 && html`<p class="faint">${text.workflow.noInput}</p>`}
    ${params.map((param) => html`<${Field} key=${param.name} param=${param} value=${values[param.name]} error=${errors[param.name]}
      onInput=${(value) => setValues({ ...values, [param.name]: value })} />`)}
    ${failure && html`<p class="form-failure" role="alert">${text.workflow.refused} ${failure}</p>`}
    <button type="submit" class="button button-primary" disabled=${busy}>${busy ? text.workflow.running : text.workflow.run}</button>
  </form>`;
}
