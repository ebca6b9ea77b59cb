// The workflow editor: canvas in the middle, what is asked for on its left, what is chosen on its right.

import { html, classes, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { getWorkflow, listNodeTypes } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { Icon } from '../components/icons.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { toast } from '../components/toast.js';
import { Canvas } from '../editor/canvas.js';
import { Inspector } from '../editor/inspector.js';
import { definitionOf, nodeOf, setHead } from '../editor/model.js';
import { ChosenTools, SidePanel } from '../editor/panels.js';
import { RunBar, useRun } from '../editor/run.js';
import { dropDraft, readDraft, useDraft, useSaving, useServerCheck } from '../editor/session.js';
import { useShortcuts } from '../editor/shortcuts.js';
import { createEditor, withPlaces } from '../editor/state.js';
import { useLastRun } from '../forms/choices.js';
import { guardRoute, href, replaceRoute } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const EMPTY = { id: '', nodes: [], edges: [] };
const slug = (name) => name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64);

/** An editor of what is loaded, or of what was being edited when the page went away. */
function openEditor(id, { record, types }) {
  const loaded = record ? withPlaces(definitionOf(record)) : EMPTY;
  const draft = readDraft(id);
  const restored = draft && JSON.stringify(draft.definition) !== JSON.stringify(loaded) ? draft : null;
  const version = record?.version ?? 0;
  const editor = createEditor({ types: types.items, definition: restored?.definition ?? loaded, version: restored?.version ?? version, saved: loaded });
  return { editor, loaded, version, restored };
}

function Restored({ editor, opened, onDone }) {
  const { restored, loaded, version } = opened;
  const discard = () => {
    editor.replace(loaded, version);
    onDone();
  };
  return html`<div class="editor-note" role="status"><span>${text.editor.restored} <${Ago} time=${new Date(restored.at).toISOString()} />. ${restored.version !== version && text.editor.restoredOld}</span>
    <button type="button" class="button-quiet" onClick=${discard}>${text.editor.discard}</button>
    <button type="button" class="button-quiet button-icon" aria-label=${text.editor.close} onClick=${onDone}><${Icon} name="close" /></button></div>`;
}

/** The nodes in which two definitions differ. */
function differing(mine, theirs) {
  const all = new Map([...mine.nodes, ...theirs.nodes].map((node) => [node.id, node]));
  return [...all].filter(([id]) => JSON.stringify(nodeOf(mine, id)) !== JSON.stringify(nodeOf(theirs, id))).map(([, node]) => node.data?.label || node.id);
}

function Conflict({ editor, saving }) {
  const { theirs } = saving.state;
  const names = theirs ? differing(editor.definition(), definitionOf(theirs)) : [];
  return html`<${Dialog} title=${text.editor.conflict} onClose=${saving.dismiss}>
    <p>${theirs ? text.editor.conflictText(editor.history.value.version, theirs.version) : text.editor.conflictGone}</p>
    ${names.length > 0 && html`<p class="faint">${text.editor.conflictChanged(names.length)}${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}</p>`}
    <div class="dialog-choices">
      ${theirs && html`<div><button type="button" class="button" onClick=${saving.takeTheirs}>${text.editor.conflictTheirs}</button><p class="field-hint">${text.editor.conflictTheirsHint}</p></div>`}
      <div><button type="button" class="button" onClick=${() => saving.save({ over: true })}>${theirs ? text.editor.conflictMine : text.editor.conflictAgain}</button>${theirs && html`<p class="field-hint">${text.editor.conflictMineHint}</p>`}</div>
    </div><//>`;
}

function useLeaving(editor, id, save) {
  const [leave, setLeave] = useState(null);
  const dirty = editor.dirty.value;
  useEffect(() => {
    if (!dirty) return;
    const ask = (event) => event.preventDefault();
    guardRoute((go) => setLeave(() => go));
    addEventListener('beforeunload', ask);
    return () => {
      guardRoute(null);
      removeEventListener('beforeunload', ask);
    };
  }, [dirty]);
  if (!leave) return null;
  const stay = () => setLeave(null);
  const discard = () => {
    const { saved, version } = editor.history.value;
    dropDraft(id);
    editor.replace(saved, version); // who is back before the page was left finds what is saved
    leave();
  };
  return html`<${Dialog} title=${text.editor.leave} onClose=${stay}><p>${text.editor.leaveText}</p><div class="dialog-buttons">
    <button type="button" class="button button-primary" onClick=${async () => ((await save()) ? leave() : stay())}>${text.editor.leaveSave}</button>
    <button type="button" class="button" onClick=${discard}>${text.editor.leaveDiscard}</button>
    <button type="button" class="button" onClick=${stay}>${text.editor.stay}</button></div><//>`;
}

