// One run, followed: its record, then its events from the start, folded and drawn at most once a frame.

import { connectStreams } from '../client/console.js';
import { getRun, listEvents } from './api.js';
import { ended, RunFold } from './fold.js';
import { signal } from './ui.js';

const SETTLE_MS = 150; // after the last event of a run, before its record is read again
const HIDDEN_MS = 500; // a page nobody sees is drawn so often, for its title
const PAGES = [1000, 5000]; // events of an ended run asked for at a time, first and then: much quicker than one by one
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
  const take = (fold, item) => {
    const was = fold.run.status;
    if (item.op === 'gap') fold.applyGap(item);
    else fold.apply(item);
    fresh++;
    if (item.op === 'gap' || (ended(fold.run.status) && !ended(was))) refreshSoon();
    draw();
  };
  /** What there is of a run that has ended, page by page; returns the cursor to go on at. */
  const readHistory = async (fold) => {
    let cursor = 'start';
    try {
      for (let page = 0, more = true; more; page++) {
        const limit = PAGES[Math.min(page, PAGES.length - 1)];
        const { items, next } = await listEvents(runId, { cursor: cursor === 'start' ? null : cursor, limit }, abort.signal);
        for (const item of items) {
          take(fold, item);
          cursor = item.op === 'gap' ? item.last : item.id;
        }
        more = next !== null;
      }
    } catch (error) {
      if (abort.signal.aborted) throw error; // else the stream brings the rest
    }
    return cursor;
  };
  const load = async () => {
    try {
      live?.close();
      const fold = new RunFold(await getRun(runId, abort.signal));
      view.value = { fold, rev: 1, error: null };
      const since = ended(fold.run.status) ? await readHistory(fold) : 'start';
      live = connectStreams([`run:${runId}`], (event) => take(fold, event), { since, onGap: (gap) => take(fold, { op: 'gap', ...gap }) });
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
