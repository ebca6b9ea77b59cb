// A node's settings as a form made from its kind's JSON Schema (GET /api/node-types), or as JSON.
//
// SettingsForm({kind, schema, value, problems, onChange, context}):
//   kind, schema: of the node's type; value: the node's `data`, never changed in place: onChange(data) gets a new one at each
//   change, members the schema does not know kept; problems: what the server said of this node, [{code, message}];
//   context: what expressions can use and jq is tested against, as complete.js and jq-test.js take it:
//     {params: [{name, type}], nodes: [{id, label, outputs}], lastRun: {id, input, nodes} or null}.
// It is drawn anew for another node when its `key` is another.

import { html, useId, useMemo, useState } from '../ui.js';
import { text } from '../text.js';
import { useChoices } from './choices.js';
import { Field } from './fields.js';
import { fieldsOf, isObject, placeOf, problemsOf, same, withMember } from './schema.js';

const SHOW_ALL = 8; // settings of a kind; of more only those that are needed or set are shown at first

/** Which settings stand where: those one looks at first, further ones, and those all kinds have. */
function arrange(schema, value) {
  const fields = fieldsOf(schema);
  const own = fields.filter(({ common, name }) => !common || name === 'label');
  const first = ({ name, required }) => name === 'label' || required || value[name] !== undefined;
  const shown = own.length > SHOW_ALL + 1 ? own.filter(first) : own;
  const label = own.filter(({ name }) => name === 'label');
  return {
    main: [...label, ...shown.filter(({ name }) => name !== 'label')],
    more: own.filter((field) => !shown.includes(field)),
    common: fields.filter(({ common, name }) => common && name !== 'label'),
  };
}

function Fold({ title, fields, children, problems, value }) {
  const wrong = fields.some(({ name }) => problems.some(({ path }) => path === name || path.startsWith(`${name}.`)));
  const set = fields.filter(({ name }) => value[name] !== undefined).length;
  const [open, setOpen] = useState(false);
  if (!fields.length) return null;
  return html`<details class="fold" open=${open || wrong} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${title}${set > 0 && html`<span class="tab-count number">${set}</span>`}</summary>${(open || wrong) && children}</details>`;
}

function JsonView({ id, value, onChange }) {
  const [typed, setTyped] = useState(null); // {raw, value: what it was read as, or was when it could not be read, wrong?}
  const current = typed && same(typed.value, value) ? typed : { raw: JSON.stringify(value, null, 2) };
  const input = (event) => {
    const raw = event.currentTarget.value;
    try {
      const next = JSON.parse(raw);
      if (!isObject(next)) throw new Error(text.forms.notObject);
      setTyped({ raw, value: next });
      onChange(next);
    } catch (error) {
      setTyped({ raw, value, wrong: error.message });
    }
  };
  return html`<div class=${current.wrong ? 'field field-wrong' : 'field'}>
    <label class="hidden" for=${id}>${text.forms.json}</label>
    <textarea id=${id} rows="18" spellcheck=${false} dir="ltr" value=${current.raw} onInput=${input} aria-invalid=${current.wrong ? 'true' : undefined} aria-describedby=${`${id}-hint`}></textarea>
    <div class="field-hint" id=${`${id}-hint`}>${current.wrong && html`<span class="field-error">${current.wrong}</span>`}</div></div>`;
}

export function SettingsForm({ kind, schema, value, problems = [], onChange, context = {} }) {
  const id = useId();
  const [view, setView] = useState('form');
  const places = useMemo(() => arrange(schema, value), [kind, schema]);
  const secrets = useChoices('secrets');
  const own = useMemo(() => problemsOf(schema, { ...value, kind }), [schema, value, kind]);
  const said = problems.map((problem) => ({ path: placeOf(problem), message: problem.message })).filter(({ path }) => !own.some((one) => one.path === path));
  const all = [...own, ...said];
  const known = (path) => Object.hasOwn(schema.properties, path.split(/[.[]/)[0]);
  const form = { id, context: { secrets: secrets ?? [], ...context }, problems: all };
  const fields = (list) => list.map((field) => html`<${Field} key=${field.name} field=${field} value=${value[field.name]} path=${field.name} form=${form}
    onChange=${(next) => onChange(withMember(value, field.name, next))} />`);
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(schema.properties, name));
  return html`<div class="settings" data-kind=${kind}>
    <div class="settings-head"><p class="faint">${schema.description}</p>
      <span class="chips" role="group" aria-label=${text.forms.view}>${['form', 'json'].map((name) => html`<button key=${name} type="button" class="chip" aria-pressed=${view === name} onClick=${() => setView(name)}>${text.forms.views[name]}</button>`)}</span></div>
    ${all.filter(({ path }) => view === 'json' || !known(path)).map(({ path, message }, i) => html`<p key=${i} class="form-failure" role="status">${path && view === 'json' ? `${path}: ${message}` : message}</p>`)}
    ${view === 'json'
      ? html`<${JsonView} id=${`${id}-json`} value=${value} onChange=${onChange} />`
      : html`${fields(places.main)}
        <${Fold} title=${text.forms.more(places.more.length)} fields=${places.more} problems=${all} value=${value}>${fields(places.more)}<//>
        <${Fold} title=${text.forms.common} fields=${places.common} problems=${all} value=${value}>${fields(places.common)}<//>
        ${unknown.length > 0 && html`<p class="field-hint">${text.forms.unknown(unknown.join(', '))}</p>`}`}
  </div>`;
}
