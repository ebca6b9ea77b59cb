// Tells by the system's notifications when a run ends that was opened here: wanted by a click only, and not while one looks
// at that run.

import { connectStreams } from '../client/console.js';
import { getRun } from './api.js';
import { toast } from './components/toast.js';
import { recall, remember } from './prefs.js';
import { go, href, route } from './router.js';
import { text } from './text.js';
import { signal } from './ui.js';

const WATCHED_MAX = 5; // runs whose pages were left; a further one takes the place of the oldest
const ENDS = { 'run.finished': 'success', 'run.failed': 'error', 'run.cancelled': 'cancelled' };
const ended = (status) => Object.values(ENDS).includes(status);

const possible = 'Notification' in globalThis;
const granted = () => possible && Notification.permission === 'granted';

/** Does the person want it? */
export const notifying = signal(granted() && recall('notify', false));

/** Asks the browser's permission when it is turned on for the first time. */
export async function toggleNotify() {
  const on = !notifying.value;
  if (on && possible && !granted()) await Notification.requestPermission();
  if (on && !granted()) return toast({ text: text.notify.refused, kind: 'waiting', key: 'notify' });
  notifying.value = on;
  remember('notify', on);
  return toast({ text: on ? text.notify.on : text.notify.off, key: 'notify' });
}

const inView = (id) => !document.hidden && route.value.parts[0] === 'runs' && route.value.parts[1] === id;

/** The run has ended. */
export function tellEnd({ id, name, workflowId, status }) {
  if (!notifying.value || inView(id)) return;
  const words = text.notify.ended(name || workflowId, text.state[status]);
  if (!document.hidden) return toast({ text: words, kind: status, href: href(['runs', id]), key: id });
  try {
    const note = new Notification(words, { tag: id, icon: new URL(`icons/${status}.svg`, document.baseURI).href });
    note.onclick = () => {
      window.focus();
      go(['runs', id]);
      note.close();
    };
  } catch {
    toast({ text: words, kind: status, href: href(['runs', id]), key: id }); // browsers of phones allow none
  }
}

const watched = new Map(); // run id -> its subscription

/** Its page is left before it has ended: it is followed until then. */
export function watchOn(run) {
  if (!notifying.value || ended(run.status) || watched.has(run.id)) return;
  const over = (status) => {
    if (!watched.has(run.id)) return;
    unwatch(run.id);
    tellEnd({ ...run, status });
  };
  watched.set(run.id, connectStreams([`run:${run.id}`], ({ type }) => ENDS[type] && over(ENDS[type]), {
    since: 'now',
    // It may have ended in between.
    onStatus: ({ state }) => state === 'live' && getRun(run.id).then(({ status }) => ended(status) && over(status), () => {}),
  }));
  if (watched.size > WATCHED_MAX) unwatch(watched.keys().next().value);
}

/** Its page tells itself. */
export function unwatch(id) {
  watched.get(id)?.close();
  watched.delete(id);
}
