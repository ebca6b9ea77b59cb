// How the library may be used, as TypeScript sees it.

import { createElement } from 'react';
import {
  AssistantClient, configure, connectScrapingStream, connectStreams, connectWorkflowLogsStream, connectWorkflowStream, doors,
  GraphWebSocket, Live, MissionWebSocket, request, RequestError, runWorkflow, RunWebSocket, TopicClient, updateSessionTools,
  WorkflowWebSocketClient,
} from 'runspool-client';
import { useWorkflowWebSocket } from 'runspool-client/assistant';
import { WorkflowDashboard, WorkflowExecutionMonitor } from 'runspool-client/monitor';
import {
  useADWMonitorWebSocket, useADWStateWebSocket, useQueueWebSocket, useRoutesWebSocket, useSystemStatusWebSocket,
  useWebhookStatusWebSocket, useWorkflowHistoryWebSocket, useWorkflowsWebSocket,
} from 'runspool-client/topics';

configure({ base: 'https://host/below/', token: async () => 'jwt', WebSocket });

const live = connectWorkflowStream('r_1', (message) => {
  if (message.type === 'node_status') console.log(message.nodeId.length, message.durationMs?.toFixed());
  if (message.type === 'connected') console.log(Object.values(message.nodes).map(({ status }) => status));
}, { since: 'start', onStatus: (status) => status.state === 'reconnecting' && console.log(status.retryAt - Date.now()) });
console.log(live.status.state, live.cursor?.length);
live.hurry();
live.close();
connectWorkflowLogsStream('r_1', (message) => console.log(message.type === 'log' ? message.level : message.logs.length));
connectScrapingStream('s', (message) => message.type === 'scraping_progress' && console.log(message.items + 1));
connectStreams(['run:r_1'], ({ seq, data }) => console.log(seq + 1, data.nodeId), { doors: doors.slice(1), shared: false });
new Live({ path: '/queue', snapshots: true, schedule: { firstMs: 1000, tries: 3 }, onMessage: ({ id }) => console.log(id) });
runWorkflow('wf', { input: { repo: 'x' } }).then(({ runId, pollUrl }) => console.log(runId + pollUrl));
updateSessionTools('s', 'websearch', true).then(({ tools }) => console.log(tools.websearch === true));
request('GET', 'api/runs').catch((error) => error instanceof RequestError && console.log(error.status + 1));

const monitor = new WorkflowWebSocketClient('wf', ({ type, data }) => console.log(type === 'progress' && data.progress), (error) => console.log(error.message));
monitor.connect();
monitor.disconnect();
const stop: () => void = new RunWebSocket('r_1').subscribe((message) => message.type === 'done' && console.log(message.payload.duration_s));
stop();
new MissionWebSocket('jwt').subscribe((message) => message.type === 'signal' && console.log(message.payload.crewId));
new GraphWebSocket(null, 'jwt', { onStatus: ({ door }) => console.log(door) }).connect();
new AssistantClient({ url: 'wss://host/api/workflow/stream', onEvent: ({ event, data }) => console.log(event, data?.runId) }).executeWorkflow('hello', undefined, { deltas: true });
new TopicClient<{ total: number }>({ path: '/queue', twin: 'api/queue' }, {}, ({ data }) => console.log(data?.total));

export function Page() {
  const { status, events, executeWorkflow } = useWorkflowWebSocket({ autoConnect: false, onEvent: ({ step }) => console.log(step?.length) });
  const queue = useQueueWebSocket({ maxReconnectAttempts: 3 });
  const adw = useADWStateWebSocket(null);
  const total: number = useWorkflowHistoryWebSocket().totalCount + useWorkflowsWebSocket().workflows.length + useRoutesWebSocket().routes.length;
  const words = [useADWMonitorWebSocket().summary?.running, useSystemStatusWebSocket().systemStatus?.status, useWebhookStatusWebSocket().webhookStatus?.sources.length];
  return (
    <main className={queue.connectionQuality} onClick={() => executeWorkflow('hello', 'qwen2.5-coder:14b')}>
      {status} {events.length} {queue.phases[0]?.priority} {adw.state?.branch_name} {adw.lastUpdated?.toISOString()} {total} {words.join()}
      <WorkflowExecutionMonitor workflowId="wf" onExecutionComplete={({ runId }) => console.log(runId)} />
      {createElement(WorkflowDashboard, { className: 'wide' })}
    </main>
  );
}
