// Runspool's client library: framework-free ES modules, no build step. Copy this folder or import it from an instance.

export { Live, doors } from './live.js';
export { RequestError, request } from './rest.js';
export { siteBase } from './urls.js';
export { comparePositions } from './cursor.js';
export {
  connectScrapingStream,
  connectStreams,
  connectWorkflowLogsStream,
  connectWorkflowStream,
  runWorkflow,
  updateSessionTools,
} from './console.js';
