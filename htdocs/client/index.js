// Runspool's client library: framework-free ES modules, no build step. Copy this folder, import it from an instance, or
// install the package runspool-client. What needs React is in assistant.js, monitor.js and topics.js.

export { configure } from './config.js';
export { Live } from './live.js';
export { doors } from './feed.js';
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
export { GraphWebSocket, MissionWebSocket, RunWebSocket } from './crew.js';
export { WorkflowWebSocketClient } from './monitor-client.js';
export { AssistantClient } from './assistant-client.js';
export { TopicClient } from './topic-client.js';
