// WebSocket: the native endpoint is multiplexed (subscribe after the hello), every other path is one feed.

import { socketUrl } from '../urls.js';

const PING_MS = 25000; // idle connections are cut by proxies after about 60 s
const PONG_MS = 10000;
const CODE_DENIED = [4401, 4403];

export const websocket = {
  name: 'websocket',
  firstMs: 2000,

  open(target, on) {
    const { base, path, streams, since, token, WebSocket } = target;
    let ping, pong, retryMs;
    let open = true;
    let socket;

    const finish = (kind) => {
      if (!open) return;
      open = false;
      clearTimeout(ping);
      clearTimeout(pong);
      socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
      if (kind) on.closed({ kind, retryMs });
    };
    const send = (message) => {
      if (socket.readyState === 1) socket.send(JSON.stringify(message));
    };
    // Some frame has come: ask for the next proof of life later.
    const heard = () => {
      on.frame();
      clearTimeout(ping);
      clearTimeout(pong);
      ping = setTimeout(() => {
        send(streams ? { op: 'ping' } : { type: 'ping' });
        pong = setTimeout(() => finish('cut'), PONG_MS);
      }, PING_MS);
    };

    const protocols = [...(streams ? ['runspool.v1'] : []), ...(token ? ['token', token] : [])];
    try {
      socket = new WebSocket(socketUrl(base, `ws${path}`, streams ? {} : { since }), protocols);
    } catch {
      queueMicrotask(() => on.closed({ kind: 'unusable' }));
      return () => {};
    }
    socket.onopen = () => {
      // With `since` a feed has no opening message; the pong is then its first frame.
      if (!streams) send({ type: 'ping' });
    };
    socket.onmessage = ({ data }) => {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return finish('unusable');
      }
      heard();
      if (message.op === 'hello' && streams) send({ op: 'subscribe', streams, since: since ?? 'now' });
      else if (message.op === 'bye') retryMs = message.retryMs;
      else if (message.op === 'error' && message.code !== 'limit') finish('unusable');
      on.message(message);
    };
    socket.onclose = ({ code }) => finish(CODE_DENIED.includes(code) ? 'denied' : 'cut');
    return () => finish();
  },
};
