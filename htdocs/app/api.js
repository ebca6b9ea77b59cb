// The REST calls the pages make.

import { request } from '../client/rest.js';
import { noteServerTime } from './components/time.js';

const id = encodeURIComponent;

async function get(path, options) {
  const response = await request('GET', path, { ...options, as: 'response' });
  noteServerTime(response);
  return response.json();
}

export const listWorkflows = (query, signal) => get('api/workflows', { query, signal });
export const getWorkflow = (workflowId, signal) => get(`api/workflows/${id(workflowId)}`, { signal });
export const listVersions = (workflowId, query, signal) => get(`api/workflows/${id(workflowId)}/versions`, { query, signal });
export const getVersion = (workflowId, version, signal) => get(`api/workflows/${id(workflowId)}/versions/${version}`, { signal });
/** A new version of it, or a new workflow. only: the ETag of the version in whose place it is saved ('"7"'), '*' for any; 412 when
 *  that is not there any more. */
export const saveWorkflow = (workflowId, definition, only) =>
  request('PUT', `api/workflows/${id(workflowId)}`, { body: definition, headers: only && { 'If-Match': only } });
/** A new workflow; 409 when there is one with its id. */
export const createWorkflow = (definition) => request('POST', 'api/workflows', { body: definition });
/** A workflow of another system as a definition, with a report: {workflow, report}. */
export const importWorkflow = (source, name) => request('POST', 'api/workflows/import', { body: source, type: 'application/yaml', query: { name: name || undefined } });
export const validateWorkflow = (definition, signal) => request('POST', 'api/workflows/validate', { body: definition, signal });
export const deleteWorkflow = (workflowId) => request('DELETE', `api/workflows/${id(workflowId)}`);
/** what: pause or resume. */
export const changeWorkflow = (workflowId, what) => request('POST', `api/workflows/${id(workflowId)}/${what}`, { body: {} });
export const getSchedule = (workflowId, query, signal) => get(`api/workflows/${id(workflowId)}/schedule`, { query, signal });
export const listNodeTypes = (signal) => get('api/node-types', { signal });
export const listRuns = (query, signal) => get('api/runs', { query, signal });
/** what: pause or resume. */
export const changeSchedule = (workflowId, what) => request('POST', `api/workflows/${id(workflowId)}/schedule/${what}`, { body: {} });
export const listSchedules = (query, signal) => get('api/schedules', { query, signal });
/** what: pause or resume. */
export const changeQueue = (what) => request('POST', `api/queue/${what}`, { body: {} });
export const changeEntry = (entryId, patch) => request('PATCH', `api/queue/${id(entryId)}`, { body: patch });
export const removeEntry = (entryId) => request('DELETE', `api/queue/${id(entryId)}`);
export const getRun = (runId, signal) => get(`api/runs/${id(runId)}`, { signal });
export const listArtifacts = (runId, signal) => get(`api/runs/${id(runId)}/artifacts`, { signal });
/** A page of its events: {items, next}. */
export const listEvents = (runId, query, signal) => get(`api/runs/${id(runId)}/events`, { query, signal });
export const artifactPath = (runId, name) => `api/runs/${id(runId)}/artifacts/${name.split('/').map(id).join('/')}`;
export const artifactText = (runId, name, signal) => request('GET', artifactPath(runId, name), { as: 'text', signal });
export const startRun = (workflowId, body) => request('POST', `api/workflows/${id(workflowId)}/run`, { body });
/** what: cancel, pause, resume (go on at what failed), retry (start over): the same run. */
export const changeRun = (runId, what) => request('POST', `api/runs/${id(runId)}/${what}`, { body: {} });
export const exportRun = (runId) => request('GET', `api/runs/${id(runId)}/export.html`, { as: 'response' });
/** A new run of the same; body: {input?}. */
export const rerun = (runId, body = {}) => request('POST', `api/runs/${id(runId)}/rerun`, { body });
export const listItems = (runId, node, query, signal) => get(`api/runs/${id(runId)}/nodes/${id(node)}/items`, { query, signal });
/** what: approve or reject; body: {comment?}. */
export const decide = (runId, nodeId, what, body) =>
  request('POST', `api/runs/${id(runId)}/nodes/${id(nodeId)}/${what}`, { body });
export const getSession = () => get('api/auth/session');
export const startSession = (token) => request('POST', 'api/auth/session', { token, body: {} });
export const endSession = () => request('DELETE', 'api/auth/session');
