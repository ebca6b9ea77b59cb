// What pages tell the frame.

import { openLives, watchLives } from '../client/live.js';
import { signal, useEffect } from './ui.js';

/** Title and icon of the tab: {title, icon}. */
export const pageState = signal({});

export function usePageState(title, icon) {
  useEffect(() => {
    pageState.value = { title, icon };
  }, [title, icon]);
}

// Of several subscriptions that one tells how the page is connected which is worst off; one that has come to its end does
// so only when there is no other.
const WORST_FIRST = ['reconnecting', 'catching-up', 'connecting', 'live', 'failed', 'denied', 'missing', 'ended'];
const rank = ({ status }) => WORST_FIRST.indexOf(status.state);

function worst() {
  const [live] = openLives().sort((a, b) => rank(a) - rank(b));
  return live ? { live, status: live.status } : null;
}

/** {live, status} of the subscription that tells how the page is connected; null: it has none. */
export const connection = signal(null);
let planned = false;
watchLives(() => {
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    connection.value = worst();
  });
});

/** Does the browser say that there is a network? */
export const online = signal(navigator.onLine);
for (const event of ['online', 'offline']) addEventListener(event, () => (online.value = event === 'online'));
