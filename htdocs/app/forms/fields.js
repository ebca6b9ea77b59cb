// One setting in a form: its label, its control by what the schema says of it, what it is for, what is wrong with it.
// A field gets `field` (schema.js), `value` (undefined: not set), `onChange(value)`, `path`, and `form`: {id, context, problems}.

import { html, useState } from '../ui.js';
import { Icon } from '../components/icons.js';
import { text } from '../text.js';
import { useChoices } from './choices.js';
import { Described } from './described.js';
import { ExpressionInput } from './expression.js';
import { JqTest } from './jq-test.js';
import { fieldsOf, fittingUnit, isObject, isTemplate, readAny, same, withMember, within, writeAny } from './schema.js';

/** What was typed, as long as it still says the value; else the value as text. */
function useTyped(value, write, read) {
  const [typed, setTyped] = useState(null);
  return [typed !== null && same(read(typed), value) ? typed : write(value), setTyped];
}

const orNone = (raw) => (raw === '' ? undefined : raw);
const asText = (value) => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

function TextField({ field, value, onChange, form, attributes, lines = 0 }) {
  const input = (raw) => onChange(orNone(raw));
  const jq = field.control === 'jq';
  if (field.template || jq)
    return html`<${ExpressionInput} id=${attributes.id} value=${asText(value)} onInput=${input} context=${form.context} jq=${jq} lines=${lines} attributes=${attributes} />`;
  const common = { ...attributes, value: asText(value), autocomplete: 'off', spellcheck: false, dir: 'auto', onInput: (event) => input(event.currentTarget.value) };
  return lines ? html`<textarea ...${common} rows=${Math.min(20, Math.max(lines, asText(value).split('\n').length))}></textarea>` : html`<input type="text" ...${common} />`;
}

const Multiline = (props) => html`<${TextField} ...${props} lines=${3} />`;
const Code = (props) => html`<${TextField} ...${props} lines=${6} />`;

function Jq(props) {
  const { value, form } = props;
  return html`<${TextField} ...${props} lines=${2} /><${JqTest} expression=${asText(value)} context=${form.context} field=${props.attributes.id} />`;
}

/** One of a list the server gives, or any other text. make: what is stored for a name; nameOf: the name in what is stored. */
function Chosen({ list, none, make = (name) => name, nameOf = (value) => value, field, value, onChange, form, attributes }) {
  const name = value === undefined ? '' : nameOf(asText(value));
  const known = name === '' || list?.some((item) => item.id === name);
  const [free, setFree] = useState(false);
  const other = free || !known;
  if (!list) return html`<${TextField} field=${field} value=${value} onChange=${onChange} form=${form} attributes=${attributes} />`;
  const choose = (event) => {
    const chosen = event.currentTarget.value;
    setFree(chosen === ' ');
    if (chosen !== ' ') onChange(chosen === '' ? undefined : make(chosen));
  };
  return html`<select ...${attributes} id=${other ? `${attributes.id}-which` : attributes.id} onChange=${choose} value=${other ? ' ' : name}>
      <option value="" selected=${!other && name === ''}>${none}</option>
      ${list.map((item) => html`<option key=${item.id} value=${item.id} selected=${!other && item.id === name}>${item.name}</option>`)}
      <option value=" " selected=${other}>${text.forms.other}</option>
    </select>
    ${other && html`<${TextField} field=${field} value=${value} onChange=${onChange} form=${form} attributes=${attributes} />`}`;
}

const SECRET = /^\{\{\s*\$secrets\.(\w+)\s*\}\}$/;
function Secret(props) {
  const names = useChoices('secrets');
  return html`<${Chosen} ...${props} list=${names?.map((name) => ({ id: name, name }))} none=${text.forms.noSecret}
    make=${(name) => `{{ $secrets.${name} }}`} nameOf=${(value) => SECRET.exec(value)?.[1] ?? value} />`;
}
function Workflow(props) {
  return html`<${Chosen} ...${props} list=${useChoices('workflows')} none=${text.forms.noWorkflow} />`;
}
function Model(props) {
  return html`<${Chosen} ...${props} list=${useChoices('models')} none=${text.forms.autoModel} />`;
}

