// What a topic's page says beside its data: nothing while it is live; where it comes from when it is not.

import { html } from '../ui.js';
import { text } from '../text.js';
import { connection } from '../state.js';
import { Failure, Skeleton } from './resource.js';
import { Denied } from './sign-in.js';
import { Ago } from './time.js';

/** topic: what one of the client's topic hooks gives. children are drawn once there is data. */
export function TopicState({ topic, children }) {
  const { isConnected, lastUpdated } = topic;
  if (!lastUpdated) return html`<${Awaited} topic=${topic} />`;
  return html`${!isConnected && html`<p class="stale" role="status">${text.monitor.polled} <${Ago} time=${lastUpdated.toISOString()} /></p>`}${children}`;
}

/** Before the first data: the shape of what comes; when no door opens, that the server does not answer, which is tried again
 * anyway; without a token that allows it, what to do. */
export function Awaited({ topic }) {
  if (connection.value?.status.state === 'denied') return html`<${Denied} />`;
  return topic.reconnectAttempts > 0 ? html`<${Failure} error=${{ status: 0 }} retry=${() => location.reload()} />` : html`<${Skeleton} rows=${4} />`;
}

export const Empty = ({ words, children }) => html`<section class="notice"><p>${words}</p>${children}</section>`;
