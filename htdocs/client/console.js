// What the workflow console uses: run a workflow, follow a run, its log, a scrape, and choose a session's tools.

import { Live } from './live.js';
import { request } from './rest.js';

const id = encodeURIComponent;

/** Each connect function returns a Live; call its close() to stop. options: onStatus, onGap, since, base, token. */
export const connectWorkflowStream = (runId, onMessage, options = {}) =>
  new Live({ path: `/workflows/${id(runId)}`, onMessage, ...options });

export const connectWorkflowLogsStream = (runId, onMessage, options = {}) =>
  new Live({ path: `/workflows/${id(runId)}/logs`, onMessage, ...options });

export const connectScrapingStream = (toolId, onMessage, options = {}) =>
  new Live({ path: `/scraping/${id(toolId)}`, onMessage, ...options });

/** Follow home streams or views in the native protocol: connectStreams(['run:r_1'], onEvent, {since: 'start'}). */
export const connectStreams = (streams, onEvent, options = {}) =>
  new Live({ streams, onMessage: onEvent, ...options });

/** run: {input?, sessionId?, nodes?, edges?}; nodes and edges run a workflow that was never saved. */
export const runWorkflow = (workflowId, run = {}, options = {}) =>
  request('POST', `api/workflows/${id(workflowId)}/run`, { body: run, ...options });

export const updateSessionTools = (sessionId, toolId, enabled, options = {}) =>
  request('PUT', `api/sessions/${id(sessionId)}/tools`, { body: { toolId, enabled }, ...options });
