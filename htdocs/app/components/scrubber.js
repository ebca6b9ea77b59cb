// A finished run in time: a slider, and a button that plays it.

import { html, useEffect, useRef, useState } from '../ui.js';
import { duration } from '../format.js';
import { text } from '../text.js';
import { Icon } from './icons.js';

const LONGEST_MS = 10000; // a longer run is played faster, to take so long

/** whole: length in ms; at: ms from the start, or null for the end as it was; onAt(ms or null). */
export function Scrubber({ whole, at, onAt }) {
  const [playing, setPlaying] = useState(false);
  const now = useRef(at);
  now.current = at;
  useEffect(() => {
    if (!playing) return;
    const speed = Math.max(1, whole / LONGEST_MS);
    let last = performance.now();
    let frame = requestAnimationFrame(function tick(time) {
      const next = (now.current ?? 0) + (time - last) * speed;
      last = time;
      if (next >= whole) {
        setPlaying(false);
        return onAt(null);
      }
      onAt(next);
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, whole]);
  const play = () => {
    if (!playing) onAt(at ?? 0);
    setPlaying(!playing);
  };
  const move = (event) => {
    setPlaying(false);
    const ms = Number(event.currentTarget.value);
    onAt(ms >= whole ? null : ms);
  };
  return html`<div class="scrubber">
    <button type="button" class="button-quiet button-icon" aria-label=${playing ? text.scrubber.stop : text.scrubber.play} title=${playing ? text.scrubber.stop : text.scrubber.play}
      onClick=${play}><${Icon} name=${playing ? 'pause' : 'manual'} /></button>
    <input type="range" min="0" max=${whole} step=${whole / 1000} value=${at ?? whole} aria-label=${text.scrubber.label} aria-valuetext=${duration(at ?? whole)} onInput=${move} />
    <span class="number scrubber-at">${at === null ? duration(whole) : text.scrubber.at(duration(at), duration(whole))}</span>
    ${at !== null && html`<button type="button" class="button-quiet" onClick=${() => (setPlaying(false), onAt(null))}>${text.scrubber.end}</button>`}
  </div>`;
}
