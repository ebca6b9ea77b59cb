// The execution monitor: its dashboard of all workflows, and one workflow by itself.

import { createElement as h, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { WorkflowDashboard, WorkflowExecutionMonitor } from 'runspool-client/monitor';
import { query } from './base.js';

function App() {
  const [done, setDone] = useState([]);
  return h(StrictMode, null,
    h(WorkflowDashboard, { className: 'wide' }),
    h('section', { id: 'one', 'data-done': done.join(' ') },
      h(WorkflowExecutionMonitor, { workflowId: query.get('workflow'), onExecutionComplete: ({ runId }) => setDone((all) => [...all, runId]) })));
}

createRoot(document.getElementById('app')).render(h(App));
