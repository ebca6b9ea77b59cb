// Which rows of a long table are drawn: those in view and some around them, so that thousands scroll as smoothly as ten.

import { html, useEffect, useRef, useState } from '../ui.js';

const ALL = 120; // so many are simply drawn
const AROUND = 20;

/** {ref: of the tbody, from, to, before, after: rows of that height in px, when there are any}. The rows must all be equally high. */
export function useWindow(count) {
  const ref = useRef(null);
  const height = useRef(53);
  const [span, setSpan] = useState({ from: 0, to: ALL });
  useEffect(() => {
    if (count <= ALL) return;
    let frame = null;
    const look = () => {
      frame = null;
      const row = ref.current?.querySelector('tr:not(.window-gap)');
      if (!row) return;
      height.current = row.offsetHeight || height.current;
      const top = ref.current.getBoundingClientRect().top;
      const at = Math.floor(-top / height.current / AROUND) * AROUND; // in steps, so that most of the scrolling draws nothing
      const from = Math.max(0, Math.min(at - AROUND, count - AROUND));
      const to = Math.min(count, at + Math.ceil(innerHeight / height.current) + 2 * AROUND);
      setSpan((was) => (was.from === from && was.to === to ? was : { from, to }));
    };
    const soon = () => (frame ??= requestAnimationFrame(look));
    look();
    addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
    };
  }, [count]);
  if (count <= ALL) return { ref, from: 0, to: count, before: 0, after: 0 };
  const to = Math.min(span.to, count);
  return { ref, from: span.from, to, before: span.from * height.current, after: (count - to) * height.current };
}

/** The room of the rows that are not drawn. */
export const Gap = ({ height, columns }) => (height > 0 ? html`<tr class="window-gap" aria-hidden="true"><td colSpan=${columns} style=${{ blockSize: `${height}px` }}></td></tr>` : null);
