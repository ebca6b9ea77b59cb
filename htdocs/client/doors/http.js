// What the doors over HTTP have in common.

export function authorization(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** What a response that is not the expected one means for a door. */
export function refusal(response) {
  const retryMs = Number(response.headers.get('retry-after')) * 1000 || undefined;
  return { kind: response.status === 401 || response.status === 403 ? 'denied' : 'unusable', retryMs };
}

export const isType = (response, type) => (response.headers.get('content-type') ?? '').startsWith(type);
