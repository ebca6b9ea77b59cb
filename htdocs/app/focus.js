// Where the focus goes when another page is shown: what had it stays, if it is still there; the way back leads to where one
// was; else the content has it. The page's title is said.

import { html, useEffect, useRef, useState } from './ui.js';
import { onLeave, route } from './router.js';
import { pageState } from './state.js';

const WAIT_MS = 10000; // for the content of a page one comes back to

const left = new Map(); // entry of the history -> what finds the element that had the focus
let entry = 0;
let entries = 0;

/** How the element is found again when the page has been drawn anew. */
function placeOf(element) {
  if (element?.id) return `#${CSS.escape(element.id)}`;
  const link = element?.getAttribute?.('href');
  return link ? `main a[href="${CSS.escape(link)}"]` : null;
}

function restore(selector) {
  const there = () => document.querySelector(selector);
  if (there()) return there().focus();
  const observer = new MutationObserver(() => {
    if (document.activeElement !== document.body && document.activeElement?.id !== 'main') return observer.disconnect(); // gone on
    if (!there()) return undefined;
    observer.disconnect();
    return there().focus();
  });
  observer.observe(document.getElementById('main'), { childList: true, subtree: true });
  setTimeout(() => observer.disconnect(), WAIT_MS);
  return undefined;
}

// Each entry of the history gets a number, so that one that is come back to is known.
history.replaceState({ ...history.state, entry }, '');
let before = null;
onLeave(() => {
  left.set(entry, placeOf(document.activeElement));
  const known = history.state?.entry;
  before = known === undefined ? null : (left.get(known) ?? null);
  entry = known ?? ++entries;
  if (known === undefined) history.replaceState({ ...history.state, entry }, '');
});

/** In the frame, once: moves the focus and says the title after each change of page. */
export function RouteFocus() {
  const path = route.value.parts.join('/');
  const { title } = pageState.value;
  const shown = useRef(path);
  const old = useRef(null); // the title of the page before, until that of this one is known
  const [said, say] = useState('');
  useEffect(() => {
    if (shown.current === path) return;
    const within = shown.current.split('/')[0] === path.split('/')[0];
    shown.current = path;
    old.current = title ?? '';
    const active = document.activeElement;
    const main = document.getElementById('main');
    if (before) return restore(before);
    if (within && active !== main && main.contains(active)) return;
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  useEffect(() => {
    if (old.current === null || !title || title === old.current) return;
    old.current = null;
    say(title);
  }, [title, path]);
  return html`<div class="hidden" role="status" aria-live="polite" data-said="page">${said}</div>`;
}
