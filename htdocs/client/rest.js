// Requests and their errors (RFC 9457 problem documents).

import { authorization } from './doors/http.js';
import { siteBase, siteUrl } from './urls.js';

export class RequestError extends Error {
  /** status 0: no answer at all. errors: what the server says about single fields or nodes. */
  constructor(status, title, detail = '', errors = []) {
    super(detail || title);
    Object.assign(this, { status, title, detail, errors });
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

/** request('POST', 'api/workflows/x/run', {body, query, token, base, signal, as: 'json'|'text'|'response'}) */
export async function request(method, path, { body, query, token, base = siteBase, signal, as = 'json' } = {}) {
  const headers = { ...authorization(token) };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(siteUrl(base, path, query), {
      method,
      headers,
      signal,
      cache: 'no-store',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new RequestError(0, error.message);
  }
  if (!response.ok) throw await problem(response);
  if (as === 'response' || response.status === 204) return response;
  if (as === 'text') return response.text();
  try {
    return await response.json();
  } catch {
    throw new RequestError(response.status, 'The answer is not JSON', `${method} ${path}`);
  }
}
