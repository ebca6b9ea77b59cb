// A JSON value as a tree that opens on demand, so that a large one costs nothing until it is looked at.

import { html, useState } from '../ui.js';
import { text } from '../text.js';

const OPEN_DEPTH = 2;
const PAGE = 100; // entries drawn at a time
const SHORT = 12; // a container with no more than so many entries starts open

const isContainer = (value) => typeof value === 'object' && value !== null;

function Scalar({ value }) {
  const type = value === null ? 'null' : typeof value;
  return html`<span class=${`j-${type}`} dir="auto">${type === 'string' ? value : JSON.stringify(value)}</span>`;
}

function Entry({ name, value, depth }) {
  const key = html`<span class="j-key" dir="auto">${name}</span>`;
  if (!isContainer(value)) return html`<div class="j-entry">${key}<${Scalar} value=${value} /></div>`;
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const braces = Array.isArray(value) ? `[${size}]` : `{${size}}`;
  if (!size) return html`<div class="j-entry">${key}<span class="j-size">${braces}</span></div>`;
  return html`<${Branch} head=${html`${key}<span class="j-size">${braces}</span>`} value=${value} depth=${depth}
    open=${depth < OPEN_DEPTH && size <= SHORT} />`;
}

function Branch({ head, value, depth, open: startsOpen }) {
  const [open, setOpen] = useState(startsOpen);
  return html`<details class="j-branch" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${head}</summary>${open && html`<${Entries} value=${value} depth=${depth + 1} />`}
  </details>`;
}

function Entries({ value, depth }) {
  const [shown, setShown] = useState(PAGE);
  const entries = Object.entries(value);
  return html`<div class="j-entries">
    ${entries.slice(0, shown).map(([name, item]) => html`<${Entry} key=${name} name=${name} value=${item} depth=${depth} />`)}
    ${entries.length > shown &&
    html`<button class="button-quiet" onClick=${() => setShown(shown + PAGE * 10)}>${text.io.more(entries.length - shown)}</button>`}
  </div>`;
}

export function Copy({ value }) {
  const [done, setDone] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = () =>
    navigator.clipboard.writeText(typeof value === 'string' ? value : JSON.stringify(value, null, 2)).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    }, () => {});
  return html`<button class="button-quiet" onClick=${copy}>${done ? text.io.copied : text.io.copy}</button>`;
}

export function JsonBlock({ title, value }) {
  const empty = value === null || value === undefined || (isContainer(value) && !Object.keys(value).length);
  return html`<section class="block">
    <header class="block-head"><h3>${title}</h3>${!empty && html`<${Copy} value=${value} />`}</header>
    <div class="json">
      ${empty
        ? html`<span class="faint">${text.io.empty}</span>`
        : isContainer(value)
          ? html`<${Entries} value=${value} depth=${0} />`
          : html`<${Scalar} value=${value} />`}
    </div>
  </section>`;
}
