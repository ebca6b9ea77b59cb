// One run, followed: its record, then its events from the start, folded and drawn at most once a frame.

import { connectStreams } from '../client/console.js';
import { getRun } from './api.js';
import { ended, RunFold } from './fold.js';
import { signal } from './ui.js';

const SETTLE_MS = 150; // after the last event of a run, before its record is read again
const HIDDEN_MS = 500; // a page nobody sees is drawn so often, for its title
const FLOOD = 200; // events within one frame; then ...
const FLOOD_MS = 150; // ... it is drawn so often, and the time goes into reading

/** {view: signal of {fold, rev, error}, close(), reload(), refresh()} */
export function followRun(runId) {
  const view = signal({ fold: null, rev: 0, error: null });
  const abort = new AbortController();
  let live, frame, settle;
  let fresh = 0; // events since it was drawn
  let flood = false;

  const draw = () => {
    if (frame) return;
    const paint = () => {
      frame = null;
      flood = fresh > FLOOD;
      fresh = 0;
      view.value = { ...view.value, rev: view.value.rev + 1 };
    };
    const delay = document.hidden ? HIDDEN_MS : flood ? FLOOD_MS : 0;
    frame = delay ? setTimeout(paint, delay) : requestAnimationFrame(paint);
  };
  // Events tell each change; the record has what they leave out (full outputs).
  const refresh = async () => {
    try {
      view.value.fold.take(await getRun(runId, abort.signal));
      draw();
    } catch {
      // the fold of the events stands
    }
  };
  const refreshSoon = () => {
    clearTimeout(settle);
    settle = setTimeout(refresh, SETTLE_MS);
  };
  const load = async () => {
    try {
      const fold = new RunFold(await getRun(runId, abort.signal));
      view.value = { fold, rev: 1, error: null };
      live?.close();
      live = connectStreams([`run:${runId}`], (event) => {
        const was = fold.run.status;
        fold.apply(event);
        fresh++;
        if (ended(fold.run.status) && !ended(was)) refreshSoon();
        draw();
      }, {
        since: 'start',
        onGap(gap) {
          fold.applyGap(gap);
          refreshSoon();
          draw();
        },
      });
    } catch (error) {
      if (!abort.signal.aborted) view.value = { fold: null, rev: 0, error };
    }
  };
  load();
  return {
    view,
    reload: load,
    refresh,
    close() {
      abort.abort();
      live?.close();
      clearTimeout(settle);
      cancelAnimationFrame(frame);
      clearTimeout(frame);
    },
  };
}
