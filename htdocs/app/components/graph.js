// The graph with its live states. Three levels of detail, so that what is readable is shown and what is not is left out;
// a change draws again only the nodes and edges it is about.

import { html, classes, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { edgeState } from '../fold.js';
import { stripped } from '../format.js';
import { layoutGraph, layoutSaved, NODE } from '../layout.js';
import { recall, remember } from '../prefs.js';
import { text } from '../text.js';
import { fitScale, useBox, useCamera } from './graph-camera.js';
import { Icon, State } from './icons.js';
import { useKept } from './kept.js';
import { Minimap } from './minimap.js';
import { NodeTime, ProgressBar, progressOf } from './node-progress.js';

const READABLE = 0.82; // from this scale on everything of a node is shown
const DRAWN_ALL = 150; // nodes; of larger graphs only what is near the view is drawn
const MAP_ROOM = 136; // px below the drawing, so that the map hides nothing for good
const NEXT_SAID = 3;
const UNSCALE = 1.08; // what keeps its size while one zooms follows in such steps: each costs a restyling of all
const SETTLE_MS = 150; // after the last step of a zoom, before a large graph is styled for its new scale
const detailOf = (scale) => (scale >= READABLE ? 'full' : scale >= 0.45 ? 'compact' : scale >= 0.3 ? 'small' : 'dots');
const meets = (a, b) => a.left <= b.right && a.right >= b.left && a.top <= b.bottom && a.bottom >= b.top;

// Left to right when there is room for it; in a narrow pane the direction that shows more.
function choose(graph, box) {
  const across = layoutGraph(graph, false);
  if (fitScale(across, box) >= READABLE) return across;
  const down = layoutGraph(graph, true);
  return Math.min(1, fitScale(down, box)) > fitScale(across, box) * 1.15 ? down : across;
}

const PENDING = { status: 'pending' };
const nameOf = (node) => node.data?.label || node.id;

function Node({ node, record, place, chosen, focusable, bare, next }) {
  const label = nameOf(node);
  const kind = text.run.nodeKind(node.data?.kind ?? node.type);
  const { status, attempt, slow } = record;
  const progress = progressOf(record);
  const notes = [progress?.words, attempt > 1 && text.run.attempt(attempt), slow && status === 'running' && text.run.slow].filter(Boolean);
  return html`<button type="button" class=${classes('node', `s-${status}`, { chosen })} style=${{ left: `${place.x}px`, top: `${place.y}px` }}
    data-node=${node.id} data-status=${status} tabIndex=${focusable ? 0 : -1} aria-pressed=${chosen} title=${[stripped(label), text.state[status], ...notes].join(' · ')}
    aria-description=${[...notes, next].join('. ')}>
    ${!bare && html`<${State} status=${status} />
    <span class="node-label" dir="auto">${label}</span>
    <span class="node-meta"><${Icon} name=${node.data?.kind ?? node.type} /><span class=${classes('node-kind', { 'node-told': progress || !record.startedAt })}>${progress?.short ?? kind}</span>
      ${attempt > 1 && html`<span class="node-attempt number" title=${text.run.attempt(attempt)}>×${attempt}</span>`}
      <${NodeTime} record=${record} /></span>`}
    <${ProgressBar} progress=${progress} status=${status} />
  </button>`;
}

function Edge({ path: { edge, d, start }, state, near }) {
  return html`<g><path class=${classes('edge', `edge-${state}`, { 'edge-near': near })} data-edge=${edge.id} data-state=${state} d=${d} />
    ${edge.sourceHandle && html`<text class="edge-label" x=${start.x + 8} y=${start.y - 6}>${edge.sourceHandle}</text>`}</g>`;
}

/** The nearest node in a direction: along the edges, else whatever stands there. */
function neighbour(laid, from, step) {
  const here = laid.nodes.get(from);
  const nearest = (ids) => {
    let best = null;
    for (const id of ids) {
      const there = laid.nodes.get(id);
      const along = (there.x - here.x) * step[0] + (there.y - here.y) * step[1];
      const aside = Math.abs((there.x - here.x) * step[1]) + Math.abs((there.y - here.y) * step[0]);
      if (along > 1 && (!best || along + aside * 2 < best.cost)) best = { id, cost: along + aside * 2 };
    }
    return best?.id;
  };
  const linked = [...(laid.next.get(from) ?? []), ...(laid.previous.get(from) ?? [])];
  return nearest(linked) ?? nearest(laid.nodes.keys());
}
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The value as it was before it began to change, until it has stayed the same for a while. */
function useSettled(value) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled || value;
}

