import { html, signal, useEffect } from '../ui.js';
import { absolute, ago, duration } from '../format.js';

/** The server's clock minus ours, in ms; a second's difference is not worth a correction. */
export const clockSkew = signal(0);

const seconds = signal(Date.now());
let watchers = 0;
let ticker;

/** The time by the server's clock; the component that calls it is drawn again every second. */
export function useNow(counting = true) {
  useEffect(() => {
    if (!counting) return;
    if (!watchers++) ticker = setInterval(() => (seconds.value = Date.now()), 1000);
    return () => --watchers || clearInterval(ticker);
  }, [counting]);
  return (counting ? Math.max(seconds.value, Date.now()) : Date.now()) + clockSkew.value;
}

export function Ago({ time }) {
  const now = useNow();
  return time && html`<time dateTime=${time} title=${absolute(time)}>${ago(time, now)}</time>`;
}

/** A length of time that counts while `since` is given without `ms`. */
export function Duration({ ms, since }) {
  const counting = (ms === null || ms === undefined) && Boolean(since);
  const now = useNow(counting);
  return html`<span class="number">${counting ? duration(now - Date.parse(since), true) : duration(ms)}</span>`;
}

export function noteServerTime(response) {
  const skew = Date.parse(response.headers.get('date')) - Date.now();
  clockSkew.value = Math.abs(skew) > 2000 ? skew : 0;
}
