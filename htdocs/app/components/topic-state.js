// What a topic's page says beside its data: nothing while it is live; where it comes from when it is not.

import { html } from '../ui.js';
import { text } from '../text.js';
import { Skeleton } from './resource.js';
import { Ago } from './time.js';

/** topic: what one of the client's topic hooks gives. children are drawn once there is data. */
export function TopicState({ topic, children }) {
  const { isConnected, lastUpdated } = topic;
  if (!lastUpdated) return html`<${Skeleton} rows=${4} />`;
  return html`${!isConnected && html`<p class="stale" role="status">${text.monitor.polled} <${Ago} time=${lastUpdated.toISOString()} /></p>`}${children}`;
}

export const Empty = ({ words, children }) => html`<section class="notice"><p>${words}</p>${children}</section>`;