function NumberField({ field, value, onChange, attributes }) {
  const [units, setUnits] = useState(null);
  const fitting = field.units && fittingUnit(field.units, value ?? field.fallback);
  const unit = units ?? fitting ?? ['', 1];
  const read = (raw) => (raw.trim() === '' ? undefined : Number.isFinite(Number(raw)) ? Number(raw) * unit[1] : raw);
  const write = (number) => (typeof number === 'number' ? String(number / unit[1]) : asText(number));
  const [shown, setTyped] = useTyped(value, write, read);
  const input = (event) => {
    setUnits(unit); // from now on it is typed in this unit
    setTyped(event.currentTarget.value);
    onChange(read(event.currentTarget.value));
  };
  const number = html`<input type="text" inputmode="decimal" ...${attributes} value=${shown} autocomplete="off" onInput=${input}
    placeholder=${field.fallback === undefined ? undefined : write(field.fallback)} />`;
  if (!field.units) return number;
  return html`<span class="field-row">${number}<select aria-label=${text.forms.unit(field.label)} value=${unit[0]}
    onChange=${(event) => setUnits(field.units.find(([name]) => name === event.currentTarget.value))}>
    ${field.units.map(([name]) => html`<option key=${name} value=${name} selected=${name === unit[0]}>${name}</option>`)}</select></span>`;
}

function BooleanField({ field, value, onChange, attributes }) {
  const checked = Boolean(value ?? field.fallback);
  const change = (event) => onChange(event.currentTarget.checked === Boolean(field.fallback) ? undefined : event.currentTarget.checked);
  return html`<label class="check"><input type="checkbox" ...${attributes} checked=${checked} onChange=${change} />${text.forms.yes}</label>`;
}

function Choice({ field, value, onChange, attributes }) {
  const { enum: choices } = field.schema;
  const change = (event) => onChange(choices.find((choice) => String(choice) === event.currentTarget.value));
  return html`<select ...${attributes} onChange=${change}>
    ${(!field.required || value === undefined) && html`<option value="" selected=${value === undefined}>${field.fallback === undefined ? text.forms.notSet : text.forms.byDefault(field.fallback)}</option>`}
    ${value !== undefined && !choices.includes(value) && html`<option value=${asText(value)} selected>${asText(value)}</option>`}
    ${choices.map((choice) => html`<option key=${choice} value=${String(choice)} selected=${choice === value}>${String(choice)}</option>`)}
  </select>`;
}

function Choices({ field, value, onChange, attributes }) {
  const { enum: choices } = field.schema.items;
  const chosen = Array.isArray(value) ? value : (field.fallback ?? []);
  const toggle = (choice, on) => {
    const next = choices.filter((one) => (one === choice ? on : chosen.includes(one)));
    onChange(same(next, field.fallback) ? undefined : next);
  };
  return html`<span class="field-row" role="group" aria-labelledby=${`${attributes.id}-label`}>
    ${choices.map((choice) => html`<label key=${choice} class="check"><input type="checkbox" checked=${chosen.includes(choice)} onChange=${(event) => toggle(choice, event.currentTarget.checked)} />${choice}</label>`)}</span>`;
}

const RemoveButton = ({ what, onClick }) => html`<button type="button" class="button-quiet button-icon" aria-label=${text.forms.remove(what)} title=${text.forms.remove(what)} onClick=${onClick}><${Icon} name="close" /></button>`;
const AddButton = ({ what, onClick }) => html`<button type="button" class="button-quiet row-add" aria-label=${text.forms.addTo(what)} onClick=${onClick}>${text.forms.add}</button>`;

/** Texts, one a row; numbers where the schema takes numbers. */
function List({ field, value, onChange, form, attributes }) {
  const whole = field.schema.anyOf ? field.schema.anyOf.find(({ type }) => type === 'array') : field.schema;
  const numbers = JSON.stringify(whole.items).includes('"integer"');
  const read = (raw) => (numbers && /^\d+$/.test(raw) ? Number(raw) : raw);
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  const set = (next) => onChange(next.length ? next : undefined);
  const item = { ...field, control: 'text', required: true };
  return html`<div class="rows" role="group" aria-labelledby=${`${attributes.id}-label`}>
    ${list.map((one, i) => html`<div key=${i} class="row"><${TextField} field=${item} value=${asText(one)} form=${form} lines=${asText(one).includes('\n') ? 2 : 0}
      onChange=${(raw) => set(list.with(i, read(raw ?? '')))} attributes=${{ ...attributes, id: i ? `${attributes.id}-${i}` : attributes.id, 'aria-label': text.forms.nth(field.label, i + 1) }} />
      <${RemoveButton} what=${text.forms.nth(field.label, i + 1)} onClick=${() => set(list.toSpliced(i, 1))} /></div>`)}
    <${AddButton} what=${field.label} onClick=${() => set([...list, ''])} /></div>`;
}

