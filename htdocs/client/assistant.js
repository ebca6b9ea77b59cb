// The assistant console as a React hook.

import { useCallback, useEffect, useRef, useState } from 'react';
import { AssistantClient } from './assistant-client.js';
import { useToken } from './use-token.js';

const EVENTS_MAX = 10000;

/** options: {url?, autoConnect = true, onEvent?, onConnect?, onDisconnect?, onError?, base?, token?} */
export function useWorkflowWebSocket(options = {}) {
  const { url, base, autoConnect = true } = options;
  const token = useToken(options.token);
  const [status, setStatus] = useState('disconnected');
  const [events, setEvents] = useState([]);
  const latest = useRef(options); // callbacks may be others at each render
  latest.current = options;
  const client = useRef(null);

  useEffect(() => {
    const mine = new AssistantClient({
      ...latest.current,
      token,
      onStatus: (value) => client.current === mine && setStatus(value),
      onEvent(event) {
        setEvents((all) => [...all.slice(1 - EVENTS_MAX), event]);
        latest.current.onEvent?.(event);
      },
      onConnect: () => latest.current.onConnect?.(),
      onDisconnect: () => latest.current.onDisconnect?.(),
      onError: (error) => latest.current.onError?.(error),
    });
    client.current = mine;
    if (autoConnect) mine.connect();
    return () => {
      client.current = null;
      mine.disconnect();
    };
  }, [url, base, token, autoConnect]);

  const connect = useCallback(() => client.current?.connect(), []);
  const disconnect = useCallback(() => client.current?.disconnect(), []);
  const sendMessage = useCallback((message) => client.current?.sendMessage(message) ?? false, []);
  const executeWorkflow = useCallback((input, model) => client.current?.executeWorkflow(input, model) ?? false, []);
  const cancelWorkflow = useCallback(() => client.current?.cancelWorkflow() ?? false, []);
  const clearEvents = useCallback(() => setEvents([]), []);
  return { status, events, connect, disconnect, sendMessage, executeWorkflow, cancelWorkflow, clearEvents };
}
