// A list to choose one thing from: by typing, arrows and Enter, or by pointer. Kinds of node can be dragged out of it.

import { html, classes, useId, useLayoutEffect, useRef, useState } from '../ui.js';
import { Icon } from '../components/icons.js';
import { text } from '../text.js';

const fits = (words) => ({ id, label, hint = '' }) => {
  const said = `${id} ${label} ${hint}`.toLowerCase();
  return words.every((word) => said.includes(word));
};
// What begins with the word comes before what only mentions it.
const rank = (query) => ({ id, label }) => (label.toLowerCase().startsWith(query) || id.startsWith(query) ? 0 : label.toLowerCase().includes(query) ? 1 : 2);

/** groups: [{label, items: [{id, label, hint?, icon?}]}]; drag: can items be dragged onto the canvas? */
export function Chooser({ title, sub, placeholder, groups, none, drag, onChoose, onClose }) {
  const base = useId();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const field = useRef(null);
  const list = useRef(null);
  useLayoutEffect(() => field.current.focus(), []);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length
    ? [{ label: '', items: groups.flatMap(({ items }) => items).filter(fits(words)).sort((a, b) => rank(words[0])(a) - rank(words[0])(b)) }]
    : groups.filter(({ items }) => items.length);
  const items = found.flatMap((group) => group.items);
  const active = Math.min(at, items.length - 1);
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active, query]);

  const keys = (event) => {
    if (event.key === 'Escape') return event.stopPropagation(), onClose();
    const next = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key];
    if (next !== undefined && items.length) {
      event.preventDefault();
      setAt((next + items.length) % items.length);
    } else if (event.key === 'Enter' && items[active]) {
      event.preventDefault();
      onChoose(items[active]);
    }
  };
  let n = -1;
  const option = (item) => {
    const i = ++n;
    return html`<div key=${item.id} id=${`${base}-${i}`} class=${classes('choice', { 'choice-active': i === active })} role="option" data-choice=${item.id} aria-selected=${i === active}
      draggable=${drag} onDragStart=${(event) => event.dataTransfer.setData('text/plain', item.id)} onClick=${() => onChoose(item)}>
      ${item.icon && html`<${Icon} name=${item.icon} />`}<span class="choice-label" dir="auto">${item.label}</span>
      ${item.hint && html`<span class="choice-hint">${item.hint}</span>`}</div>`;
  };
  return html`<section class="side-panel canvas-over" aria-label=${title} onKeyDown=${keys}>
    <header class="side-head"><h2>${title}</h2>${sub && html`<span class="faint" dir="auto">${sub}</span>`}
      <button type="button" class="button-quiet button-icon" aria-label=${text.editor.close} onClick=${onClose}><${Icon} name="close" /></button></header>
    <input ref=${field} type="search" class="side-search" role="combobox" aria-expanded="true" aria-controls=${`${base}-list`} aria-activedescendant=${items.length ? `${base}-${active}` : undefined}
      aria-label=${placeholder} placeholder=${placeholder} value=${query} autocomplete="off" spellcheck=${false}
      onInput=${(event) => {
        setQuery(event.currentTarget.value);
        setAt(0);
      }} />
    <div class="choices" id=${`${base}-list`} role="listbox" aria-label=${title} ref=${list}>
      ${found.map(({ label, items: some }) => html`<div key=${label} role="group" aria-label=${label || title}>${label && html`<div class="choice-group" aria-hidden="true">${label}</div>`}${some.map(option)}</div>`)}
    </div>
    ${items.length === 0 && html`<p class="side-none faint">${groups.some((group) => group.items.length) ? text.editor.nothing : none}</p>`}
  </section>`;
}