function Status({ editor, saving, checking }) {
  const { version } = editor.history.value;
  if (saving.state.name === 'failed') return html`<span class="form-failure" role="alert">${saving.state.error.errors?.length ? text.editor.stillProblems : text.editor.saveFailed(saving.state.error.message)}</span>`;
  return html`<span class="faint" role="status" data-busy=${checking || undefined}>${editor.dirty.value ? text.editor.unsaved : version ? text.editor.saved(version) : text.editor.neverSaved}</span>`;
}

function ProblemsButton({ editor, problems }) {
  const errors = problems.filter(({ level }) => level === 'error').length;
  const hints = problems.length - errors;
  const words = [errors && text.editor.problems(errors), hints && text.editor.hints(hints)].filter(Boolean).join(', ');
  const toggle = () => editor.ask(editor.panel.value?.kind === 'problems' ? null : { kind: 'problems' });
  return html`<button type="button" class=${classes('button-quiet', 'problems-button', { 'problems-wrong': errors, 'problems-hint': hints && !errors })} aria-pressed=${editor.panel.value?.kind === 'problems'} onClick=${toggle}>${words || text.editor.noProblems}</button>`;
}

function Editor({ id, data, onSaved }) {
  const opened = useMemo(() => openEditor(id, data), []);
  const { editor } = opened;
  const [note, setNote] = useState(Boolean(opened.restored));
  const { definition } = editor.history.value;
  const chosen = editor.chosen.value;
  const problems = editor.problems.value;
  const isNew = !id;
  const root = useRef(null);

  const saving = useSaving(editor, (record) => {
    setNote(false);
    dropDraft(id);
    toast({ text: text.editor.saved(record.version), kind: 'success', key: 'editor' });
    if (isNew) onSaved(record.id);
  });
  const refused = (error, sent) => {
    if (error.errors?.length) {
      editor.tell(sent, error.errors);
      editor.ask({ kind: 'problems' });
    } else toast({ text: `${text.workflow.refused} ${error.message}`, kind: 'error', key: 'editor' });
  };
  const save = async () => {
    if (!editor.definition().nodes.length || !editor.dirty.value) return true;
    const good = await saving.save();
    if (!good && editor.problems.value.some(({ level }) => level === 'error')) editor.ask({ kind: 'problems' });
    return good;
  };
  const running = useRun(editor, refused);
  const checking = useServerCheck(editor);
  const lastRun = useLastRun(definition.id || '-');
  useDraft(editor, id);
  const leaving = useLeaving(editor, id, save);
  const title = isNew && !definition.name ? text.editor.titleNew : text.editor.titleOf(definition.name || definition.id);
  usePageState(title);

  const focusNode = () => {
    const wanted = [...editor.chosen.value.nodes].at(-1);
    const button = (wanted && root.current.querySelector(`[data-node-button="${CSS.escape(wanted)}"]`)) ?? root.current.querySelector('[data-node-button][tabindex="0"]');
    (button ?? root.current).focus({ preventScroll: true });
    const place = wanted && nodeOf(editor.definition(), wanted)?.position;
    if (place) editor.camera.show(place);
  };
  const settle = () => requestAnimationFrame(focusNode);
  const panel = editor.panel.value;
  const asked = useRef(null);
  useLayoutEffect(() => {
    if (asked.current && !panel) focusNode();
    asked.current = panel;
    const from = panel?.from && nodeOf(editor.definition(), panel.from);
    const side = root.current.querySelector('.side-panel')?.offsetWidth ?? 0;
    if (from && side * 2 < root.current.offsetWidth) editor.camera.show(from.position, side);
  }, [panel]);
  const open = editor.settings.value;
  useEffect(() => {
    if (open) root.current.querySelector('.inspector .side-body :is(input, textarea, select)')?.focus();
  }, [open]);
  const closeSettings = () => {
    editor.settings.value = false;
    if (chosen.nodes.size) focusNode();
    else editor.choose([]);
  };
  useShortcuts(editor, { save, settle, focusName: () => root.current.querySelector('.editor-name').focus() });

  const setId = (next) => editor.apply(setHead(editor.definition(), { id: next }), 'id');
  const named = useRef(!definition.id || definition.id === slug(definition.name ?? ''));
  const setName = (event) => {
    const name = event.currentTarget.value;
    editor.apply(setHead(editor.definition(), { name: name || undefined, ...(isNew && named.current ? { id: slug(name) } : {}) }), 'name');
  };
  const { past, future } = editor.history.value;
  const props = { editor, definition, chosen, problems };
  return html`<div class=${classes('editor', { 'editor-settings': open })} ref=${root} tabIndex=${-1}>
    <header class="editor-head"><h1 class="hidden">${title}</h1>
      <a class="button button-icon" href=${href(isNew ? ['workflows'] : ['workflows', id])} aria-label=${isNew ? text.editor.backAll : text.editor.back} title=${isNew ? text.editor.backAll : text.editor.back}><span class="back"><${Icon} name="chevron" /></span></a>
      <input class="editor-name" type="text" dir="auto" aria-label=${text.editor.name} placeholder=${text.editor.titleNew} value=${definition.name ?? ''} onInput=${setName} />
      <span class="editor-status"><${Status} editor=${editor} saving=${saving} checking=${checking} /><${ProblemsButton} editor=${editor} problems=${problems} /></span>
      <span class="editor-actions">
        <button type="button" class="button" disabled=${!definition.nodes.length} onClick=${running.start} title=${text.editor.runHint}>${text.editor.run}</button>
        <button type="button" class="button button-primary" disabled=${saving.state.name === 'busy' || !definition.nodes.length || !editor.dirty.value} onClick=${save} title="Ctrl+S">${saving.state.name === 'busy' ? text.editor.saving : text.editor.save}</button>
      </span>
    </header>
    ${note && html`<${Restored} editor=${editor} opened=${opened} onDone=${() => setNote(false)} />`}
    <div class="editor-body">
      <${Canvas} ...${props} records=${running.run?.fold.nodes ?? null} rev=${running.run?.rev}>
        <div class="canvas-tools canvas-over" role="toolbar" aria-label=${text.editor.tools}>
          <button type="button" class="button" onClick=${() => editor.ask({ kind: 'add', from: editor.one()?.id })} title="A">${text.editor.add}</button>
          <button type="button" class="button-quiet" disabled=${!past.length} onClick=${editor.undo} title="Ctrl+Z">${text.editor.undo}</button>
          <button type="button" class="button-quiet" disabled=${!future.length} onClick=${editor.redo} title="Ctrl+Shift+Z">${text.editor.redo}</button>
          <button type="button" class="button-quiet settings-open" onClick=${() => (editor.choose([]), editor.openSettings())}>${text.editor.workflow}</button>
          <button type="button" class="button-quiet arrange" disabled=${definition.nodes.length < 2} onClick=${editor.arrange} title=${text.editor.arrangeHint}>${text.editor.arrange}</button>
        </div>
        <div class="graph-tools canvas-over">
          <button type="button" class="button-quiet" aria-label=${text.run.zoomOut} onClick=${() => editor.camera.zoomOut()}>−</button>
          <button type="button" class="button-quiet" title=${text.editor.fitHint} onClick=${() => editor.fit()}>${text.editor.fit}</button>
          <button type="button" class="button-quiet" aria-label=${text.run.zoomIn} onClick=${() => editor.camera.zoomIn()}>+</button>
        </div>
        ${running.run && html`<${RunBar} run=${running.run} rev=${running.run.rev} onClose=${running.clear} />`}
        <${ChosenTools} editor=${editor} chosen=${chosen} />
        <${SidePanel} ...${props} wanted=${panel} />
      <//>
      <${Inspector} ...${props} lastRun=${lastRun} isNew=${isNew} idTaken=${saving.state.name === 'taken'} onClose=${closeSettings}
        onId=${(next) => {
          named.current = false;
          setId(next);
        }} />
    </div>
    <div class="hidden" role="status" aria-live="polite">${editor.said.value}</div>
    ${running.form}${leaving}
    ${saving.state.name === 'conflict' && html`<${Conflict} editor=${editor} saving=${saving} />`}
  </div>`;
}

/** id: of a saved workflow; none: a new one. */
export function EditPage({ id }) {
  const fresh = useRef({ turn: 0, id: null }); // the new one, and the id it has been saved under
  if (!id && fresh.current.id) fresh.current = { turn: fresh.current.turn + 1, id: null };
  const key = id && id !== fresh.current.id ? id : ` ${fresh.current.turn}`;
  const load = async (signal) => {
    const [types, record] = await Promise.all([listNodeTypes(signal), id ? getWorkflow(id, signal) : null]);
    return { types, record };
  };
  const { data, error, slow, reload } = useResource(`edit ${key}`, load);
  if (error && !data) return html`<div class="page"><${Failure} error=${error} missing=${text.failure.notFound.workflow} retry=${reload} /></div>`;
  if (!data) return html`<div class="page">${slow && html`<${Skeleton} />`}</div>`;
  const onSaved = (next) => {
    fresh.current.id = next;
    replaceRoute(['workflows', next, 'edit']);
  };
  return html`<${Editor} key=${key} id=${id} data=${data} onSaved=${onSaved} />`;
}
