// Polling, the same for both doors: the bridge holds a request until something happens; the CGI door may answer at
// once, and then the next request waits a little, longer while nothing changes.

import { siteUrl } from '../urls.js';
import { authorization, isType, refusal, takeSlot } from './http.js';

const WAIT_S = 25;
const FULL = 500; // an answer with fewer messages has brought everything there was
const HELD_MS = 1000; // an empty answer that took at least so long was held
const IDLE_MS = [700, 1000, 1500, 2500, 4000];

export function pollDoor(name, prefix, firstMs) {
  return {
    name,
    firstMs,

    open(target, on) {
      const { base, path, query, streams, tokens, fetch } = target;
      const abort = new AbortController();
      const giveBack = takeSlot(base);
      const mayHold = giveBack !== null;
      let open = true;
      let deadline, pause, wake;
      let since = target.since ?? (streams ? 'now' : undefined);

      const finish = (outcome) => {
        if (!open) return;
        open = false;
        clearTimeout(deadline);
        clearTimeout(pause);
        wake?.();
        abort.abort();
        giveBack?.();
        if (outcome) on.closed(outcome);
      };
      const ask = async (wait) => {
        clearTimeout(deadline);
        deadline = setTimeout(() => finish({ kind: 'cut' }), wait * 1000 + 10000);
        const response = await fetch(siteUrl(base, `${prefix}${path}`, { ...query, stream: streams, since, wait }), {
          headers: { Accept: 'application/json', ...authorization(await tokens?.current()) },
          cache: 'no-store',
          signal: abort.signal,
        });
        if (!response.ok || !isType(response, 'application/json')) return finish(refusal(response));
        return response.json();
      };
      const run = async () => {
        let wait = 0; // the first answer proves the door, so it must not be held
        let idle = 0;
        while (open) {
          const asked = Date.now();
          const answer = await ask(wait);
          if (!open) return;
          if (!Array.isArray(answer?.events)) return finish({ kind: 'unusable' });
          on.frame();
          for (const message of answer.events) {
            on.message(message);
            if (!open) return;
          }
          const some = answer.events.length > 0 && answer.next !== since;
          if (answer.next) on.position((since = answer.next));
          if (answer.events.length < FULL) on.caughtUp();
          if (answer.end) return finish({ kind: 'ended' });
          const held = wait > 0 && Date.now() - asked >= HELD_MS;
          if (some || held) idle = 0;
          if (mayHold ? wait > 0 && !some && !held : answer.events.length < FULL) {
            const delay = IDLE_MS[Math.min(idle++, IDLE_MS.length - 1)];
            await new Promise((resolve) => {
              wake = resolve;
              pause = setTimeout(resolve, delay * (1 + Math.random() / 4));
            });
          }
          if (mayHold) wait = WAIT_S;
        }
      };
      run().catch((error) => finish({ kind: error instanceof SyntaxError ? 'unusable' : 'cut' }));
      return { close: () => finish() };
    },
  };
}
