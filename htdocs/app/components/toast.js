// Short notes of what has just happened, at the edge of any page: toast({text: 'Saved', kind: 'success', href}).

import { html, signal, useEffect, useRef } from '../ui.js';
import { text } from '../text.js';
import { Icon, State } from './icons.js';

const SHOWN_MAX = 3; // a further one takes the place of the oldest
const SHOWN_MS = 6000;
const ERROR_MS = 12000; // it says what to do, which takes longer to read
const HELD_MS = 1000; // between looks whether the pointer or the focus has left

const toasts = signal([]);
let last = 0;

/** kind: 'info', or a state ('success', 'error', 'running', ...). href, label: a link for more; or act: a button's function.
 * key: the one before with the same key gives way to this one. Returns what dismisses it. */
export function toast({ text: words, kind = 'info', href, act, label = text.toast.open, key = `#${last + 1}` }) {
  const one = { id: ++last, words, kind, href, act, label, key };
  toasts.value = [...toasts.value.filter((other) => other.key !== key), one].slice(-SHOWN_MAX);
  return () => dismiss(one.id);
}

function dismiss(id) {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

function Toast({ one }) {
  const { id, words, kind, href, act, label } = one;
  const box = useRef(null);
  useEffect(() => {
    const region = box.current.parentElement;
    const leave = () => (region.matches(':hover, :focus-within') ? (timer = setTimeout(leave, HELD_MS)) : dismiss(id));
    let timer = setTimeout(leave, kind === 'error' ? ERROR_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id]);
  const follow = () => {
    dismiss(id);
    act?.();
  };
  return html`<div class="toast" ref=${box} data-kind=${kind}>
    ${kind !== 'info' && html`<${State} status=${kind} />`}
    <span class="toast-text" dir="auto">${words}</span>
    ${href ? html`<a href=${href} onClick=${follow}>${label}</a>` : act && html`<button type="button" class="button-quiet" onClick=${follow}>${label}</button>`}
    <button type="button" class="button-quiet button-icon" aria-label=${text.toast.dismiss} onClick=${() => dismiss(id)}><${Icon} name="close" /></button>
  </div>`;
}

/** The place where they appear: once, in the frame. While the pointer or the focus is in it, none goes by itself. */
export const Toasts = () => html`<div class="toasts" role="status" aria-atomic="false" aria-label=${text.toast.region}>
  ${toasts.value.map((one) => html`<${Toast} key=${one.id} one=${one} />`)}
</div>`;
