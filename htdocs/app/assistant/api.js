// The REST calls of the assistant's page.

import { request } from '../../client/rest.js';

const id = encodeURIComponent;
const one = (sessionId) => `api/sessions/${id(sessionId)}`;

export const listSessions = (query, signal) => request('GET', 'api/sessions', { query: { order: 'recent', ...query }, signal });
export const getSession = (sessionId, signal) => request('GET', one(sessionId), { signal });
export const putSession = (sessionId, body) => request('PUT', one(sessionId), { body });
export const removeSession = (sessionId) => request('DELETE', one(sessionId));
export const listSessionRuns = (sessionId, signal) =>
  request('GET', 'api/runs', { query: { workflow: 'assistant', session: sessionId, limit: 100 }, signal });
export const listModels = (signal) => request('GET', 'api/models', { signal });
/** The session is the caller, so that each conversation has its own turn, in whichever tab. */
export const ask = (sessionId, input) =>
  request('POST', 'api/workflow/actions', { query: { client: sessionId }, body: { action: 'execute_workflow', input, sessionId, deltas: true } });
