// The dashboard's topics as React hooks. Each gives its state and {isConnected, connectionQuality, lastUpdated,
// reconnectAttempts}. Options: maxReconnectAttempts = 10, reconnectInterval = 3000, backoffMultiplier = 1.5,
// connectionTimeout = 10000, base, token.

import { useEffect, useState } from 'react';
import { TopicClient } from './topic-client.js';
import { useToken } from './use-token.js';

const OFFLINE = { data: undefined, isConnected: false, connectionQuality: 'poor', lastUpdated: null, reconnectAttempts: 0 };

const id = encodeURIComponent;

/** topic: {path, twin}, or null for none. pick(data) makes the hook's own members of the state. */
function useTopic(topic, pick, options = {}) {
  const path = topic?.path;
  const token = useToken(options.token);
  const { base, maxReconnectAttempts, reconnectInterval, backoffMultiplier, connectionTimeout } = options;
  const [state, setState] = useState(OFFLINE);
  useEffect(() => {
    setState(OFFLINE);
    if (!path) return undefined;
    const client = new TopicClient(topic, { ...options, token }, setState);
    return () => client.close();
  }, [path, base, token, maxReconnectAttempts, reconnectInterval, backoffMultiplier, connectionTimeout]);
  const { data, ...connection } = state;
  return { ...pick(data), ...connection };
}

const NONE = []; // the same at each render
const list = (value) => (Array.isArray(value) ? value : NONE);

export const useWorkflowsWebSocket = (options) =>
  useTopic({ path: '/workflows', twin: 'api/workflows/active' }, (data) => ({ workflows: list(data) }), options);

export const useRoutesWebSocket = (options) =>
  useTopic({ path: '/routes', twin: 'api/routes' }, (data) => ({ routes: list(data) }), options);

export const useWorkflowHistoryWebSocket = (options) =>
  useTopic(
    { path: '/workflow-history', twin: 'api/workflow-history' },
    (data) => ({ workflows: list(data?.workflows), totalCount: data?.total_count ?? 0, analytics: data?.analytics ?? null }),
    options,
  );

/** adwId null: not connected. */
export const useADWStateWebSocket = (adwId, options) =>
  useTopic(
    adwId ? { path: `/adw-state/${id(adwId)}`, twin: `api/adws/${id(adwId)}` } : null,
    (data) => ({ state: data ?? null }),
    options,
  );

export const useADWMonitorWebSocket = (options) =>
  useTopic(
    { path: '/adw-monitor', twin: 'api/adws' },
    (data) => ({ workflows: list(data?.workflows), summary: data?.summary ?? null }),
    options,
  );

export const useQueueWebSocket = (options) =>
  useTopic(
    { path: '/queue', twin: 'api/queue' },
    (data) => ({ phases: list(data?.phases), paused: data?.paused ?? false }),
    options,
  );

export const useSystemStatusWebSocket = (options) =>
  useTopic({ path: '/system-status', twin: 'api/system-status' }, (data) => ({ systemStatus: data ?? null }), options);

export const useWebhookStatusWebSocket = (options) =>
  useTopic({ path: '/webhook-status', twin: 'api/webhook-status' }, (data) => ({ webhookStatus: data ?? null }), options);
