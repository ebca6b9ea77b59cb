// How the page is connected, in one word and one dot; more when it is pressed. Never a modal, never red for a short break.

import { html, classes, useEffect, useRef, useState } from '../ui.js';
import { measureClock } from '../clock.js';
import { ago, count } from '../format.js';
import { href } from '../router.js';
import { connection, online } from '../state.js';
import { text } from '../text.js';
import { useNow } from './time.js';

const BEST = 'websocket';
const REFRESH_MS = 1000;

function words({ state, door, received, retryAt }, now) {
  switch (state) {
    case 'live':
      return text.live.live(text.door[door]);
    case 'catching-up':
      return text.live.catchingUp(count(received));
    case 'reconnecting':
      return text.live.reconnecting(Math.ceil((retryAt - now) / 1000));
    case 'ended':
      return text.live.ended(text.door[door]);
    default:
      return text.live[state];
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** What a person who does not see the badge has to know: that it broke, and that it works again. */
function Spoken({ state }) {
  const broke = useRef(false);
  const broken = ['reconnecting', 'offline', 'denied', 'failed'].includes(state);
  const said = broken ? text.live.spoken.broken : broke.current && state === 'live' ? text.live.spoken.whole : '';
  broke.current ||= broken;
  return html`<span class="hidden" role="status">${said}</span>`;
}

function Facts({ live, status }) {
  const [clock, setClock] = useState(null);
  const [, draw] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    measureClock(abort.signal).then(setClock, () => {}); // without it no delay is told
    const timer = setInterval(() => draw((n) => n + 1), REFRESH_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, []);
  const { facts } = text.live;
  const { delays } = live;
  const row = (name, value) => html`<dt>${name}</dt><dd class="number">${value}</dd>`;
  return html`<dl class="facts">
    ${status.door && row(facts.door, text.door[status.door])}
    ${row(facts.delay, delays.length && clock ? facts.delayOf(count(Math.max(0, median(delays) + clock.skewMs)), delays.length) : facts.noDelay)}
    ${row(facts.since, ago(new Date(status.changedAt), Date.now()))}
    ${status.attempt > 0 && row(facts.attempts, count(status.attempt))}
    ${(status.tried ?? []).map(({ door, why, status: code }) => row(text.door[door], text.live.why[why](code)))}
  </dl>`;
}

export function Badge() {
  const [open, setOpen] = useState(false);
  const now = connection.value ?? { status: { state: 'closed', door: null } };
  const { state, door, retryAt } = now.status;
  useNow(state === 'reconnecting');
  if (!connection.value && online.value) return null;
  const shown = online.value || state === 'live' ? state : 'offline';
  const poor = (state === 'live' && door !== BEST) || state === 'reconnecting';
  return html`<button type="button" class=${classes('badge', `badge-${shown}`)} data-door=${door} data-state=${shown} popovertarget="connection"
      title=${text.live.press}><span class="badge-dot"></span><span class="badge-words">${words({ ...now.status, state: shown, retryAt }, Date.now())}</span>
      ${poor && html`<span class="badge-why">${text.live.ask}</span>`}</button>
    <${Spoken} state=${shown} />
    <section class="popover" id="connection" popover="auto" aria-label=${text.live.title} onToggle=${(event) => setOpen(event.newState === 'open')}>
      ${open && html`<p>${text.live.hint[shown === 'live' ? door : shown] ?? words(now.status, Date.now())}</p>
        ${now.live && html`<${Facts} ...${now} />`}
        <p class="popover-end"><a href=${href(['doctor'])} onClick=${() => document.getElementById('connection').hidePopover()}>${text.live.look}</a>
          ${state === 'reconnecting' && html`<button type="button" class="button" onClick=${() => now.live.hurry()}>${text.live.tryNow}</button>`}</p>`}
    </section>`;
}
