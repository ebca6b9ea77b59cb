// A run of what is on the canvas, saved or not, and its states at the nodes.

import { html, useEffect, useState } from '../ui.js';
import { startRun } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { RunForm } from '../components/form.js';
import { Icon, State } from '../components/icons.js';
import { followRun } from '../follow-run.js';
import { ended } from '../fold.js';
import { href } from '../router.js';
import { text } from '../text.js';

const UNSAVED = 'unsaved'; // the workflow of runs of what has no id yet

/** {run: null or {id, fold, rev}, start(), clear(), form: what to draw of it}. refused(error, sent): the server's problems. */
export function useRun(editor, refused) {
  const [asking, setAsking] = useState(false);
  const [followed, setFollowed] = useState(null);
  useEffect(() => followed?.handle.close, [followed]);
  const begin = async (input) => {
    const definition = editor.definition();
    const { runId } = await startRun(definition.id || UNSAVED, { ...definition, id: definition.id || UNSAVED, input });
    setAsking(false);
    setFollowed({ id: runId, handle: followRun(runId) });
  };
  const start = () => {
    const { params, nodes } = editor.definition();
    if (!nodes.length) return;
    if (params?.length) return setAsking(true);
    begin({}).catch((error) => refused(error, editor.definition()));
  };
  const view = followed?.handle.view.value;
  return {
    run: view?.fold && { id: followed.id, fold: view.fold, rev: view.rev },
    start,
    clear: () => setFollowed(null),
    form: asking && html`<${Dialog} title=${text.editor.runTitle} onClose=${() => setAsking(false)}><p class="faint">${text.editor.runHint}</p>
      <${RunForm} params=${editor.definition().params ?? []} onRun=${begin} /><//>`,
  };
}

export function RunBar({ run, onClose }) {
  const { fold, id } = run;
  const done = [...fold.nodes.values()].filter(({ status }) => ended(status)).length;
  return html`<div class="run-bar canvas-over" role="status" data-status=${fold.run.status}>
    <${State} status=${fold.run.status} word /><span class="number faint">${text.run.nodeOf(done, fold.nodes.size)}</span>
    ${fold.run.error?.message && html`<span class="run-bar-error" title=${fold.run.error.message}>${fold.run.error.message}</span>`}
    <a class="button" href=${href(['runs', id])} target="_blank" rel="noopener">${text.editor.openRun}</a>
    <button type="button" class="button-quiet button-icon" aria-label=${text.editor.closeRun} title=${text.editor.closeRun} onClick=${onClose}><${Icon} name="close" /></button></div>`;
}
