// A table's order, chosen by its headers and kept in the URL: ?sort=name or ?sort=-last.

import { html } from '../ui.js';
import { setParams } from '../router.js';

const order = (a, b) => (a === b ? 0 : a === null || a === undefined ? 1 : b === null || b === undefined ? -1 : a < b ? -1 : 1);

/** keys: {column: item -> value}; values that are missing come last in both directions. */
export function sorted(items, sort, keys) {
  const down = sort?.startsWith('-');
  const key = keys[down ? sort.slice(1) : sort];
  if (!key) return items;
  const missing = (value) => value === null || value === undefined;
  return [...items].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return down && !missing(x) && !missing(y) ? order(y, x) : order(x, y);
  });
}

export function SortHead({ name, label, sort, className = '' }) {
  const here = sort === name || sort === `-${name}`;
  const down = sort === `-${name}`;
  const next = !here ? name : down ? null : `-${name}`;
  return html`<th class=${className} aria-sort=${here ? (down ? 'descending' : 'ascending') : undefined}>
    <button type="button" class="sort" onClick=${() => setParams({ sort: next })}>${label}<span aria-hidden="true" class="sort-mark">${here ? (down ? '↓' : '↑') : ''}</span></button></th>`;
}
