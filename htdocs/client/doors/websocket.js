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
    let ping, pong, retryMs, heardAt;
    let open = true;
    let socket;

    const finish = (kind) => {
      if (!open) return;
      open = false;
      clearTimeout(ping);
      clearTimeout(pong);
      socket.onmessage = socket.onclose = null;
      socket.close();
      if (kind) on.closed({ kind, retryMs });
    };
    const send = (message) => {
      if (socket.readyState === 1) socket.send(JSON.stringify(message));
    };
    // When nothing has come for a while, ask for a proof of life.
    const listen = (delay) => {
      ping = setTimeout(() => {
        const silent = Date.now() - heardAt;
        if (silent < PING_MS) return listen(PING_MS - silent);
        send(streams ? { op: 'ping' } : { type: 'ping' });
        pong = setTimeout(() => finish('cut'), PONG_MS);
      }, delay);
    };
    const heard = () => {
      heardAt = Date.now();
      on.frame();
      if (pong || !ping) {
        clearTimeout(pong);
        pong = null;
        listen(PING_MS);
      }
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
      if (message.op === 'hello' && streams) {
        // "now" is what the hello says: by the time the subscription arrives there, more may have happened.
        const from = since === undefined || since === 'now' ? (message.head ?? 'now') : since;
        send({ op: 'subscribe', streams, since: from });
      }
      if (message.op === 'bye') retryMs = message.retryMs;
      else if (message.op === 'error' && message.code !== 'limit') finish('unusable');
      on.message(message);
    };
    socket.onerror = () => {}; // a close follows, and that is what counts
    socket.onclose = ({ code }) => finish(CODE_DENIED.includes(code) ? 'denied' : 'cut');
    return () => finish();
  },
};
