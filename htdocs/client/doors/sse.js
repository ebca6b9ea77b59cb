// Server-Sent Events, read from a streamed fetch: unlike EventSource it can send Authorization and sees the status.

import { siteUrl } from '../urls.js';
import { authorization, isType, refusal, takeSlot } from './http.js';

const SILENCE_MS = 45000; // the server sends a comment every 20 s
const LINE_MAX = 32 * 1024 * 1024; // characters of one message

/** Feed it text as it comes; it calls `data(text)` once for each message. */
export function sseParser(data) {
  let rest = '';
  let lines = [];
  return (text) => {
    rest += text;
    if (rest.length > LINE_MAX) throw new Error('message too long');
    let end;
    let from = 0;
    while ((end = rest.indexOf('\n', from)) >= 0) {
      const line = rest.slice(from, end).replace(/\r$/, '');
      from = end + 1;
      if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5));
      else if (line === '' && lines.length) {
        const message = lines.join('\n');
        lines = [];
        data(message);
      }
    }
    rest = rest.slice(from);
  };
}

export const sse = {
  name: 'sse',
  firstMs: 2000,
  keepsToken: true,

  open(target, on) {
    const { base, path, query, streams, since, token, fetch } = target;
    const abort = new AbortController();
    const giveBack = takeSlot(base);
    let open = true;
    let silence;

    const finish = (outcome) => {
      if (!open) return;
      open = false;
      clearTimeout(silence);
      abort.abort();
      giveBack?.();
      if (outcome) on.closed(outcome);
    };
    const read = async () => {
      const response = await fetch(siteUrl(base, `sse${path}`, { ...query, stream: streams, since }), {
        headers: { Accept: 'text/event-stream', ...authorization(token) },
        cache: 'no-store',
        signal: abort.signal,
      });
      if (!open) return;
      if (response.status === 204) {
        on.frame();
        return finish({ kind: 'ended' });
      }
      if (!response.ok || !isType(response, 'text/event-stream')) return finish(refusal(response));
      let retryMs;
      const parse = sseParser((text) => {
        if (!open) return;
        const message = JSON.parse(text);
        if (message.op === 'bye') retryMs = message.retryMs;
        on.frame();
        on.message(message);
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        clearTimeout(silence);
        silence = setTimeout(() => finish({ kind: 'cut' }), SILENCE_MS);
        const { done, value } = await reader.read();
        if (!open) return;
        if (done) return finish({ kind: 'cut', retryMs });
        parse(value);
        if (!open) return;
      }
    };
    if (!giveBack) queueMicrotask(() => finish({ kind: 'busy' }));
    else read().catch((error) => finish({ kind: error instanceof SyntaxError ? 'unusable' : 'cut' }));
    return { close: () => finish() };
  },
};
