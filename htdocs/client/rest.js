// Requests and their errors (RFC 9457 problem documents).

import { defaults } from './config.js';
import { authorization } from './doors/http.js';
import { tokensOf } from './tokens.js';
import { checkedBase, siteUrl } from './urls.js';

export class RequestError extends Error {
  /** status 0: no answer at all. errors: what the server says about single fields or nodes. */
  constructor(status, title, detail = '', errors = []) {
    super(detail || title);
    Object.assign(this, { name: 'RequestError', status, title, detail, errors });
  }
}

async function problem(response) {
  const text = await response.text().catch(() => '');
  try {
    const { title, detail, errors } = JSON.parse(text);
    return new RequestError(response.status, title ?? response.statusText, detail, errors);
  } catch {
    return new RequestError(response.status, response.statusText || `HTTP ${response.status}`);
  }
}

async function ask(url, { token, fetch, ...rest }) {
  const tokens = tokensOf(token);
  const send = async () => {
    const used = await tokens.current();
    return [used, await fetch(url, { ...rest, cache: 'no-store', headers: { ...rest.headers, ...authorization(used) } })];
  };
  try {
    let [used, response] = await send();
    // It was not carried out, so with a new token it may be asked again.
    if (response.status === 401 && tokens.renewable && (await tokens.renew()) !== used) [used, response] = await send();
    return response;
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new RequestError(0, error.message);
  }
}

/** request('POST', 'api/workflows/x/run', {body, type, query, headers, token, base, signal, as: 'json'|'text'|'response'}). type: that of
 *  a body that is text and goes as it is. */
export async function request(method, path, options = {}) {
  const { base = defaults.base, token = defaults.token, fetch = defaults.fetch, body, type, query, headers, signal, as = 'json' } = options;
  const response = await ask(siteUrl(checkedBase(base), path, query), {
    method,
    token,
    fetch,
    signal,
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': type ?? 'application/json' }) },
    body: body === undefined || type ? body : JSON.stringify(body),
  });
  if (!response.ok) throw await problem(response);
  if (as === 'response' || response.status === 204) return response;
  if (as === 'text') return response.text();
  try {
    return await response.json();
  } catch {
    throw new RequestError(response.status, 'The answer is not JSON', `${method} ${path}`);
  }
}
