// What stands beside the canvas on its left while it is asked for: kinds of node, nodes to connect to, problems.

import { html } from '../ui.js';
import { Icon, State } from '../components/icons.js';
import { text } from '../text.js';
import { Chooser } from './chooser.js';
import { edgeOf, nameOf, nodeOf, refusal } from './model.js';

const GROUPS = ['trigger', 'agent', 'tool', 'control', 'output'];
const choiceOf = ({ kind, label, help }) => ({ id: kind, label, hint: help, icon: kind });

function AddPanel({ editor, definition, wanted, onClose }) {
  const edge = wanted.edge && edgeOf(definition, wanted.edge);
  const from = wanted.from && nodeOf(definition, wanted.from);
  const name = (id) => nameOf(nodeOf(definition, id) ?? { id });
  const sub = edge ? text.editor.addBetween(name(edge.source), name(edge.target)) : from ? text.editor.addAfter(nameOf(from)) : text.editor.addHere;
  const shown = edge || from ? GROUPS.filter((group) => group !== 'trigger') : GROUPS;
  const groups = shown.map((group) => ({ label: text.editor.groups[group], items: editor.types.filter(({ type }) => type === group).map(choiceOf) }));
  return html`<${Chooser} title=${text.editor.add} sub=${sub} placeholder=${text.editor.find} groups=${groups} none=${text.editor.nothing} drag=${!edge && !from}
    onChoose=${({ id }) => editor.add(editor.byKind.get(id), wanted)} onClose=${onClose} />`;
}

function ConnectPanel({ editor, definition, wanted, onClose }) {
  const from = nodeOf(definition, wanted.from);
  if (!from) return null;
  const handles = editor.handles(from);
  const free = (handle) => definition.nodes.filter(({ id }) => !refusal(definition, { source: from.id, target: id, sourceHandle: handle }));
  const items = (handle) => free(handle).map((node) => ({ id: handle ? `${handle} ${node.id}` : node.id, node: node.id, handle, label: nameOf(node), hint: node.id, icon: node.data?.kind }));
  const groups = handles.length ? handles.map((handle) => ({ label: handle, items: items(handle) })) : [{ label: '', items: items() }];
  return html`<${Chooser} title=${text.editor.connect} sub=${text.editor.connectFrom(nameOf(from))} placeholder=${text.editor.findNode} groups=${groups} none=${text.editor.connectNone} drag=${false} onClose=${onClose}
    onChoose=${({ node, handle }) => {
      editor.connect({ source: from.id, target: node, sourceHandle: handle });
      onClose();
    }} />`;
}

function ProblemsPanel({ editor, definition, problems, onClose }) {
  const where = ({ nodeId, edge }) => {
    const wire = edge && edgeOf(definition, edge);
    const name = (id) => nameOf(nodeOf(definition, id) ?? { id });
    return nodeId ? name(nodeId) : wire ? text.editor.edgeSaid(name(wire.source), name(wire.target)) : text.editor.workflow;
  };
  const go = ({ nodeId, edge }) => {
    if (nodeId) editor.choose([nodeId]);
    else if (edge) editor.choose([], [edge]);
    else editor.choose([]);
    const place = nodeOf(definition, nodeId ?? (edge && edgeOf(definition, edge)?.source));
    if (place) editor.camera.show(place.position);
    editor.openSettings();
  };
  return html`<section class="side-panel canvas-over" aria-label=${text.editor.problemsTitle} onKeyDown=${(event) => event.key === 'Escape' && (event.stopPropagation(), onClose())}>
    <header class="side-head"><h2>${text.editor.problemsTitle}</h2><button type="button" class="button-quiet button-icon" aria-label=${text.editor.close} onClick=${onClose}><${Icon} name="close" /></button></header>
    ${problems.length === 0 && html`<p class="side-none faint">${text.editor.noProblems}</p>`}
    <ul class="problems">${problems.map((problem, i) => html`<li key=${i}><button type="button" class=${`problem problem-${problem.level}`} data-code=${problem.code} onClick=${() => go(problem)}>
      ${problem.level === 'error' ? html`<${State} status="error" label=${text.editor.problem.error} />` : html`<span class="hint-mark" role="img" aria-label=${text.editor.problem.hint}>!</span>`}
      <span class="problem-where" dir="auto">${where(problem)}</span><span class="problem-what">${problem.message}</span></button></li>`)}</ul>
  </section>`;
}

/** Where an empty canvas begins: with a trigger. */
function FirstPanel({ editor }) {
  return html`<section class="first canvas-over"><h2>${text.editor.addFirst}</h2>
    <div class="first-choices">${editor.types.filter(({ type }) => type === 'trigger').map((type) => html`<button key=${type.kind} type="button" class="first-choice" data-choice=${type.kind} onClick=${() => editor.add(type, { at: { x: 0, y: 0 } })}>
      <${Icon} name=${type.kind} /><strong>${type.label}</strong><span class="faint">${type.help}</span></button>`)}</div>
    <p class="faint">${text.editor.emptyHint}</p></section>`;
}

const PANELS = { add: AddPanel, connect: ConnectPanel, problems: ProblemsPanel };
export function SidePanel({ editor, definition, wanted, problems }) {
  if (!wanted) return definition.nodes.length ? null : html`<${FirstPanel} editor=${editor} />`;
  return html`<${PANELS[wanted.kind]} key=${JSON.stringify(wanted)} editor=${editor} definition=${definition} wanted=${wanted} problems=${problems} onClose=${() => (editor.panel.value = null)} />`;
}

/** What can be done with what is chosen. */
export function ChosenTools({ editor, chosen }) {
  const count = chosen.nodes.size;
  if (!count) return null;
  const one = editor.one();
  const tool = (label, act, title) => html`<button type="button" class="button-quiet" title=${title} onClick=${act}>${label}</button>`;
  return html`<div class="chosen-tools canvas-over" role="toolbar" aria-label=${text.editor.chosen(count)}>
    ${one && html`<button type="button" class="button-quiet settings-open" onClick=${editor.openSettings}>${text.editor.settings}</button>`}
    ${one && tool(text.editor.addNext, () => editor.ask({ kind: 'add', from: one.id }), 'A')}
    ${one && tool(text.editor.connect, () => editor.ask({ kind: 'connect', from: one.id }), 'C')}
    ${count > 1 && html`<span class="chosen-count number">${text.editor.chosen(count)}</span>`}
    ${count > 1 && html`<label><span class="hidden">${text.editor.align}</span><select value="" onChange=${(event) => (editor.align(event.currentTarget.value), (event.currentTarget.value = ''))}>
      <option value="">${text.editor.align}</option>${Object.entries(text.editor.alignTo).map(([how, label]) => html`<option key=${how} value=${how}>${label}</option>`)}</select></label>`}
    ${tool(text.editor.duplicate, editor.duplicate, 'Ctrl+D')}
    ${tool(text.editor.remove, editor.remove, 'Delete')}
  </div>`;
}

