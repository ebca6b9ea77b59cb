// A modal dialog: the browser's own, so that focus, Escape and the ground behind it are right.

import { html, useLayoutEffect, useRef } from '../ui.js';
import { text } from '../text.js';
import { Icon } from './icons.js';

export function Dialog({ title, onClose, children }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => before?.focus?.();
  }, []);
  return html`<dialog class="dialog" ref=${box} aria-labelledby="dialog-title" onClose=${onClose}>
    <header class="dialog-head"><h2 id="dialog-title">${title}</h2>
      <button type="button" class="button-quiet button-icon" aria-label=${text.run.close} onClick=${onClose}><${Icon} name="close" /></button></header>
    <div class="dialog-body">${children}</div>
  </dialog>`;
}
