import { html, useLayoutEffect, useRef } from '../ui.js';

/** tabs: [{id, label, count?}]; the panel is the caller's, with id `panel`. */
export function Tabs({ tabs, chosen, onChoose, label }) {
  const list = useRef(null);
  useLayoutEffect(() => { // on a phone not all have room
    list.current.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [chosen]);
  const keys = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const turn = document.dir === 'rtl' ? -step : step;
    const at = tabs.findIndex(({ id }) => id === chosen);
    const next = tabs[(at + turn + tabs.length) % tabs.length];
    onChoose(next.id);
    list.current.querySelector(`[data-tab="${next.id}"]`).focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${keys}>
    ${tabs.map(({ id, label: name, count }) => html`<button key=${id} type="button" role="tab" class="tab" data-tab=${id} id=${`tab-${id}`}
      aria-selected=${id === chosen} aria-controls="panel" tabIndex=${id === chosen ? 0 : -1} onClick=${() => onChoose(id)}>
      ${name}${count ? html`<span class="tab-count number">${count}</span>` : null}</button>`)}
  </div>`;
}
