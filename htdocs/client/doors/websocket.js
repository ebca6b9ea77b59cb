// WebSocket. Native streams share one connection where their events can be told apart (mux.js); every other endpoint is
// one feed on a socket of its own.

import { siteUrl, socketUrl } from '../urls.js';
import { attach } from './mux.js';
import { openSocket } from './socket.js';

export const tokenProtocols = (token) => (token ? ['token', token] : []);

export const websocket = {
  name: 'websocket',
  firstMs: 2000,

  open(target, on) {
    if (target.streams) return attach(target, on);
    const { base, path, query, since, url, token, tokens, WebSocket } = target;
    const socket = openSocket(
      {
        url: url ? siteUrl(url, '', { since }) : socketUrl(base, `ws${path}`, { ...query, since }),
        protocols: tokenProtocols,
        token,
        tokens,
        WebSocket,
        ping: { type: 'ping' },
        auth: (renewed) => ({ type: 'auth', token: renewed }),
      },
      {
        // With `since` a feed has no opening message, an action socket never: the pong is then its first frame.
        opened: () => socket.send({ type: 'ping' }),
        message(message) {
          on.frame();
          on.message(message);
        },
        closed: on.closed,
      },
    );
    return socket;
  },
};
