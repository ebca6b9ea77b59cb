// The canvas: nodes with their ports, edges with what they are taken on, and what is being dragged.

import { html, classes, useLayoutEffect, useMemo, useRef } from '../ui.js';
import { Icon, State } from '../components/icons.js';
import { useKept } from '../components/kept.js';
import { edgeState } from '../fold.js';
import { text } from '../text.js';
import { useCamera } from './camera.js';
import { boundsOf, curve, heightOf, inPort, middle, NODE, outPort } from './geometry.js';
import { useGestures } from './gestures.js';
import { edgeKey, handlesOf, nameOf, nodeOf, whenOf } from './model.js';

function Node({ id, name, kind, label, trigger, x, y, height, handles, chosen, focusable, target, problems, status, bare }) {
  const wrong = problems.filter(({ level }) => level === 'error').length;
  const said = problems.map(({ message }) => message).join('\n') || undefined;
  return html`<div class=${classes('spot', { 'spot-target': target, 'spot-named': handles.length })} data-node=${id} style=${{ left: `${x}px`, top: `${y}px`, height: `${height}px` }}>
    <button type="button" class=${classes('node', status && `s-${status}`, { chosen, 'node-wrong': wrong })} data-node-button=${id}
      data-status=${status} tabIndex=${focusable ? 0 : -1} aria-pressed=${chosen} title=${said} aria-label=${bare ? name : undefined} aria-description=${said}>
      ${!bare && html`${status ? html`<${State} status=${status} />` : html`<${Icon} name=${kind} />`}
      <span class="node-label" dir="auto">${name}</span>
      <span class="node-meta"><span class="node-kind node-told">${label}</span></span>
      ${wrong > 0 && html`<span class="hidden">${text.editor.problems(wrong)}</span>`}`}
      ${problems.length > 0 && html`<span class="node-mark" aria-hidden="true">!</span>`}
    </button>
    ${!trigger && html`<span class="port port-in" aria-hidden="true"></span>`}
    ${(handles.length ? handles : ['']).map((handle, i) => html`<span key=${handle} class=${classes('port', 'port-out', { 'port-named': handle })} data-port=${handle} aria-hidden="true"
      style=${{ top: `${outPort({ x: 0, y: 0 }, height, i, handles.length).y}px` }}>${handle && html`<span class="port-name">${handle}</span>`}</span>`)}
  </div>`;
}

const LABEL = { least: 40, most: 180, readable: 110 }; // px: a longer expression in less room says nothing
const saidOf = (edge) => ({ always: '', success: text.editor.onSuccess, error: text.editor.onError, condition: edge.condition })[whenOf(edge)];

function Edge({ edge, from, to, name, chosen, wrong, state }) {
  const key = edgeKey(edge);
  const at = middle(from, to);
  const room = Math.min(LABEL.most, Math.max(LABEL.least, Math.abs(to.x - from.x) - 4));
  const what = whenOf(edge) === 'condition' && room < LABEL.readable ? text.editor.conditionShort : saidOf(edge);
  const d = curve(from, to);
  return html`<g class=${classes('wire', `wire-${whenOf(edge)}`, { 'wire-chosen': chosen, 'wire-wrong': wrong })} data-edge=${key}>
    <path class="wire-near" d=${d} /><path class=${classes('edge', state && `edge-${state}`)} d=${d} />
    ${what && html`<foreignObject class="wire-said" x=${at.x - room / 2} y=${at.y - 10} width=${room} height="20"><span class="wire-label mono" title=${name}>${what}</span></foreignObject>`}
  </g>`;
}

/** The nearest node in a direction. */
function neighbour(nodes, from, [dx, dy]) {
  const here = from.position;
  let best = null;
  for (const { id, position } of nodes) {
    const along = (position.x - here.x) * dx + (position.y - here.y) * dy;
    const aside = Math.abs((position.x - here.x) * dy) + Math.abs((position.y - here.y) * dx);
    if (along > 1 && (!best || along + aside * 2 < best.cost)) best = { id, cost: along + aside * 2 };
  }
  return best?.id;
}
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NUDGE = 20;
const NUDGE_FINE = 4;
const SCALE_START = 0.5; // an overview smaller than this is asked for
const NOTHING = [];

