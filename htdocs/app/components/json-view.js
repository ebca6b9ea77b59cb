// A JSON value as a tree that opens on demand, so that a large one costs nothing until it is looked at. A key that is
// chosen shows its path, as jq and so templates write it; a search goes through keys and values.

import { html, useMemo, useState } from '../ui.js';
import { text } from '../text.js';

const OPEN_DEPTH = 2;
const PAGE = 100; // entries drawn at a time
const SHORT = 12; // a container with no more than so many entries starts open
const SEARCHED = 20; // from so many scalars on there is a search
const FOUND_MAX = 200;
const LONG = 2000; // characters of a string drawn before one asks for all

const isContainer = (value) => typeof value === 'object' && value !== null;
const inWords = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

/** The step to a key in jq. */
export const keyPath = (key) => (typeof key === 'number' ? `[${key}]` : /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);

function Scalar({ value }) {
  const [whole, setWhole] = useState(false);
  const type = value === null ? 'null' : typeof value;
  const words = type === 'string' ? value : JSON.stringify(value);
  const cut = !whole && words.length > LONG;
  return html`<span class=${`j-${type}`} dir="auto">${cut ? words.slice(0, LONG) : words}</span>${
    cut && html`<button type="button" class="button-quiet" onClick=${() => setWhole(true)}>${text.io.moreText(words.length - LONG)}</button>`}`;
}

function Key({ name, step, tree }) {
  return html`<button type="button" class="j-key" dir="auto" aria-pressed=${tree.chosen?.path === step.path} onClick=${() => tree.choose(step)}>${name}</button>`;
}

function Entry({ name, value, path, depth, tree }) {
  const key = html`<${Key} name=${name} step=${{ path, value }} tree=${tree} />`;
  const size = isContainer(value) ? (Array.isArray(value) ? value.length : Object.keys(value).length) : 0;
  const [open, setOpen] = useState(depth < OPEN_DEPTH && size <= SHORT);
  if (!isContainer(value)) return html`<div class="j-entry">${key}<${Scalar} value=${value} /></div>`;
  const braces = html`<span class="j-size">${Array.isArray(value) ? `[${size}]` : `{${size}}`}</span>`;
  if (!size) return html`<div class="j-entry">${key}${braces}</div>`;
  return html`<div class="j-entry j-branch"><button type="button" class="j-toggle" aria-expanded=${open} aria-label=${text.io.open(name)} onClick=${() => setOpen(!open)}></button>${key}${braces}
    ${open && html`<${Entries} value=${value} path=${path} depth=${depth + 1} tree=${tree} />`}</div>`;
}

function Entries({ value, path, depth, tree }) {
  const [shown, setShown] = useState(PAGE);
  const keys = Object.keys(value);
  return html`<div class="j-entries">
    ${keys.slice(0, shown).map((name) => html`<${Entry} key=${name} name=${name} value=${value[name]} depth=${depth} tree=${tree}
      path=${path + keyPath(Array.isArray(value) ? Number(name) : name)} />`)}
    ${keys.length > shown &&
    html`<button type="button" class="button-quiet" onClick=${() => setShown(shown + PAGE * 10)}>${text.io.more(keys.length - shown)}</button>`}
  </div>`;
}

/** Calls take(path, value, key) for what is in the value, depth first, until it returns false. */
function walk(value, path, take) {
  for (const name of Object.keys(value)) {
    const key = Array.isArray(value) ? Number(name) : name;
    const here = path + keyPath(key);
    if (take(here, value[name], key) === false || (isContainer(value[name]) && walk(value[name], here, take) === false)) return false;
  }
  return true;
}

function isLarge(value) {
  let n = 0;
  return !walk(value, '', (_, item) => isContainer(item) || ++n < SEARCHED);
}

function Found({ value, path, query, tree }) {
  const wanted = query.toLowerCase();
  const found = [];
  walk(value, path, (here, item, key) => {
    const matches = String(key).toLowerCase().includes(wanted) || (!isContainer(item) && String(item).toLowerCase().includes(wanted));
    if (matches) found.push({ path: here, value: item });
    return found.length < FOUND_MAX;
  });
  return html`<p class="faint number" role="status">${text.io.found(found.length, found.length === FOUND_MAX)}</p>
    ${found.map((step) => html`<div class="j-entry" key=${step.path}><${Key} name=${step.path} step=${step} tree=${tree} />
      ${isContainer(step.value) ? html`<span class="j-size">${Array.isArray(step.value) ? `[${step.value.length}]` : `{${Object.keys(step.value).length}}`}</span>` : html`<${Scalar} value=${step.value} />`}</div>`)}`;
}

export function Copy({ value, label = text.io.copy }) {
  const [done, setDone] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = () =>
    navigator.clipboard.writeText(inWords(value)).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    }, () => {});
  return html`<button type="button" class="button-quiet" onClick=${copy}>${done ? text.io.copied : label}</button>`;
}

/** path: where the value stands, in jq, when it can be reached so. */
export function JsonBlock({ title, value, path = '' }) {
  const [chosen, choose] = useState(null); // {path, value}
  const [query, setQuery] = useState('');
  const tree = { chosen, choose: (step) => choose(step.path === chosen?.path ? null : step) };
  const empty = value === null || value === undefined || (isContainer(value) && !Object.keys(value).length);
  const large = useMemo(() => isContainer(value) && isLarge(value), [value]);
  return html`<section class="block">
    <header class="block-head"><h3>${title}</h3>
      ${large && html`<label class="j-search"><span class="hidden">${text.io.search}</span><input type="search" placeholder=${text.io.search} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></label>`}
      ${!empty && html`<${Copy} value=${value} />`}</header>
    ${chosen && html`<div class="j-chosen"><code class="j-path">${chosen.path}</code><${Copy} key=${`p ${chosen.path}`} value=${chosen.path} label=${text.io.copyPath} /><${Copy} key=${`v ${chosen.path}`} value=${chosen.value} label=${text.io.copyValue} /></div>`}
    <div class="json">
      ${empty
        ? html`<span class="faint">${text.io.empty}</span>`
        : !isContainer(value)
          ? html`<${Scalar} value=${value} />`
          : query
            ? html`<${Found} value=${value} path=${path} query=${query} tree=${tree} />`
            : html`<${Entries} value=${value} path=${path} depth=${0} tree=${tree} />`}
    </div>
  </section>`;
}