/** graph: {nodes, edges}; nodes: Map id -> record, which may change in place: `changes` then does too; chosen: node id or
 *  null; name: under which the layout chosen by a person is remembered. */
export function Graph({ graph, nodes, chosen, onChoose, label, name }) {
  const pane = useRef(null);
  const box = useBox(pane);
  const keep = useKept();
  const saved = useMemo(() => layoutSaved(graph), [graph]);
  const [asSaved, setAsSaved] = useState(() => recall(`layout.${name}`, 'saved') === 'saved');
  const [map, setMap] = useState(() => recall('graph.map', true));
  const [focused, setFocused] = useState(null);
  const walked = useRef(false); // by the keyboard: the focus follows when the node is drawn

  // The direction is chosen for the pane as it is first seen: dragging the divider must not turn the graph round.
  const automatic = useMemo(() => box && graph.nodes.length && !(saved && asSaved) && choose(graph, box), [graph, Boolean(box), asSaved]);
  const laid = !box || !graph.nodes.length ? null : saved && asSaved ? saved : automatic;
  const camera = useCamera(pane, laid, box, map ? MAP_ROOM : 0);
  const { scale, offset, space } = camera;

  const centre = (id) => {
    const { x, y } = laid.nodes.get(id);
    return { x: x + NODE.width / 2, y: y + NODE.height / 2 };
  };
  // At first sight: what is chosen, else what needs a look, else the beginning.
  useLayoutEffect(() => {
    if (!laid || !camera.overflows) return;
    const first = (status) => laid.order.find((id) => nodes.get(id)?.status === status);
    const id = (laid.nodes.has(chosen) && chosen) || first('error') || first('running') || first('waiting') || laid.order[0];
    camera.show(centre(id), false);
  }, [laid]);
  const inView = (id) => {
    const { x, y } = laid.nodes.get(id);
    const [left, top] = [offset.x + x * scale - pane.current.scrollLeft, offset.y + y * scale - pane.current.scrollTop];
    return left >= 0 && top >= 0 && left + NODE.width * scale <= box.width && top + NODE.height * scale <= box.height;
  };
  // One chosen elsewhere (in the timeline, by a link in the log) comes into view.
  useLayoutEffect(() => {
    if (laid?.nodes.has(chosen) && !inView(chosen)) camera.show(centre(chosen), true);
  }, [chosen]);

  const keys = (event) => {
    camera.keys(event);
    const from = event.target.closest('[data-node]')?.dataset.node;
    const to = !from ? null : event.key === 'Home' ? laid.order[0] : event.key === 'End' ? laid.order.at(-1) : STEPS[event.key] && neighbour(laid, from, STEPS[event.key]);
    if (STEPS[event.key] || to) event.preventDefault();
    if (!to) return;
    walked.current = true;
    setFocused(to);
    if (!inView(to)) camera.show(centre(to), true);
  };
  useLayoutEffect(() => {
    if (walked.current) pane.current.querySelector(`[data-node="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    walked.current = false;
  }, [focused]);
  const nodeOf = (event) => event.target.closest('[data-node]')?.dataset.node;
  const click = (event) => {
    const id = nodeOf(event);
    if (id) onChoose(id);
  };
  const switchLayout = () => {
    remember(`layout.${name}`, asSaved ? 'automatic' : 'saved');
    setAsSaved(!asSaved);
  };
  const switchMap = () => {
    remember('graph.map', !map);
    setMap(!map);
  };

  const labels = useMemo(() => new Map(graph.nodes.map((node) => [node.id, nameOf(node)])), [graph]);
  const next = (id) => {
    const ids = laid.next.get(id) ?? [];
    return ids.length ? text.run.next(ids.slice(0, NEXT_SAID).map((one) => labels.get(one)), ids.length - NEXT_SAID) : text.run.last;
  };
  const stop = laid && [focused, chosen, laid.order[0]].find((id) => laid.nodes.has(id));
  const large = laid?.nodes.size > DRAWN_ALL;
  const still = useSettled(scale);
  const styled = large ? still : scale; // while one zooms, only the drawing as a whole grows and shrinks
  const detail = laid && detailOf(styled);
  const part = large && camera.near;
  const isNear = ({ x, y }) => !part || meets({ left: x, top: y, right: x + NODE.width, bottom: y + NODE.height }, part);
  const scene = laid && html`<div class="graph-space" style=${{ width: `${space.width}px`, height: `${space.height}px` }}>
    <div class=${`graph-scene detail-${detail}`} style=${{
      width: `${laid.width}px`,
      height: `${laid.height}px`,
      transform: `translate(${offset.x}px, ${offset.y}px) scale(${scale})`,
      '--unscale': detail === 'full' ? 1 : UNSCALE ** Math.round(Math.log(1 / styled) / Math.log(UNSCALE)),
    }}>
      <svg class="edges" width=${laid.width} height=${laid.height} aria-hidden="true"><g transform=${laid.origin}>${laid.edges.map((path, i) => {
        if (part && !meets(path, part)) return null;
        const { source, target } = path.edge;
        const taken = edgeState(path.edge, nodes);
        const state = taken === 'taken' && nodes.get(target)?.status === 'running' ? 'active' : taken;
        const near = source === chosen || target === chosen;
        return keep(`edge ${i}`, [path, state, near], () => html`<${Edge} key=${i} path=${path} state=${state} near=${near} />`);
      })}</g></svg>
      ${graph.nodes.map((node) => {
        const place = laid.nodes.get(node.id);
        const [picked, focusable] = [node.id === chosen, node.id === stop];
        if (!isNear(place) && !picked && !focusable) return null;
        const record = nodes.get(node.id) ?? PENDING;
        const { status, attempt, startedAt, durationMs, expectedMs, slow, progress } = record;
        const bare = detail === 'dots';
        return keep(`node ${node.id}`, [node, place, picked, focusable, bare, status, attempt, startedAt, durationMs, expectedMs, slow, progress], () => html`<${Node}
          key=${node.id} node=${node} record=${record} place=${place} chosen=${picked} focusable=${focusable} bare=${bare} next=${next(node.id)} />`);
      })}
    </div>
  </div>`;

  const tool = (words, icon, act, pressed) => html`<button type="button" class="button-quiet button-icon" aria-label=${words} title=${words} aria-pressed=${pressed} onClick=${act}><${Icon} name=${icon} /></button>`;
  return html`<section class="graph" aria-label=${label} onKeyDown=${laid && keys}>
    <div class="graph-pane" ref=${pane} ...${camera.on} onClick=${click} onFocusIn=${(event) => setFocused(nodeOf(event) ?? null)}>${scene}</div>
    ${!graph.nodes.length && html`<p class="graph-empty faint">${text.run.noNodes}</p>`}
    ${laid && map && camera.overflows && html`<${Minimap} laid=${laid} nodes=${nodes} changes=${nodes} node=${NODE} pane=${pane} camera=${camera} />`}
    ${laid && html`<div class="graph-tools" role="group" aria-label=${text.run.view}>
      ${saved && tool(asSaved ? text.run.automatic : text.run.asSaved, 'layout', switchLayout, !asSaved)}
      ${camera.overflows && tool(map ? text.minimap.hide : text.minimap.show, 'map', switchMap, map)}
      ${tool(text.run.zoomOut, 'minus', () => camera.zoomBy(0.8))}
      <button type="button" class="button-quiet graph-scale number" aria-label=${`${text.run.scale(scale)}, ${text.run.fit}`} title=${text.run.fit} onClick=${camera.fit}>${text.run.scale(scale)}</button>
      ${tool(text.run.zoomIn, 'plus', () => camera.zoomBy(1.25))}
    </div>`}
  </section>`;
}
