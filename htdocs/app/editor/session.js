// From the server and back: what was loaded and what is kept of it in this browser, checking, saving.

import { createWorkflow, getWorkflow, saveWorkflow, validateWorkflow } from '../api.js';
import { useEffect, useRef, useState } from '../ui.js';
import { forget, recall, remember } from '../prefs.js';
import { definitionOf, edgeKey } from './model.js';
import { withPlaces } from './state.js';

const DRAFT_MS = 300;
const CHECK_MS = 600;

const draftOf = (id) => `draft.${id ?? ''}`;
/** {definition, version, at}: what was being edited when the page went away; null. */
export const readDraft = (id) => recall(draftOf(id), null);
export const dropDraft = (id) => forget(draftOf(id));

/** Keeps what is not saved, so that it survives the page. */
export function useDraft(editor, id) {
  const { definition, version } = editor.history.value;
  const dirty = editor.dirty.value;
  useEffect(() => {
    const write = () => (editor.dirty.value ? remember(draftOf(id), { definition, version, at: Date.now() }) : dropDraft(id));
    const later = setTimeout(write, DRAFT_MS);
    addEventListener('pagehide', write);
    return () => {
      clearTimeout(later);
      removeEventListener('pagehide', write);
    };
  }, [definition, version, dirty, id]);
}

// An edge without an id is named, so that what is said of it can be shown at it.
const named = (definition) => ({ ...definition, edges: definition.edges.map((edge) => ({ ...edge, id: edgeKey(edge) })) });

/** Asks the server a moment after each change; is it under way? Who may not ask, or whom it does not answer, has the editor's own checks. */
export function useServerCheck(editor) {
  const { definition } = editor.history.value;
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!definition.nodes.length || editor.server.value?.definition === definition) return;
    const abort = new AbortController();
    setBusy(true);
    const later = setTimeout(async () => {
      const answer = await validateWorkflow(named(definition), abort.signal).catch(() => null);
      if (abort.signal.aborted) return;
      setBusy(false);
      if (answer) editor.tell(definition, answer.errors);
    }, CHECK_MS);
    return () => {
      clearTimeout(later);
      abort.abort();
    };
  }, [definition]);
  return busy;
}

/** {save({over}), state}: state is idle, busy, failed with `error`, taken (the id is another's), or conflict with `theirs` (a record, null: deleted). */
export function useSaving(editor, onSaved) {
  const [state, setState] = useState({ name: 'idle' });
  const under = useRef(false);

  const refused = async (error, sent) => {
    if (error.status === 409) return setState({ name: 'taken' });
    if (error.status === 412) {
      const theirs = await getWorkflow(sent.id).catch((why) => (why.status === 404 ? null : Promise.reject(why)));
      return setState({ name: 'conflict', theirs });
    }
    if (error.errors?.length) editor.tell(sent, error.errors);
    setState({ name: 'failed', error });
  };
  /** over: in the place of whatever is saved now. Returns: is it saved? */
  const save = async ({ over = false } = {}) => {
    if (under.current) return false;
    under.current = true;
    setState({ name: 'busy' });
    const { definition: sent, version } = editor.history.value;
    try {
      const named = sent.id ? sent : { ...sent, id: undefined };
      const gone = over && state.theirs === null;
      const record = version && !gone ? await saveWorkflow(named.id, named, over ? '*' : `"${version}"`) : await createWorkflow(named);
      editor.markSaved(sent, record.version);
      if (!version) editor.setId(record.id);
      setState({ name: 'idle' });
      onSaved(record);
      return true;
    } catch (error) {
      await refused(error, sent).catch((why) => setState({ name: 'failed', error: why }));
      return false;
    } finally {
      under.current = false;
    }
  };
  const takeTheirs = () => {
    const { theirs } = state;
    editor.replace(withPlaces(definitionOf(theirs)), theirs.version);
    setState({ name: 'idle' });
  };
  return { state, save, takeTheirs, dismiss: () => setState({ name: 'idle' }) };
}