/** Names with texts: headers, environment. */
function MapField({ field, value, onChange, form, attributes }) {
  const read = (rows) => (rows.length ? Object.fromEntries(rows.filter(([name]) => name !== '')) : undefined);
  const [rows, setRows] = useTyped(isObject(value) ? value : undefined, (map) => Object.entries(map ?? {}), read);
  const set = (next) => {
    setRows(next);
    onChange(read(next));
  };
  const item = { ...field, control: 'text' };
  return html`<div class="rows" role="group" aria-labelledby=${`${attributes.id}-label`}>
    ${rows.map(([name, one], i) => html`<div key=${i} class="row">
      <input type="text" class="mono row-name" aria-label=${text.forms.nameOf(field.label, i + 1)} placeholder=${text.forms.name} value=${name} autocomplete="off" spellcheck=${false}
        onInput=${(event) => set(rows.with(i, [event.currentTarget.value, one]))} />
      <${TextField} field=${item} value=${asText(one)} form=${form} onChange=${(raw) => set(rows.with(i, [name, raw ?? '']))}
        attributes=${{ id: `${attributes.id}-${i}`, 'aria-label': text.forms.valueOf(name || field.label) }} />
      <${RemoveButton} what=${name || field.label} onClick=${() => set(rows.toSpliced(i, 1))} /></div>`)}
    <${AddButton} what=${field.label} onClick=${() => set([...rows, ['', '']])} /></div>`;
}

function Members({ field, value, onChange, path, form }) {
  const object = isObject(value) ? value : {};
  const set = (name, member) => {
    const next = withMember(object, name, member);
    onChange(Object.keys(next).length ? next : undefined);
  };
  return html`<div class="group">${fieldsOf(field.schema).map((member) => html`<${Field} key=${member.name} field=${member} value=${object[member.name]}
    path=${path ? `${path}.${member.name}` : member.name} form=${form} onChange=${(next) => set(member.name, next)} />`)}</div>`;
}

function Group(props) {
  const [open, setOpen] = useState(props.value !== undefined || props.field.required);
  return html`<details class="fold group-box" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${props.value === undefined ? text.forms.notSet : text.forms.set}</summary>${open && html`<${Members} ...${props} />`}</details>`;
}

/** Objects in an order: the cases of a switch. */
function Items({ field, value, onChange, path, form }) {
  const list = Array.isArray(value) ? value : [];
  const set = (next) => onChange(next.length ? next : undefined);
  const item = { ...field, schema: field.schema.items };
  return html`<div class="rows">${list.map((one, i) => html`<fieldset key=${i} class="group-box"><legend>${text.forms.nth(field.label, i + 1)}
      <${RemoveButton} what=${text.forms.nth(field.label, i + 1)} onClick=${() => set(list.toSpliced(i, 1))} /></legend>
      <${Members} field=${item} value=${one} path=${`${path}[${i}]`} form=${form} onChange=${(next) => set(list.with(i, next ?? {}))} /></fieldset>`)}
    <${AddButton} what=${field.label} onClick=${() => set([...list, {}])} /></div>`;
}

/** Objects by name: tools of an agent. */
function Table({ field, value, onChange, path, form }) {
  const [name, setName] = useState('');
  const object = isObject(value) ? value : {};
  const set = (next) => onChange(Object.keys(next).length ? next : undefined);
  const item = { ...field, schema: field.schema.additionalProperties };
  const add = () => {
    if (name && !Object.hasOwn(object, name)) set({ ...object, [name]: {} });
    setName('');
  };
  return html`<div class="rows">${Object.keys(object).map((key) => html`<fieldset key=${key} class="group-box"><legend><span class="mono" dir="auto">${key}</span>
      <${RemoveButton} what=${key} onClick=${() => set(withMember(object, key, undefined))} /></legend>
      <${Members} field=${item} value=${object[key]} path=${`${path}.${key}`} form=${form} onChange=${(next) => set({ ...object, [key]: next ?? {} })} /></fieldset>`)}
    <div class="row"><input type="text" class="mono" aria-label=${text.forms.newName(field.label)} placeholder=${text.forms.name} value=${name} onInput=${(event) => setName(event.currentTarget.value)} />
      <${AddButton} what=${field.label} onClick=${add} /></div></div>`;
}

