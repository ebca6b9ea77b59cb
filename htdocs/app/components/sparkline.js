// The last results of a workflow, oldest first: a bar each, as high as the run took long, in the colour of its end.

import { html } from '../ui.js';
import { duration } from '../format.js';
import { href } from '../router.js';
import { text } from '../text.js';

const LEAST = 0.25; // of the height
const FAILED = 'error';

/** In whole percent of those that ended well or badly; null when there are none. */
export function successRate(recent) {
  const good = recent.filter(({ status }) => status === 'success').length;
  const bad = recent.filter(({ status }) => status === FAILED).length;
  return good + bad ? Math.round((good / (good + bad)) * 100) : null;
}

/** recent: [{id, status, durationMs?}], newest first. */
export function Sparkline({ recent }) {
  if (!recent.length) return null;
  const most = Math.max(1, ...recent.map(({ durationMs }) => durationMs ?? 0));
  const failed = recent.filter(({ status }) => status === FAILED).length;
  return html`<span class="spark"><span class="hidden">${text.workflows.spark(recent.length, failed)}</span>
    ${[...recent].reverse().map(({ id, status, durationMs }) => html`<a key=${id} class=${`spark-bar s-${status}`} href=${href(['runs', id])} tabIndex=${-1} aria-hidden="true"
      title=${`${text.state[status]}${durationMs === undefined ? '' : `, ${duration(durationMs)}`}`}
      style=${{ blockSize: `${Math.round((LEAST + (1 - LEAST) * ((durationMs ?? 0) / most)) * 100)}%` }}></a>`)}
  </span>`;
}
