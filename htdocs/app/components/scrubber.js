// A finished run in time: a slider with a mark for each change of state, and what plays it.

import { html, useEffect, useMemo, useRef, useState } from '../ui.js';
import { duration } from '../format.js';
import { text } from '../text.js';
import { Icon } from './icons.js';

const LONGEST_MS = 10000; // what 'auto' takes for a longer run
const SPEEDS = ['auto', 1, 2, 10, 60];
const MARKS = 400; // places along the slider

/** {place in MARKSths: is one of its changes a failure} */
function marksOf(moments, start, whole) {
  const marks = new Map();
  for (const { ms, status } of moments) {
    const place = Math.round(((ms - start) / whole) * MARKS);
    marks.set(place, marks.get(place) || status === 'error');
  }
  return [...marks];
}

/** start, whole: as spanOf gives; at: ms from the start, or null for the end; onAt(ms or null, whether it stays there). */
export function Scrubber({ moments, start, whole, at, onAt }) {
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState('auto');
  const now = useRef();
  now.current = { at, playing };
  const marks = useMemo(() => marksOf(moments, start, whole), [moments, moments.length, whole]);
  useEffect(() => {
    if (!playing) return;
    const factor = speed === 'auto' ? Math.max(1, whole / LONGEST_MS) : speed;
    let last = performance.now();
    let frame = requestAnimationFrame(function tick(time) {
      if (!now.current.playing) return; // stopped since the last frame, and moved perhaps
      const next = (now.current.at ?? 0) + Math.max(0, time - last) * factor;
      last = time;
      if (next >= whole) {
        setPlaying(false);
        return onAt(null, true);
      }
      onAt(next, false);
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, whole]);

  const play = () => {
    onAt(at ?? 0, playing);
    setPlaying(!playing);
  };
  const jump = (ms, stays = true) => {
    setPlaying(false);
    onAt(ms === null || ms >= whole ? null : Math.max(0, ms), stays);
  };
  const keys = (event) => {
    const here = at ?? whole;
    const act = {
      ' ': play,
      Escape: () => jump(null),
      PageDown: () => jump((moments.find(({ ms }) => ms - start > here + 0.5)?.ms ?? start + whole) - start),
      PageUp: () => jump((moments.findLast(({ ms }) => ms - start < here - 0.5)?.ms ?? start) - start),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const [name, icon] = playing ? [text.scrubber.stop, 'pause'] : [text.scrubber.play, 'manual'];
  return html`<section class="scrubber" aria-label=${text.exported.replay}>
    <button type="button" class="button-quiet button-icon" aria-label=${name} title=${name} onClick=${play}><${Icon} name=${icon} /></button>
    <span class="scrubber-track">
      <input type="range" min="0" max=${whole} step=${whole / 1000} value=${at ?? whole} aria-label=${text.scrubber.label} aria-valuetext=${duration(at ?? whole)}
        title=${text.exported.replayKeys} onKeyDown=${keys} onInput=${(event) => jump(Number(event.currentTarget.value), false)} onChange=${(event) => jump(Number(event.currentTarget.value))} />
      <span class="scrubber-marks" aria-hidden="true">${marks.map(([place, failed]) => html`<span key=${place} class=${failed ? 'scrubber-mark s-error' : 'scrubber-mark'} style=${{ insetInlineStart: `${(place / MARKS) * 100}%` }}></span>`)}</span>
    </span>
    <span class="number scrubber-at">${text.scrubber.at(duration(at ?? whole), duration(whole))}</span>
    <label class="field-inline"><span class="hidden">${text.exported.speed}</span>
      <select value=${speed} onChange=${(event) => setSpeed(event.currentTarget.value === 'auto' ? 'auto' : Number(event.currentTarget.value))}>
        ${SPEEDS.map((one) => html`<option key=${one} value=${one} selected=${one === speed}>${one === 'auto' ? text.exported.auto : text.exported.times(one)}</option>`)}</select></label>
    ${at !== null && html`<button type="button" class="button-quiet" onClick=${() => jump(null)}>${text.scrubber.end}</button>`}
  </section>`;
}