/** A node in a node: its kind, then the settings of that kind. */
function NodeField({ value, onChange, path, form, attributes }) {
  const kinds = useChoices('kinds');
  const inner = kinds?.find(({ kind }) => kind === value?.kind);
  const settings = inner && { name: '', schema: { ...inner.schema, properties: Object.fromEntries(Object.entries(inner.schema.properties).filter(([name]) => name !== 'label' && name !== 'toolId')) } };
  return html`<select ...${attributes} onChange=${(event) => onChange({ ...value, kind: event.currentTarget.value })}>
      <option value="" disabled selected=${!inner}>${text.forms.chooseKind}</option>
      ${kinds?.filter(({ type, kind }) => type !== 'trigger' && kind !== 'foreach').map(({ kind, label }) => html`<option key=${kind} value=${kind} selected=${kind === value?.kind}>${label}</option>`)}
    </select>
    ${settings && html`<div class="group-box"><${Members} field=${settings} value=${value} path=${path} form=${{ ...form, context: { ...form.context, item: true } }}
      onChange=${(next) => onChange({ kind: value.kind, ...next })} /></div>`}`;
}

/** Any JSON, or a text with templates: what is no JSON is a text. */
function Any({ field, value, onChange, form, attributes }) {
  const read = (raw) => (raw.trim() === '' ? undefined : readAny(raw));
  const [shown, setTyped] = useTyped(value, writeAny, read);
  const input = (raw) => {
    setTyped(raw);
    onChange(read(raw));
  };
  return html`<${TextField} field=${field} value=${shown} onChange=${(raw) => input(raw ?? '')} form=${form} attributes=${attributes} lines=${field.control === 'json' ? 3 : 2} />`;
}

const CONTROLS = { text: TextField, multiline: Multiline, code: Code, jq: Jq, cron: TextField, secret: Secret, workflow: Workflow, model: Model, number: NumberField, boolean: BooleanField,
  choice: Choice, choices: Choices, list: List, map: MapField, group: Group, items: Items, table: Table, node: NodeField, any: Any, json: Any };
const TEXTS = new Set(['text', 'multiline', 'code', 'jq', 'cron', 'secret', 'workflow', 'model', 'any', 'json']); // which show a template as it is
const BOXES = new Set(['group', 'items', 'table', 'list', 'map', 'choices']); // several controls, named by the label as a group

const WHOLES = new Set(['group', 'items', 'table', 'node']); // hardly ever computed as a whole

/** The problems at this field, or in it when none of its parts shows them. */
const problemsAt = (form, path, deep) => form.problems.filter(({ path: place }) => (deep ? within(path, place) : place === path));

export function Field({ field, value, onChange, path, form }) {
  const mayBeTemplate = field.template && !TEXTS.has(field.control) && (!WHOLES.has(field.control) || isTemplate(value));
  const [expression, setExpression] = useState(false);
  const asExpression = mayBeTemplate && (expression || isTemplate(value));
  const Control = asExpression ? TextField : CONTROLS[field.control];
  const id = `${form.id}-${path}`;
  const problems = problemsAt(form, path, field.control === 'list' || field.control === 'map' || TEXTS.has(field.control));
  const attributes = { id, 'aria-describedby': `${id}-hint`, 'aria-invalid': problems.length ? 'true' : undefined, 'aria-required': field.required ? 'true' : undefined };
  const toggle = () => {
    setExpression(!asExpression);
    onChange(undefined);
  };
  const control = html`<${Control} field=${field} value=${value} onChange=${onChange} path=${path} form=${form} attributes=${attributes} />`;
  const box = BOXES.has(field.control) && !asExpression;
  return html`<div class=${problems.length ? 'field field-wrong' : 'field'} data-setting=${path}>
    <span class="field-top">${box ? html`<span class="field-label" id=${`${id}-label`} dir="auto">${field.label}</span>` : html`<label class="field-label" id=${`${id}-label`} for=${id} dir="auto">${field.label}</label>`}
      ${field.required && html`<span class="field-required">${text.forms.required}</span>`}
      ${mayBeTemplate && html`<button type="button" class="button-quiet field-mode" aria-pressed=${asExpression} title=${text.forms.expressionHint} onClick=${toggle}>${text.forms.expression}</button>`}</span>
    ${control}
    <div class="field-hint" id=${`${id}-hint`}>${problems.map(({ message }, i) => html`<span key=${i} class="field-error">${message}</span>`)}
      ${!problems.length && html`<${Described} words=${field.description} />`}</div>
  </div>`;
}
