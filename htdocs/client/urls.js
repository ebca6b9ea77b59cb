// Where the instance is. This file sits in SITE/client/, so the site's root is one level up, below whatever path the
// installation was put.

export const siteBase = new URL('..', import.meta.url).href;

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
