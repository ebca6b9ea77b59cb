// What forms let people choose from, asked of the server once for all fields and looked at again after a minute.

import { useEffect, useState } from '../ui.js';
import { getRun, listRuns } from '../api.js';
import { request } from '../../client/rest.js';

const FRESH_MS = 60000;
const ASK = {
  secrets: async () => (await request('GET', 'api/secrets')).items.map(({ name }) => name),
  workflows: async () => (await request('GET', 'api/workflows', { query: { limit: 1000 } })).items.map(({ id, name }) => ({ id, name: name || id })),
  models: async () => (await request('GET', 'api/models')).items.map(({ id, purposes }) => ({ id, name: [id, ...purposes].join(' · ') })),
  kinds: async () => (await request('GET', 'api/node-types')).items,
};
const asked = new Map(); // what -> {at, promise}

function ask(what) {
  const known = asked.get(what);
  if (known && Date.now() - known.at < FRESH_MS) return known.promise;
  const promise = ASK[what]();
  asked.set(what, { at: Date.now(), promise });
  promise.catch(() => asked.delete(what));
  return promise;
}

/** what: secrets, workflows or kinds; the list, null while it is not there or may not be seen. */
export function useChoices(what) {
  const [list, setList] = useState(null);
  useEffect(() => {
    let wanted = true;
    ask(what).then((found) => wanted && setList(found), () => {});
    return () => (wanted = false);
  }, [what]);
  return list;
}

/** The newest run of a workflow with what its nodes gave, for completion and jq tests; null while there is none. */
export function useLastRun(workflowId) {
  const [run, setRun] = useState(null);
  useEffect(() => {
    let wanted = true;
    setRun(null);
    listRuns({ workflow: workflowId, limit: 1 })
      .then(({ items }) => items.length && getRun(items[0].id))
      .then((found) => wanted && found && setRun(found), () => {});
    return () => (wanted = false);
  }, [workflowId]);
  return run;
}
