// Where the instance is. Served by an instance this file sits in SITE/client/, so the site's root is one level up, below
// whatever path the installation was put. Elsewhere (an npm package, Node) `configure({ base })` says it.

const here = new URL(import.meta.url);
const served = /^https?:$/.test(here.protocol) && here.pathname.endsWith('/client/urls.js');

export const siteBase = served ? new URL('..', here).href : globalThis.document ? new URL('/', document.baseURI).href : '';

/** The site's root with its slash; an error a developer can act on when nobody has said it. */
export function checkedBase(base) {
  if (!base) throw new Error('Where is Runspool? Call configure({ base: "https://host/path/" }) first, or pass base.');
  return new URL(`${base}`.replace(/\/*$/, '/'), globalThis.document?.baseURI).href;
}

/** An address below the site's root. `query` entries that are null or undefined are left out; arrays repeat. */
export function siteUrl(base, path, query = {}) {
  const url = new URL(path.replace(/^\//, ''), base);
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined) url.searchParams.append(name, one);
  return url;
}

/** The same address for a WebSocket. */
export function socketUrl(base, path, query) {
  const url = siteUrl(base, path, query);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}
