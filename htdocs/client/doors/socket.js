// One WebSocket: JSON both ways, a proof of life when nothing comes, and a token that is kept fresh.

const PING_MS = 25000; // idle connections are cut by proxies after about 60 s
const PONG_MS = 10000;
const NORMAL = 1000;
const KINDS = { 4401: 'unauthorized', 4403: 'forbidden', [NORMAL]: 'ended' };

let inNode; // promise of the WebSocket of the package `ws`

/** The class to use: what was given, the platform's own, or in Node before 22 the package `ws`, when it is installed. */
function socketClass(given) {
  const known = given ?? globalThis.WebSocket;
  if (known || !globalThis.process?.versions?.node) return known ?? null;
  const name = 'ws'; // not a literal, so that bundlers leave it
  inNode ??= import(/* @vite-ignore */ /* webpackIgnore: true */ name).then((ws) => ws.WebSocket, () => null);
  return inNode;
}

/**
 * url, protocols(token), WebSocket, token, tokens. ping and auth(token): the messages for a proof of life and a new token.
 * on: opened(), message(value), closed({kind, retryMs}). Returns {send(value), close()}; send is false when it is not open.
 */
export function openSocket({ url, protocols, token, tokens, WebSocket, ping, auth }, on) {
  let open = true;
  let socket, pingTimer, pongTimer, retryMs, heardAt, unwatch;

  const finish = (kind) => {
    if (!open) return;
    open = false;
    clearTimeout(pingTimer);
    clearTimeout(pongTimer);
    globalThis.removeEventListener?.('offline', prove);
    unwatch?.();
    if (socket) {
      socket.onmessage = socket.onclose = socket.onopen = null;
      socket.close();
    }
    if (kind) on.closed({ kind, retryMs });
  };
  const send = (value) => {
    if (!open || socket?.readyState !== 1) return false;
    socket.send(JSON.stringify(value));
    return true;
  };
  const prove = () => {
    clearTimeout(pingTimer);
    pongTimer ??= setTimeout(() => finish('cut'), PONG_MS);
    send(ping);
  };
  const listen = (delay) => {
    pingTimer = setTimeout(() => {
      const silent = Date.now() - heardAt;
      if (silent < PING_MS) return listen(PING_MS - silent);
      return prove();
    }, delay);
  };
  const heard = () => {
    heardAt = Date.now();
    if (pongTimer || !pingTimer) {
      clearTimeout(pongTimer);
      pongTimer = null;
      listen(PING_MS);
    }
  };
  const start = (Class) => {
    if (!open) return undefined;
    if (!Class) return queueMicrotask(() => finish('unusable'));
    try {
      socket = new Class(url, protocols(token));
    } catch {
      return queueMicrotask(() => finish('unusable')); // for example: a page by https may not speak ws:
    }
    socket.onopen = () => {
      globalThis.addEventListener?.('offline', prove); // what is dead is then known soon
      unwatch = tokens?.watch((renewed) => send(auth(renewed)));
      on.opened();
    };
    socket.onmessage = ({ data }) => {
      let value;
      try {
        value = JSON.parse(data);
      } catch {
        return finish('unusable');
      }
      if (typeof value !== 'object' || value === null) return;
      heard();
      if (value.op === 'bye') retryMs = value.retryMs;
      on.message(value);
    };
    socket.onerror = () => {}; // a close follows, and that is what counts
    socket.onclose = ({ code }) => finish(KINDS[code] ?? 'cut');
    return undefined;
  };
  const Class = socketClass(WebSocket);
  if (Class instanceof Promise) Class.then(start);
  else start(Class);
  return { send, close: () => finish() };
}
