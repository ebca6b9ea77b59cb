// Which door the events come through, in one word and one dot. Never a modal, never red for a short break.

import { html, classes } from '../ui.js';
import { count } from '../format.js';
import { text } from '../text.js';
import { useNow } from './time.js';

function words(status, now) {
  const door = text.door[status.door];
  switch (status.state) {
    case 'live':
      return text.live.live(door);
    case 'catching-up':
      return text.live.catchingUp(count(status.received));
    case 'reconnecting':
      return text.live.reconnecting(Math.ceil((status.retryAt - now) / 1000));
    case 'ended':
      return text.live.ended(door);
    default:
      return text.live[status.state];
  }
}

export function Badge({ status }) {
  useNow(status.state === 'reconnecting');
  return html`<span class=${classes('badge', `badge-${status.state}`)} data-door=${status.door} data-state=${status.state}
    title=${text.live.hint[status.door]} role="status"><span class="badge-dot"></span>${words(status, Date.now())}</span>`;
}
