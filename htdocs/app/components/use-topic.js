// A topic of the server, for what the client library has no hook for: with a query, or the dashboard's own.

import { useEffect, useRef, useState } from '../ui.js';
import { TopicClient } from '../../client/topic-client.js';

const NOTHING = { data: null, isConnected: false, lastUpdated: null, reconnectAttempts: 0 };

/**
 * path: "/metrics", "/workflow-history?status=error"; twin: its HTTP twin. {data, isConnected, lastUpdated, path: which the data is
 * of}; after a change of the path the old data stays until there is new.
 */
export function useTopic(path, twin) {
  const [state, setState] = useState(NOTHING);
  const last = useRef({ data: null, path });
  useEffect(() => {
    setState(NOTHING);
    const client = new TopicClient({ path, twin }, {}, setState);
    return () => client.close();
  }, [path]);
  if (state.data) last.current = { data: state.data, path };
  return { ...state, ...last.current };
}
