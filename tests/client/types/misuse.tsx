// What TypeScript must refuse: each line below is an error, and tsc complains of one that is not.

import { AssistantClient, configure, connectWorkflowStream, GraphWebSocket, Live, RunWebSocket, runWorkflow, updateSessionTools, WorkflowWebSocketClient } from 'runspool-client';
import { useWorkflowWebSocket } from 'runspool-client/assistant';
import { WorkflowExecutionMonitor } from 'runspool-client/monitor';
import { useADWStateWebSocket, useQueueWebSocket } from 'runspool-client/topics';

// @ts-expect-error the token is a text or a function
configure({ token: 7 });
// @ts-expect-error there is no such setting
configure({ host: 'x' });
// @ts-expect-error a run id is a text
connectWorkflowStream(7, () => {});
// @ts-expect-error a log level is not a status of a node
connectWorkflowStream('r', (message) => message.type === 'node_status' && message.status === 'info');
// @ts-expect-error the path is part of what it follows
connectWorkflowStream('r', () => {}, { path: '/x' });
// @ts-expect-error it must be true or false
updateSessionTools('s', 'websearch', 'yes');
// @ts-expect-error the input is an object
runWorkflow('wf', { input: 'text' });
// @ts-expect-error a subscription is closed, not stopped
new Live({ path: '/queue' }).stop();
// @ts-expect-error the workflow comes first
new WorkflowWebSocketClient(() => {});
// @ts-expect-error no such message
new RunWebSocket('r').subscribe((message) => message.type === 'finished');
// @ts-expect-error a progress is not in the payload of a run
new RunWebSocket('r').subscribe((message) => message.type === 'boot' && message.payload.progress);
// @ts-expect-error which crew is asked for
new GraphWebSocket();
// @ts-expect-error a message is an object
new AssistantClient().sendMessage('ping');

export function Page() {
  // @ts-expect-error no such member
  const { phase } = useQueueWebSocket();
  // @ts-expect-error undefined is not null
  useADWStateWebSocket(undefined);
  // @ts-expect-error no such event
  useWorkflowWebSocket({ onEvent: ({ event }) => event === 'finished' });
  // @ts-expect-error a workflow must be named
  return <WorkflowExecutionMonitor className={phase} />;
}
