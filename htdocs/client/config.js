// What all calls share unless they are told otherwise.

import { siteBase } from './urls.js';

export const defaults = {
  base: siteBase,
  token: undefined,
  WebSocket: undefined, // globalThis.WebSocket; in Node without one the package `ws`, when it is installed
  fetch: (...request) => globalThis.fetch(...request),
};

/** configure({base, token, WebSocket, fetch}): defaults of everything that begins afterwards. */
export function configure(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!(name in defaults)) throw new TypeError(`configure knows ${Object.keys(defaults).join(', ')}, not ${name}`);
    defaults[name] = value;
  }
}
