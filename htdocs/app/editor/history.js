// What was done to a definition, step by step, and what of it is saved. Every function gives a new history.

const PAST_MAX = 200;
const MERGE_MS = 1500; // what is typed into one field without so long a pause is one step

/** version: of the saved workflow, 0 for one that is not; saved: what the server has. */
export const begin = (definition, version, saved = definition) => ({ definition, saved, version, past: [], future: [], last: null });

/** One step more. merge: steps with the same word that follow each other quickly are one. */
export function commit(history, definition, merge = null, now = Date.now()) {
  if (definition === history.definition) return history;
  const same = merge && history.last?.merge === merge && now - history.last.at < MERGE_MS;
  const past = same ? history.past : [...history.past, history.definition].slice(-PAST_MAX);
  return { ...history, definition, past, future: [], last: merge && { merge, at: now } };
}

export function undo(history) {
  if (!history.past.length) return history;
  return { ...history, definition: history.past.at(-1), past: history.past.slice(0, -1), future: [history.definition, ...history.future], last: null };
}

export function redo(history) {
  if (!history.future.length) return history;
  const [definition, ...future] = history.future;
  return { ...history, definition, past: [...history.past, history.definition], future, last: null };
}

export const markSaved = (history, definition, version) => ({ ...history, saved: definition, version, last: null });
/** What was new has an id now, also in what was before. */
export function withId(history, id) {
  const named = (definition) => ({ ...definition, id });
  return { ...history, definition: named(history.definition), saved: named(history.saved), past: history.past.map(named), future: history.future.map(named) };
}
export const isDirty = ({ definition, saved }) => definition !== saved && JSON.stringify(definition) !== JSON.stringify(saved);
