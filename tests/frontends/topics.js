// The dashboard's topics: all eight hooks on one page.

import { createElement as h, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import {
  useADWMonitorWebSocket, useADWStateWebSocket, useQueueWebSocket, useRoutesWebSocket, useSystemStatusWebSocket,
  useWebhookStatusWebSocket, useWorkflowHistoryWebSocket, useWorkflowsWebSocket,
} from 'runspool-client/topics';
import { query } from './base.js';

const options = Object.fromEntries([...query].filter(([name]) => name !== 'base').map(([name, value]) => [name, Number(value)]));

function Topic({ name, hook, args = [] }) {
  const token = () => undefined; // written anew at each render, which must not matter
  const { lastUpdated, ...state } = hook(...args, { ...options, token });
  return h('pre', { id: name, 'data-connected': state.isConnected, 'data-quality': state.connectionQuality }, JSON.stringify(state));
}

const App = () => h(StrictMode, null,
  h(Topic, { name: 'workflows', hook: useWorkflowsWebSocket }),
  h(Topic, { name: 'history', hook: useWorkflowHistoryWebSocket }),
  h(Topic, { name: 'routes', hook: useRoutesWebSocket }),
  h(Topic, { name: 'adws', hook: useADWMonitorWebSocket }),
  h(Topic, { name: 'adw', hook: useADWStateWebSocket, args: ['adw-1'] }),
  h(Topic, { name: 'no-adw', hook: useADWStateWebSocket, args: [null] }),
  h(Topic, { name: 'queue', hook: useQueueWebSocket }),
  h(Topic, { name: 'system', hook: useSystemStatusWebSocket }),
  h(Topic, { name: 'webhooks', hook: useWebhookStatusWebSocket }));

createRoot(document.getElementById('app')).render(h(App));
