// The execution monitor's React components: one workflow's runs as they go, and all workflows with a button to run them.
// Their looks are in monitor.css.

import { createElement as h, useEffect, useRef, useState } from 'react';
import { runWorkflow } from './console.js';
import { WorkflowWebSocketClient } from './monitor-client.js';
import { request } from './rest.js';
import { useToken } from './use-token.js';

export { WorkflowWebSocketClient };

const LINES_MAX = 500;
const LISTEN_MS = 3000; // no run waits longer for its monitor
const WORDS = { idle: 'Idle', running: 'Running', completed: 'Completed', failed: 'Failed', cancelled: 'Cancelled' };
const MARKS = { idle: '○', running: '◌', completed: '✓', failed: '✗', cancelled: '■' };
const IDLE = { runId: null, status: 'idle', progress: 0, step: null, error: null, lines: [] };

/** What a message makes of the run that is shown: the one that spoke last. */
function apply(run, { type, id, timestamp, data }) {
  const same = data.runId === run.runId;
  const next = { ...(same ? run : { ...IDLE, runId: data.runId }), status: data.status ?? run.status };
  if (typeof data.progress === 'number') next.progress = data.progress;
  if (data.step) next.step = data.step;
  if (type === 'error') next.error = data.error ?? data.message ?? 'failed';
  if (type === 'complete') next.progress = 100;
  if (type === 'log' && data.message) next.lines = [...next.lines, { id, timestamp, message: data.message }].slice(-LINES_MAX);
  return next;
}

const Badge = ({ status }) =>
  h('span', { className: 'runspool-badge', 'data-status': status, role: 'status' },
    h('span', { 'aria-hidden': true }, MARKS[status]), ` ${WORDS[status]}`);

function Log({ lines }) {
  const box = useRef(null);
  const follow = useRef(true);
  useEffect(() => {
    if (follow.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const onScroll = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
    follow.current = scrollHeight - scrollTop - clientHeight < 8;
  };
  return h('ol', { className: 'runspool-log', ref: box, onScroll, tabIndex: 0, 'aria-label': 'Log' },
    lines.map(({ id, message }) => h('li', { key: id }, message)));
}

export function WorkflowExecutionMonitor({ workflowId, onExecutionComplete, onListening, base, token: given }) {
  const token = useToken(given);
  const [run, setRun] = useState(IDLE);
  const [trouble, setTrouble] = useState(null);
  const onComplete = useRef(onExecutionComplete);
  onComplete.current = onExecutionComplete;
  const listening = useRef(onListening);
  listening.current = onListening;
  const client = useRef(null);

  useEffect(() => {
    setRun(IDLE);
    setTrouble(null);
    const mine = new WorkflowWebSocketClient(
      workflowId,
      (update) => {
        setRun((was) => apply(was, update));
        if (update.type === 'complete') onComplete.current?.(update.data);
      },
      (error) => setTrouble(error.message),
      { base, token, onStatus: () => listening.current?.(mine.isConnected) },
    );
    client.current = mine;
    mine.connect();
    return () => mine.disconnect();
  }, [workflowId, base, token]);

  const again = () => {
    setTrouble(null);
    client.current.connect();
  };
  return h('section', { className: 'runspool-monitor', 'data-status': run.status },
    h('header', null,
      h(Badge, { status: run.status }),
      h('progress', { max: 100, value: run.progress, 'aria-label': 'Progress' }),
      h('span', { className: 'runspool-percent' }, `${Math.round(run.progress)} %`),
      run.step && h('span', { className: 'runspool-step' }, run.step)),
    run.error && h('p', { className: 'runspool-error', role: 'alert' }, run.error),
    trouble && h('p', { className: 'runspool-trouble' }, `${trouble}. `, h('button', { type: 'button', onClick: again }, 'Try again')),
    h(Log, { lines: run.lines }));
}

function Row({ workflow, chosen, choose, follow, base, token }) {
  const [failure, setFailure] = useState(null);
  const [starting, setStarting] = useState(false);
  const start = async () => {
    setStarting(true);
    setFailure(null);
    try {
      await follow(workflow.id);
      await runWorkflow(workflow.id, {}, { base, token });
    } catch (error) {
      setFailure(error.message);
    }
    setStarting(false);
  };
  return h('li', { 'data-workflow': workflow.id },
    h('button', { type: 'button', className: 'runspool-name', 'aria-pressed': chosen, onClick: () => choose(workflow.id) }, workflow.name ?? workflow.id),
    h('button', { type: 'button', disabled: starting, onClick: start }, 'Run'),
    failure && h('p', { className: 'runspool-error', role: 'alert' }, failure));
}

export function WorkflowDashboard({ className = '', base, token: given }) {
  const token = useToken(given);
  const [workflows, setWorkflows] = useState(null);
  const [failure, setFailure] = useState(null);
  const [chosen, setChosen] = useState(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    const abort = new AbortController();
    setFailure(null);
    request('GET', 'api/workflows', { query: { limit: 200 }, base, token, signal: abort.signal }).then(
      ({ items }) => setWorkflows(items),
      (error) => abort.signal.aborted || setFailure(error.message),
    );
    return () => abort.abort();
  }, [base, token, asked]);

  const current = chosen ?? workflows?.[0]?.id;
  const heard = useRef({ id: null, listens: false });
  const waiting = useRef({ id: null, go: null });
  const onListening = (listens) => {
    heard.current = { id: current, listens };
    if (listens && waiting.current.id === current) waiting.current.go();
  };
  // Of a run that is over before its monitor listens only the end would be shown.
  const follow = async (id) => {
    setChosen(id);
    if (heard.current.id === id && heard.current.listens) return;
    await new Promise((go) => {
      waiting.current = { id, go };
      setTimeout(go, LISTEN_MS);
    });
  };
  return h('div', { className: `runspool-dashboard ${className}`.trim() },
    failure && h('p', { className: 'runspool-trouble' }, `The workflows could not be read: ${failure}. `,
      h('button', { type: 'button', onClick: () => setAsked(asked + 1) }, 'Try again')),
    workflows?.length === 0 && h('p', null, 'There is no workflow yet.'),
    workflows && h('ul', { className: 'runspool-workflows' },
      workflows.map((workflow) =>
        h(Row, { key: workflow.id, workflow, chosen: workflow.id === current, choose: setChosen, follow, base, token }))),
    current && h(WorkflowExecutionMonitor, { key: current, workflowId: current, onListening, base, token }));
}
