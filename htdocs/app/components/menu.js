// A button that opens a list of more things to do. Escape and a click elsewhere close it; arrows move within it.

import { html, useEffect, useLayoutEffect, useRef, useState } from '../ui.js';
import { Icon } from './icons.js';

/** items: [{id, label, hint?, disabled?, act()}]; a disabled one is there to say in its hint why. */
export function Menu({ label, items, disabled }) {
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  const button = useRef(null);
  const entries = () => [...box.current.querySelectorAll('[role="menuitem"]')];

  useLayoutEffect(() => {
    if (open) entries()[0]?.focus();
  }, [open]);
  useEffect(() => {
    if (!open) return;
    const outside = (event) => !box.current.contains(event.target) && setOpen(false);
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [open]);

  const keys = (event) => {
    if (event.key === 'Escape') {
      setOpen(false);
      return button.current.focus();
    }
    const list = entries();
    const at = list.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (!open || next === undefined) return;
    event.preventDefault();
    list.at(next % list.length).focus();
  };
  const left = (event) => open && event.relatedTarget && !box.current.contains(event.relatedTarget) && setOpen(false);
  return html`<span class="menu" ref=${box} onKeyDown=${keys} onFocusOut=${left}>
    <button type="button" class="button button-icon" ref=${button} aria-haspopup="menu" aria-expanded=${open} aria-label=${label} title=${label}
      disabled=${disabled} onClick=${() => setOpen(!open)}><${Icon} name="chevron" /></button>
    ${open &&
    html`<div class="menu-list" role="menu" aria-label=${label}>
      ${items.map(({ id, label: name, hint, disabled: off, act }) => html`<button key=${id} type="button" role="menuitem" tabIndex=${-1} class="menu-item" data-action=${id} aria-label=${name} aria-description=${hint} aria-disabled=${off ? 'true' : undefined}
        onClick=${() => {
          if (off) return;
          setOpen(false);
          act();
        }}>${name}${hint && html`<span class="menu-hint">${hint}</span>`}</button>`)}
    </div>`}
  </span>`;
}
