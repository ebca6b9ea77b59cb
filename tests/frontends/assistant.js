// The assistant console: one hook, a form, the events as they come.

import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useWorkflowWebSocket } from 'runspool-client/assistant';
import { query } from './base.js';

const url = new URL('api/workflow/stream', query.get('base')).href.replace(/^http/, 'ws');

function App() {
  const [connects, setConnects] = useState(0);
  const { status, events, executeWorkflow, cancelWorkflow, clearEvents } = useWorkflowWebSocket({ url, onConnect: () => setConnects((n) => n + 1) });
  return h('main', { 'data-status': status, 'data-connects': connects },
    h('button', { onClick: () => executeWorkflow('Say hello', 'test-model') }, 'Execute'),
    h('button', { onClick: cancelWorkflow }, 'Cancel'),
    h('button', { onClick: clearEvents }, 'Clear'),
    h('ol', null, events.map((event, i) => h('li', { key: event.id ?? `x${i}`, 'data-event': event.event }, event.step ?? event.message))));
}

createRoot(document.getElementById('app')).render(h(App));
