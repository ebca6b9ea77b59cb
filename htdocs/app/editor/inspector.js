// What is chosen, in detail: a node with its settings and edges, an edge with when it is taken, else the workflow itself.

import { html, useId, useState } from '../ui.js';
import { Icon } from '../components/icons.js';
import { contextOf } from '../forms/complete.js';
import { ExpressionInput } from '../forms/expression.js';
import { SettingsForm } from '../forms/settings.js';
import { text } from '../text.js';
import { edgeKey, idRefusal, nameOf, nodeOf, setData, setEdge, setHead, setWhen, whenOf } from './model.js';

const WHENS = ['always', 'success', 'error', 'condition'];
const TYPES = ['string', 'number', 'integer', 'boolean', 'enum', 'object', 'array', 'file', 'secret'];

function Field({ label, hint, error, children }) {
  const id = useId();
  return html`<div class=${error ? 'field field-wrong' : 'field'}><label class="field-label" for=${id}>${label}</label>${children(id)}
    <div class="field-hint">${error ? html`<span class="field-error" role="alert">${error}</span>` : hint}</div></div>`;
}

/** A text that counts when it is left or Enter is pressed, and only when it can be. */
function Settled({ label, hint, value, refuse, onChange }) {
  const [typed, setTyped] = useState(null);
  const why = typed !== null && typed !== value ? refuse(typed) : null;
  const settle = () => {
    if (typed === null) return;
    if (!why && typed !== value) onChange(typed);
    if (!why) setTyped(null);
  };
  const keys = (event) => {
    if (event.key === 'Enter') settle();
    if (event.key === 'Escape') setTyped(null);
  };
  return html`<${Field} label=${label} hint=${hint} error=${why}>${(id) => html`<input id=${id} type="text" class="mono" autocomplete="off" spellcheck=${false} value=${typed ?? value}
    onInput=${(event) => setTyped(event.currentTarget.value)} onBlur=${settle} onKeyDown=${keys} aria-invalid=${why ? 'true' : undefined} />`}<//>`;
}

function Head({ icon, title, sub, onClose }) {
  return html`<header class="side-head">${icon && html`<${Icon} name=${icon} />`}<h2 dir="auto">${title}</h2>${sub && html`<span class="faint">${sub}</span>`}
    <button type="button" class="button-quiet button-icon inspector-close" aria-label=${text.editor.close} onClick=${onClose}><${Icon} name="close" /></button></header>`;
}

function EdgeList({ editor, title, edges, otherOf }) {
  if (!edges.length) return null;
  return html`<div><h3>${title}</h3><ul class="edge-list">${edges.map((edge) => {
    const other = nodeOf(editor.definition(), otherOf(edge));
    const when = whenOf(edge);
    const what = [edge.sourceHandle, when === 'condition' ? edge.condition : when !== 'always' && text.editor[when === 'error' ? 'onError' : 'onSuccess']].filter(Boolean).join(', ');
    return html`<li key=${edgeKey(edge)}><button type="button" class="button-quiet" onClick=${() => editor.choose([], [edgeKey(edge)])}>
      <span dir="auto">${other ? nameOf(other) : otherOf(edge)}</span>${what && html`<span class="mono faint">${what}</span>`}</button></li>`;
  })}</ul></div>`;
}

function NodePanel({ editor, definition, node, problems, lastRun, onClose }) {
  const type = editor.typeOf(node);
  const own = problems.filter(({ nodeId }) => nodeId === node.id);
  const set = (data) => editor.apply(setData(editor.definition(), node.id, data), `data ${node.id}`);
  return html`<${Head} icon=${node.data?.kind} title=${nameOf(node)} sub=${type?.label ?? node.data?.kind} onClose=${onClose} />
    <div class="side-body">
      ${own.filter(({ code, level }) => code !== 'setting' || level === 'warning').map(({ message, level }, i) => html`<p key=${i} class=${level === 'error' ? 'form-failure' : 'node-said'}>${message}</p>`)}
      <${SettingsForm} key=${node.id} kind=${node.data?.kind} schema=${type?.schema ?? { properties: { label: { type: 'string' } } }} value=${node.data ?? {}} onChange=${set}
        problems=${own.filter(({ code, setting }) => code === 'setting' && setting === undefined)} context=${contextOf(definition, node.id, editor.byKind, lastRun)} />
      <${Settled} key=${`id ${node.id}`} label=${text.editor.id} hint=${text.editor.idHint} value=${node.id} onChange=${(next) => editor.rename(node.id, next)}
        refuse=${(next) => text.editor.idRefused[idRefusal(editor.definition(), node.id, next)]} />
      <${EdgeList} editor=${editor} title=${text.editor.into} edges=${definition.edges.filter(({ target }) => target === node.id)} otherOf=${({ source }) => source} />
      <${EdgeList} editor=${editor} title=${text.editor.outOf} edges=${definition.edges.filter(({ source }) => source === node.id)} otherOf=${({ target }) => target} />
    </div>`;
}

