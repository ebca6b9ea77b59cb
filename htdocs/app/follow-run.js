// One run, followed: its record, then its events from the start, folded and drawn at most once a frame. What comes in
// bulk is folded in slices, so that the page answers meanwhile; of a long run that has ended the newest lines come first.

import { connectStreams } from '../client/console.js';
import { getRun, listEvents } from './api.js';
import { ended, RunFold } from './fold.js';
import { signal } from './ui.js';

const SETTLE_MS = 150; // after the last event of a run, before its record is read again
const HIDDEN_MS = 500; // a page nobody sees is drawn so often, for its title
const PAGES = [1000, 5000]; // events of an ended run asked for at a time, first and then: much quicker than one by one
const NEWEST = 500; // events that are shown of a longer one until all are there
const FLOOD = 200; // events within one frame; then ...
const FLOOD_MS = 150; // ... it is drawn so often, and the time goes into reading
const SLICE_MS = 6; // what waits is folded for so long at a time
const SLICE_EVENTS = 50; // between two looks at the clock

const pause = () => new Promise((done) => setTimeout(done));

/** {view: signal of {fold, rev, error, reading}, close(), reload(), refresh()}. reading: while a long run is read from
 *  history {newest: fold of its last events, done, total: events}, else null. */
export function followRun(runId) {
  const view = signal({ fold: null, rev: 0, error: null, reading: null });
  let loading = new AbortController();
  let live, frame, settle;
  let fresh = 0; // events since it was drawn
  let flood = false;

  const show = (changes) => (view.value = { ...view.value, rev: view.value.rev + 1, ...changes });
  const draw = () => {
    if (frame) return;
    const paint = () => {
      frame = null;
      flood = fresh > FLOOD;
      fresh = 0;
      show();
    };
    const delay = document.hidden ? HIDDEN_MS : flood ? FLOOD_MS : 0;
    frame = delay ? setTimeout(paint, delay) : requestAnimationFrame(paint);
  };
  // Events tell each change; the record has what they leave out (full outputs).
  const refresh = async () => {
    try {
      view.value.fold.take(await getRun(runId, loading.signal));
      draw();
    } catch {
      // the fold of the events stands
    }
  };
  const refreshSoon = () => {
    clearTimeout(settle);
    settle = setTimeout(refresh, SETTLE_MS);
  };
  const apply = (fold, item) => {
    const was = fold.run.status;
    if (item.op === 'gap') fold.applyGap(item);
    else fold.apply(item);
    fresh++;
    if (item.op === 'gap' || (ended(fold.run.status) && !ended(was))) refreshSoon();
    draw();
  };
  /** Folds all of them, a slice at a time. */
  const applyAll = async (fold, items, { signal: stop }) => {
    for (let at = 0; at < items.length && !stop.aborted; ) {
      const end = performance.now() + SLICE_MS;
      do for (const to = Math.min(at + SLICE_EVENTS, items.length); at < to; at++) apply(fold, items[at]);
      while (at < items.length && performance.now() < end);
      if (at < items.length) await pause();
    }
  };
  /** Takes what comes live: at once, but for what comes in bulk. */
  const taker = (fold, own) => {
    let waiting = [];
    let working = false;
    const work = async () => {
      working = true;
      while (waiting.length) {
        await pause();
        const items = waiting;
        waiting = [];
        await applyAll(fold, items, own);
      }
      working = false;
    };
    return (item) => {
      if (!working && fresh < FLOOD) return apply(fold, item);
      waiting.push(item);
      if (!working) work();
    };
  };
  const showNewest = async (record, own) => {
    const { items } = await listEvents(runId, { last: NEWEST }, own.signal);
    const newest = RunFold.ofNewest(record, items.filter(({ op }) => !op));
    show({ reading: { newest, done: 0, total: items.at(-1)?.seq ?? 0 } });
  };
  /** What there is of a run that has ended, page by page; returns the cursor to go on at. */
  const readHistory = async (fold, record, own) => {
    let cursor = 'start';
    const ask = (from, page) => listEvents(runId, { cursor: from, limit: PAGES[Math.min(page, PAGES.length - 1)] }, own.signal);
    try {
      for (let page = 1, coming = ask(null, 0); coming; page++) {
        const { items, next } = await coming;
        coming = next && ask(next, page); // while these are folded
        coming?.catch(() => {}); // it is awaited above
        if (coming && page === 1) await showNewest(record, own);
        await applyAll(fold, items, own);
        const last = items.at(-1);
        cursor = (last?.op === 'gap' ? last.last : last?.id) ?? cursor;
        const { reading } = view.value;
        if (reading) show({ reading: { ...reading, done: last?.seq ?? reading.done } });
      }
    } catch (error) {
      if (own.signal.aborted) throw error; // else the stream brings the rest
    }
    show({ reading: null });
    return cursor;
  };
  const load = async () => {
    loading.abort();
    const own = (loading = new AbortController());
    try {
      live?.close();
      const record = await getRun(runId, own.signal);
      const fold = new RunFold(record);
      view.value = { fold, rev: 1, error: null, reading: null };
      const since = ended(fold.run.status) ? await readHistory(fold, record, own) : 'start';
      const take = taker(fold, own);
      live = connectStreams([`run:${runId}`], take, { since, onGap: (gap) => take({ op: 'gap', ...gap }) });
    } catch (error) {
      if (!own.signal.aborted) view.value = { fold: null, rev: 0, error, reading: null };
    }
  };
  load();
  return {
    view,
    reload: load,
    refresh,
    close() {
      loading.abort();
      live?.close();
      clearTimeout(settle);
      cancelAnimationFrame(frame);
      clearTimeout(frame);
    },
  };
}
