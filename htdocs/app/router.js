// Routes live in the hash, so that any static server works: #/runs/r_1?node=clone&tab=log&line=812

import { signal } from './ui.js';

function parse(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decode);
  return { parts, params: new URLSearchParams(query) };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal(parse(location.hash));
let guard = null;
let leaving = () => {};
addEventListener('hashchange', () => {
  const wanted = location.hash;
  const next = parse(wanted);
  if (guard && next.parts.join('/') !== route.value.parts.join('/')) {
    history.pushState(null, '', href(route.value.parts, Object.fromEntries(route.value.params)));
    return guard(() => {
      guard = null;
      location.hash = wanted;
    });
  }
  leaving();
  route.value = next;
});

/** fn() is called when another page is wanted, while the one before is still there. */
export const onLeave = (fn) => (leaving = fn);

/** ask(leave) is called in place of leaving the page in view, and may call leave(); null: nobody asks. */
export const guardRoute = (ask) => (guard = ask);

/** href(['runs', id], {tab: 'log'}); empty parameters are left out. */
export function href(parts, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined && value !== '') query.set(name, value);
  const tail = query.toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${tail ? `?${tail}` : ''}`;
}

export function go(parts, params) {
  location.hash = href(parts, params);
}

/** The page in view has got another address: no new entry in the history. */
export function replaceRoute(parts, params) {
  history.replaceState(history.state, '', href(parts, params));
  route.value = parse(location.hash);
}

/** Change parameters of the page in view: a view of the same thing, so no new entry in the history. */
export function setParams(changes) {
  const { parts, params } = route.value;
  replaceRoute(parts, { ...Object.fromEntries(params), ...changes });
}
