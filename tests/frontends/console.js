// The workflow console: run what is drawn, follow its nodes and its log, choose the tools of a session.

import { connectWorkflowLogsStream, connectWorkflowStream, runWorkflow, updateSessionTools } from 'runspool-client';
import './base.js';

const NODES = [
  { id: 'start', type: 'trigger', data: { kind: 'manual' } },
  { id: 'say', type: 'tool', data: { kind: 'shell', command: ['sh', '-c', 'echo hello; echo again'] } },
  { id: 'done', type: 'output', data: { kind: 'result', value: '{{ .nodes.say.output.exitCode }}' } },
];
const EDGES = [{ id: 'e1', source: 'start', target: 'say' }, { id: 'e2', source: 'say', target: 'done' }];

const app = document.getElementById('app');
const nodes = new Map();
const lines = [];
let status = 'idle';
let tools = {};

function draw() {
  app.dataset.status = status;
  app.dataset.tools = JSON.stringify(tools);
  app.textContent = JSON.stringify({ nodes: Object.fromEntries(nodes), lines });
}

function onNode(message) {
  if (message.type === 'connected') {
    status = message.status;
    for (const [id, node] of Object.entries(message.nodes)) nodes.set(id, node.status);
  } else if (message.type === 'node_status') nodes.set(message.nodeId, message.status);
  else if (message.type === 'workflow_status') status = message.status;
  draw();
}

function onLog(message) {
  for (const line of message.type === 'connected' ? message.logs : [message]) if (line.level === 'info') lines.push(line.message);
  draw();
}

const { runId } = await runWorkflow('drawn', { nodes: NODES, edges: EDGES });
connectWorkflowStream(runId, onNode);
connectWorkflowLogsStream(runId, onLog);
await updateSessionTools('console', 'websearch', true);
({ tools } = await updateSessionTools('console', 'rag', false));
draw();
