// Loading: the shape of what comes after 200 ms; failing: what happened, what to do, a retry.

import { html, useCallback, useEffect, useRef, useState } from '../ui.js';
import { text } from '../text.js';
import { SignIn } from './sign-in.js';

const SKELETON_MS = 200;

/** Loads by `loader(signal)` again when `key` changes; refreshMs(data) says when to look again, if ever. */
export function useResource(key, loader, refreshMs) {
  const [state, setState] = useState({ key, data: null, error: null, slow: false });
  const [turn, setTurn] = useState(0);
  const latest = useRef(loader);
  latest.current = loader;

  useEffect(() => {
    const abort = new AbortController();
    const slow = setTimeout(() => setState((was) => (was.data && was.key === key ? was : { ...was, slow: true })), SKELETON_MS);
    let again;
    const load = async () => {
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ key, data, error: null, slow: false });
        schedule(data);
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((was) => ({ key, data: was.key === key ? was.data : null, error, slow: false }));
        schedule(null);
      } finally {
        clearTimeout(slow);
      }
    };
    const schedule = (data) => {
      const delay = refreshMs?.(data);
      if (delay && !abort.signal.aborted) again = setTimeout(() => (document.hidden ? schedule(data) : load()), delay);
    };
    load();
    return () => {
      abort.abort();
      clearTimeout(slow);
      clearTimeout(again);
    };
  }, [key, turn]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const current = state.key === key ? state : { data: null, error: null, slow: false };
  return { ...current, reload };
}

export function explain(error, missing = '') {
  if (error.status === 0) return text.failure.network;
  if (error.status === 404 && missing) return missing;
  if (error.status === 403) return text.failure.forbidden(error.detail);
  return text.failure.server(error.status, error.detail || error.title);
}

export function Failure({ error, missing, retry }) {
  if (error.status === 401) return html`<${SignIn} />`;
  return html`<section class="notice" role="alert">
    <h2>${text.failure.title}</h2>
    <p>${explain(error, missing)}</p>
    <button class="button" onClick=${retry}>${text.failure.retry}</button>
  </section>`;
}

export const Skeleton = ({ rows = 6 }) =>
  html`<div class="skeleton" aria-hidden="true">${Array.from({ length: rows }, (_, i) => html`<div key=${i} class="skeleton-row"></div>`)}</div>`;