function useCanvasKeys(pane, editor, camera) {
  return (event) => {
    const id = event.target.closest('[data-node]')?.dataset.node;
    const step = ARROWS[event.key];
    if (event.key === ' ' && id) {
      event.preventDefault(); // the click a button would make of it
      return editor.toggle(id);
    }
    if (event.key === 'Enter' && id) {
      event.preventDefault();
      if (!editor.chosen.value.nodes.has(id)) editor.choose([id]);
      return editor.openSettings();
    }
    if (!step || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (event.altKey) return editor.nudge(...step.map((one) => one * (event.shiftKey ? NUDGE_FINE : NUDGE)));
    const from = id && nodeOf(editor.definition(), id);
    const next = from && neighbour(editor.definition().nodes, from, step);
    if (!next) return;
    pane.current.querySelector(`[data-node-button="${CSS.escape(next)}"]`).focus({ preventScroll: true });
    camera.show(nodeOf(editor.definition(), next).position);
    if (event.shiftKey) editor.choose([...editor.chosen.value.nodes, from.id, next]);
    else editor.choose([next]);
  };
}

/** records: Map node id -> record of the run in view, or null; children: what lies over the canvas. */
export function Canvas({ editor, definition, chosen, problems, records, rev, children }) {
  const pane = useRef(null);
  const scene = useRef(null);
  const camera = useCamera(pane, scene);
  const { drag, on } = useGestures(pane, camera, editor);
  const keys = useCanvasKeys(pane, editor, camera);
  const keep = useKept();
  editor.camera = camera;

  const area = () => boundsOf(editor.definition().nodes.map((node) => ({ ...node.position, height: editor.height(node) })));
  editor.fit = () => camera.fit(area());
  useLayoutEffect(() => camera.fit(area(), SCALE_START), []);

  const { nodes, edges } = definition;
  const byNode = useMemo(() => {
    const map = new Map();
    for (const problem of problems) {
      const key = problem.nodeId ?? problem.edge;
      map.set(key, [...(map.get(key) ?? []), problem]);
    }
    return map;
  }, [problems]);
  const kept = useRef(new Map()); // the same problems as the same list, so that nothing is drawn for them again
  const problemsOf = (key) => {
    const list = byNode.get(key) ?? NOTHING;
    const was = kept.current.get(key);
    if (was && JSON.stringify(was) === JSON.stringify(list)) return was;
    kept.current.set(key, list);
    return list;
  };
  const handles = useMemo(() => new Map(nodes.map((node) => [node.id, handlesOf(editor.typeOf(node), node)])), [nodes]);
  const placeOf = (node) => (drag?.kind === 'move' && drag.places.get(node.id)) || node.position;
  const byId = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes]);
  const portOf = (node, handle) => {
    const list = handles.get(node.id);
    return outPort(placeOf(node), heightOf(list), Math.max(0, list.indexOf(handle)), list.length);
  };
  const focus = nodes.some(({ id }) => chosen.nodes.has(id)) ? [...chosen.nodes].at(-1) : nodes[0]?.id;

  const drawNode = (node) => {
    const place = placeOf(node);
    const type = editor.typeOf(node);
    const parts = [node, place, chosen.nodes.has(node.id), node.id === focus, drag?.over === node.id, problemsOf(node.id), records?.get(node.id)?.status, camera.detail === 'dots'];
    return keep(`n${node.id}`, parts, () => html`<${Node} key=${node.id} id=${node.id} name=${nameOf(node)} kind=${node.data?.kind} label=${type?.label ?? node.data?.kind ?? ''}
      trigger=${node.type === 'trigger'} x=${place.x} y=${place.y} height=${heightOf(handles.get(node.id))} handles=${handles.get(node.id)}
      chosen=${parts[2]} focusable=${parts[3]} target=${parts[4]} problems=${parts[5]} status=${parts[6]} bare=${parts[7]} />`);
  };
  const drawEdge = (edge) => {
    const [source, target] = [byId.get(edge.source), byId.get(edge.target)];
    if (!source || !target) return null;
    const key = edgeKey(edge);
    const state = records && edgeState(edge, records);
    const parts = [edge, source, target, placeOf(source), placeOf(target), chosen.edges.has(key), problemsOf(key), state];
    return keep(`e${key}`, parts, () => html`<${Edge} key=${key} edge=${edge} from=${portOf(source, edge.sourceHandle)} to=${inPort(parts[4], heightOf(handles.get(target.id)))}
      name=${text.editor.edgeSaid(nameOf(source), nameOf(target), saidOf(edge))} chosen=${parts[5]} wrong=${parts[6].length > 0} state=${state} />`);
  };
  const one = chosen.edges.size === 1 && !drag ? edges.find((edge) => chosen.edges.has(edgeKey(edge))) : null;
  const ends = one && [byId.get(one.source), byId.get(one.target)];
  const at = ends?.every(Boolean) && middle(portOf(ends[0], one.sourceHandle), inPort(placeOf(ends[1]), heightOf(handles.get(ends[1].id))));

  const dropKind = (event) => {
    const type = editor.byKind.get(event.dataTransfer.getData('text/plain'));
    if (!type) return;
    event.preventDefault();
    const { x, y } = camera.at(event);
    editor.add(type, { at: { x: x - NODE.width / 2, y } });
  };
  return html`<section class=${classes('canvas', `detail-${camera.detail}`, { 'canvas-linking': drag?.kind === 'link' })} ref=${pane} aria-label=${text.editor.canvas} aria-description=${text.editor.canvasHelp}
    data-scale=${camera.detail} ...${on} onKeyDown=${keys} onDragOver=${(event) => event.preventDefault()} onDrop=${dropKind}>
    <div class="canvas-scene" ref=${scene}>
      <svg class="wires" width="1" height="1">
        ${edges.map(drawEdge)}
        ${drag?.kind === 'link' && byId.has(drag.from) && html`<path class="edge edge-new" d=${curve(portOf(byId.get(drag.from), drag.handle), drag.to)} />`}
      </svg>
      ${nodes.map(drawNode)}
      ${at && html`<span class="wire-tools canvas-over" style=${{ left: `${at.x}px`, top: `${at.y + 12}px` }}>
        <button type="button" class="button-quiet" onClick=${() => editor.ask({ kind: 'add', edge: edgeKey(one) })} aria-label=${text.editor.insert} title=${text.editor.insert}>+</button>
        <button type="button" class="button-quiet button-icon" onClick=${editor.remove} aria-label=${text.editor.removeEdge} title=${text.editor.removeEdge}><${Icon} name="close" /></button></span>`}
      ${drag?.kind === 'area' && html`<span class="marquee" style=${{
        left: `${Math.min(drag.from.x, drag.to.x)}px`, top: `${Math.min(drag.from.y, drag.to.y)}px`,
        width: `${Math.abs(drag.from.x - drag.to.x)}px`, height: `${Math.abs(drag.from.y - drag.to.y)}px`,
      }}></span>`}
    </div>
    ${children}
  </section>`;
}
