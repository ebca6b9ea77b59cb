// Shortcuts: one table that pages add to while they are there, and a sheet that shows it.

import { html, signal, useEffect, useRef, useState } from '../ui.js';
import { text } from '../text.js';
import { Dialog } from './dialog.js';

const NEXT_MS = 1500; // within which the second key of a pair is pressed
const TYPING = 'input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select, [contenteditable]';

const groups = signal([]); // [{title, keys: [{keys: 'g w', label, act()}]}]

/** The shortcuts of the component that calls it. keys: keys one after the other, as KeyboardEvent.key names them, with a space between. */
export function useKeys(title, keys) {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const group = { title, keys: keys.map((one, i) => ({ ...one, act: (event) => latest.current[i].act(event) })) };
    groups.value = [...groups.value, group];
    return () => (groups.value = groups.value.filter((other) => other !== group));
  }, [title]);
}

function find(pressed) {
  const all = groups.value.flatMap(({ keys }) => keys);
  const whole = all.findLast(({ keys }) => keys === pressed); // a page's come after the frame's
  return { whole, more: !whole && all.some(({ keys }) => keys.startsWith(`${pressed} `)) };
}

/** Listens for all of them; the sheet when it is asked for. */
export function Keys() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let before = '';
    let timer;
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
      if (event.key === 'Shift' || event.target.closest?.(TYPING) || document.querySelector('dialog[open]')) return;
      let { whole, more } = find(before + event.key);
      if (!whole && !more) ({ whole, more } = find(event.key));
      clearTimeout(timer);
      before = more ? `${event.key} ` : '';
      if (more) timer = setTimeout(() => (before = ''), NEXT_MS);
      if (!whole) return;
      event.preventDefault();
      whole.act(event);
    };
    addEventListener('keydown', press);
    return () => {
      clearTimeout(timer);
      removeEventListener('keydown', press);
    };
  }, []);
  useKeys(text.keys.everywhere, [{ keys: '?', label: text.keys.sheet, act: () => setOpen(true) }]);
  const titles = [...new Set(groups.value.map(({ title }) => title))];
  return open && html`<${Dialog} title=${text.keys.title} onClose=${() => setOpen(false)}>
    ${titles.map((title) => html`<section key=${title} class="keys"><h3>${title}</h3>
      <dl>${groups.value.filter((group) => group.title === title).flatMap(({ keys }) => keys).map(({ keys, label }) => html`<div key=${keys} class="keys-row"><dt>${label}</dt>
        <dd>${keys.split(' ').map((key, i) => html`${i > 0 && html`<span class="faint"> ${text.keys.then} </span>`}<kbd>${key}</kbd>`)}</dd></div>`)}</dl>
    </section>`)}
  <//>`;
}

const rows = () => [...document.querySelectorAll('main tbody .cell-main a')].filter((link) => link.offsetParent);

/** To the next (1) or previous (-1) line of the list in view. */
export function step(by) {
  const all = rows();
  const at = all.findIndex((link) => link.closest('tr').contains(document.activeElement));
  all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
}

export const toSearch = () => document.querySelector('main input[type="search"], main input[type="text"]')?.focus();
