// Two panes with a divider one can drag, or move by the arrow keys.

import { html, useRef, useState } from '../ui.js';
import { recall, remember } from '../prefs.js';

const MIN = 20;
const MAX = 75;
const clamp = (value) => Math.min(MAX, Math.max(MIN, value));

export function Split({ name, start, label, left, right }) {
  const box = useRef(null);
  const [share, setShare] = useState(() => clamp(recall(`split.${name}`, start)));
  const [dragging, setDragging] = useState(false);
  const set = (value) => {
    setShare(clamp(value));
    remember(`split.${name}`, clamp(value));
  };
  const move = (event) => {
    if (!dragging) return;
    const { left: edge, right: far, width } = box.current.getBoundingClientRect();
    const rtl = getComputedStyle(box.current).direction === 'rtl';
    set(((rtl ? far - event.clientX : event.clientX - edge) / width) * 100);
  };
  const keys = (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
    if (!step) return;
    event.preventDefault();
    set(share + step);
  };
  return html`<div class="split" ref=${box} style=${{ '--share': `${share}%` }}>
    ${left}
    <div class="divider" role="separator" aria-orientation="vertical" aria-label=${label} tabIndex=${0}
      aria-valuenow=${Math.round(share)} aria-valuemin=${MIN} aria-valuemax=${MAX} onKeyDown=${keys}
      onPointerDown=${(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragging(true);
      }}
      onPointerMove=${move} onPointerUp=${() => setDragging(false)} onPointerCancel=${() => setDragging(false)}
      onDblClick=${() => set(start)}></div>
    ${right}
  </div>`;
}