function EdgePanel({ editor, definition, edge, problems, lastRun, onClose }) {
  const key = edgeKey(edge);
  const [source, target] = [nodeOf(definition, edge.source), nodeOf(definition, edge.target)];
  const handles = source ? editor.handles(source) : [];
  const when = whenOf(edge);
  const change = (next, merge) => {
    editor.apply(next, merge);
    const changed = next.edges.find((one) => one.source === edge.source && one.target === edge.target && (one.id ?? '') === (edge.id ?? ''));
    if (changed) editor.choose([], [edgeKey(changed)]);
  };
  const setHandle = (event) => change(setEdge(editor.definition(), key, { sourceHandle: event.currentTarget.value || undefined }));
  return html`<${Head} title=${text.editor.edge} onClose=${onClose} />
    <div class="side-body">
      <p><button type="button" class="link" onClick=${() => editor.choose([edge.source])} dir="auto">${source ? nameOf(source) : edge.source}</button> → ${' '}
        <button type="button" class="link" onClick=${() => editor.choose([edge.target])} dir="auto">${target ? nameOf(target) : edge.target}</button></p>
      ${problems.filter((problem) => problem.edge === key).map(({ message }, i) => html`<p key=${i} class="form-failure">${message}</p>`)}
      ${handles.length > 0 && html`<${Field} label=${text.editor.handle}>${(id) => html`<select id=${id} value=${edge.sourceHandle ?? ''} onChange=${setHandle}>
        ${!handles.includes(edge.sourceHandle) && html`<option value=${edge.sourceHandle ?? ''} selected>${edge.sourceHandle ?? ''}</option>`}
        ${handles.map((handle) => html`<option key=${handle} value=${handle} selected=${handle === edge.sourceHandle}>${handle}</option>`)}</select>`}<//>`}
      <${Field} label=${text.editor.when} hint=${text.editor.whenHint[when]}>${(id) => html`<select id=${id} value=${when} onChange=${(event) => change(setWhen(editor.definition(), key, event.currentTarget.value))}>
        ${WHENS.filter((one) => !handles.length || one === 'always' || one === 'condition' || one === when).map((one) => html`<option key=${one} value=${one} selected=${one === when}>${text.editor.whens[one]}</option>`)}</select>`}<//>
      ${when === 'condition' && html`<${Field} label=${text.editor.condition}>${(id) => html`<${ExpressionInput} id=${id} jq=${true} lines=${3} value=${edge.condition} context=${contextOf(definition, edge.target, editor.byKind, lastRun)}
        onInput=${(condition) => change(setEdge(editor.definition(), key, { condition }), `edge ${key}`)} />`}<//>`}
      <div class="side-actions"><button type="button" class="button" onClick=${() => editor.ask({ kind: 'add', edge: key })}>${text.editor.insert}</button>
        <button type="button" class="button" onClick=${editor.remove}>${text.editor.removeEdge}</button></div>
    </div>`;
}

const readDefault = (raw, type) => {
  if (raw === '') return undefined;
  if (type === 'string' || type === 'enum' || type === 'secret' || type === 'file') return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw; // the check says what it should be
  }
};
const writeDefault = (value) => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

function Params({ params, onChange }) {
  const words = text.editor.param;
  const set = (at, patch) => onChange(params.map((param, i) => (i === at ? setHead(param, patch) : param)));
  return html`<section class="params"><h3>${text.editor.params}</h3>
    ${params.length === 0 && html`<p class="faint">${text.editor.paramsEmpty}</p>`}
    ${params.map((param, i) => html`<div key=${i} class="param">
      <input type="text" class="mono" aria-label=${words.name} placeholder=${words.name} value=${param.name} spellcheck=${false} onInput=${(event) => set(i, { name: event.currentTarget.value })} />
      <select aria-label=${words.type} value=${param.type ?? 'string'} onChange=${(event) => set(i, { type: event.currentTarget.value })}>${TYPES.map((type) => html`<option key=${type} selected=${type === (param.type ?? 'string')}>${type}</option>`)}</select>
      <button type="button" class="button-quiet button-icon" aria-label=${words.remove(param.name)} onClick=${() => onChange(params.filter((_, at) => at !== i))}><${Icon} name="close" /></button>
      <input type="text" class="param-default" aria-label=${words.default} placeholder=${words.default} value=${writeDefault(param.default)} onInput=${(event) => set(i, { default: readDefault(event.currentTarget.value, param.type) })} />
      <label class="check"><input type="checkbox" checked=${Boolean(param.required)} onChange=${(event) => set(i, { required: event.currentTarget.checked || undefined })} />${words.required}</label>
    </div>`)}
    <button type="button" class="button row-add" onClick=${() => onChange([...params, { name: '', type: 'string' }])}>${text.editor.addParam}</button></section>`;
}

function WorkflowPanel({ editor, definition, problems, isNew, idTaken, onId, onClose }) {
  const set = (patch, merge) => editor.apply(setHead(editor.definition(), patch), merge);
  const line = (name, label) => html`<${Field} label=${label}>${(id) => html`<input id=${id} type="text" dir="auto" value=${definition[name] ?? ''} onInput=${(event) => set({ [name]: event.currentTarget.value || undefined }, name)} />`}<//>`;
  const number = (event) => {
    const value = event.currentTarget.value.trim();
    set({ timeoutMs: value === '' ? undefined : Number.isFinite(Number(value)) ? Number(value) : value }, 'timeoutMs');
  };
  return html`<${Head} title=${text.editor.workflow} onClose=${onClose} />
    <div class="side-body">
      ${problems.filter(({ nodeId, edge }) => !nodeId && !edge).map(({ message, level }, i) => html`<p key=${i} class=${level === 'error' ? 'form-failure' : 'node-said'}>${message}</p>`)}
      ${isNew && html`<${Field} label=${text.editor.id} hint=${text.editor.idWanted} error=${idTaken && text.editor.exists}>${(id) => html`<input id=${id} type="text" class="mono" value=${definition.id ?? ''} spellcheck=${false}
        onInput=${(event) => onId(event.currentTarget.value)} />`}<//>`}
      <${Field} label=${text.editor.description}>${(id) => html`<textarea id=${id} class="prose" rows="2" dir="auto" value=${definition.description ?? ''} onInput=${(event) => set({ description: event.currentTarget.value || undefined }, 'description')}></textarea>`}<//>
      ${line('crewId', text.editor.crew)}
      <${Field} label=${text.editor.timeout}>${(id) => html`<input id=${id} type="text" inputmode="numeric" value=${definition.timeoutMs ?? ''} onInput=${number} />`}<//>
      <${Params} params=${definition.params ?? []} onChange=${(params) => set({ params: params.length ? params : undefined }, 'params')} />
    </div>`;
}

export function Inspector(props) {
  const { editor, chosen, definition } = props;
  const node = editor.one();
  const edge = editor.edge();
  const many = chosen.nodes.size + chosen.edges.size > 1;
  const keys = (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    props.onClose();
  };
  return html`<aside class="inspector" aria-label=${text.editor.settings} onKeyDown=${keys}>
    ${node
      ? html`<${NodePanel} key=${`n ${node.id}`} ...${props} node=${node} />`
      : edge
        ? html`<${EdgePanel} key="edge" ...${props} edge=${edge} />`
        : many
          ? html`<${Head} title=${text.editor.chosen(chosen.nodes.size)} onClose=${props.onClose} />
            <ul class="edge-list side-body">${definition.nodes.filter(({ id }) => chosen.nodes.has(id)).map((one) => html`<li key=${one.id}><button type="button" class="button-quiet" onClick=${() => editor.choose([one.id])} dir="auto">${nameOf(one)}</button></li>`)}</ul>`
          : html`<${WorkflowPanel} ...${props} />`}
  </aside>`;
}
