// What the doors over HTTP have in common.

export function authorization(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export const isType = (response, type) => (response.headers.get('content-type') ?? '').startsWith(type);

const REFUSALS = { 401: 'unauthorized', 403: 'forbidden' };

/** What a response that is not the expected one means for a door. */
export function refusal(response) {
  const retryMs = Number(response.headers.get('retry-after')) * 1000 || undefined;
  const missing = response.status === 404 && isType(response, 'application/problem+json');
  return { kind: REFUSALS[response.status] ?? (missing ? 'missing' : 'unusable'), status: response.status, retryMs };
}

// Over HTTP/1.1 a browser opens six connections to a host, for all its pages together: streams and held polls must not
// take them all, or no request would get through. What finds no slot does not hold.
const SLOTS = globalThis.document ? 3 : Infinity;
const taken = new Map(); // base -> how many

/** A function that gives the slot back, or null when there is none. */
export function takeSlot(base) {
  const n = taken.get(base) ?? 0;
  if (n >= SLOTS) return null;
  taken.set(base, n + 1);
  let given = false;
  return () => {
    if (!given) taken.set(base, taken.get(base) - 1);
    given = true;
  };
}
