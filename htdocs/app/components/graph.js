// The graph with its live states. Wheel with Ctrl or the buttons zoom, dragging moves; three levels of detail, so that
// what is readable is shown and what is not is left out.

import { html, classes, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { edgeState, ended } from '../fold.js';
import { layoutGraph, NODE } from '../layout.js';
import { text } from '../text.js';
import { Icon, State } from './icons.js';
import { Duration } from './time.js';

const PAD = 16;
const SCALE_MIN = 0.08;
const SCALE_START = 0.5; // an overview smaller than this is asked for by the button
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const detailOf = (scale) => (scale >= 0.82 ? 'full' : scale >= 0.4 ? 'compact' : 'dots');

const fitScale = ({ width, height }, box) =>
  Math.min((box.width - PAD * 2) / width, (box.height - PAD * 2) / height);

// Left to right when there is room for it; in a narrow pane the direction that shows more.
function choose(graph, box) {
  const across = layoutGraph(graph, false);
  if (fitScale(across, box) >= 0.82) return across;
  const down = layoutGraph(graph, true);
  return Math.min(1, fitScale(down, box)) > fitScale(across, box) * 1.15 ? down : across;
}

function useBox(ref) {
  const [box, setBox] = useState(null);
  useLayoutEffect(() => {
    const measure = () => setBox({ width: ref.current.clientWidth, height: ref.current.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return box;
}

function Node({ node, record, place, chosen, focusable, detail, onChoose }) {
  const label = node.data?.label || node.id;
  const kind = node.data?.kind ?? node.type;
  return html`<button type="button" class=${classes('node', `s-${record.status}`, { chosen })}
    style=${{ left: `${place.x}px`, top: `${place.y}px` }} data-node=${node.id} data-status=${record.status}
    tabIndex=${focusable ? 0 : -1} aria-pressed=${chosen} title=${`${label} · ${text.state[record.status]}`}
    onClick=${() => onChoose(node.id)}>
    <${State} status=${record.status} />
    <span class="node-label" dir="auto">${label}</span>
    ${detail === 'full' &&
    html`<span class="node-meta"><${Icon} name=${kind} /><span class="node-kind">${text.run.nodeKind(kind)}</span>
      ${record.startedAt && html`<${Duration} ms=${ended(record.status) ? (record.durationMs ?? null) : undefined}
        since=${ended(record.status) ? null : record.startedAt} />`}</span>`}
  </button>`;
}

/** graph: {nodes, edges}; nodes: Map id -> record, which may change in place: `changes` then does too; chosen: node id or null. */
export function Graph({ graph, nodes, chosen, onChoose, label }) {
  const pane = useRef(null);
  const box = useBox(pane);
  const [zoom, setZoom] = useState(null); // null: as fits
  const drag = useRef(null);
  const centre = useRef(null);

  // The direction is chosen for the pane as it is first seen; dragging the divider must not turn the graph round.
  const direction = useRef(null);
  const wide = box && Math.round(box.width / 160);
  const laid = useMemo(() => {
    if (!box || !graph.nodes.length) return null;
    direction.current = choose(graph, box);
    return direction.current;
  }, [graph, Boolean(box), wide]);

  const scale = laid && (zoom ?? clamp(fitScale(laid, box), SCALE_START, 1));
  const detail = laid && detailOf(scale);
  const width = laid && laid.width * scale;
  const height = laid && laid.height * scale;
  const offset = laid && {
    x: Math.max(PAD, (box.width - width) / 2),
    y: Math.max(PAD, (box.height - height) / 2),
  };

  const zoomTo = (next, at) => {
    const { scrollLeft, scrollTop } = pane.current;
    const point = at ?? { x: box.width / 2, y: box.height / 2 };
    centre.current = {
      x: (scrollLeft + point.x - offset.x) / scale,
      y: (scrollTop + point.y - offset.y) / scale,
      point,
    };
    setZoom(clamp(next, SCALE_MIN, 1.5));
  };
  useLayoutEffect(() => {
    if (!centre.current || !laid) return;
    const { x, y, point } = centre.current;
    pane.current.scrollLeft = x * scale + offset.x - point.x;
    pane.current.scrollTop = y * scale + offset.y - point.y;
    centre.current = null;
  }, [scale]);

  useEffect(() => {
    const wheel = (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = pane.current.getBoundingClientRect();
      zoomTo(scale * Math.exp(-event.deltaY / 300), { x: event.clientX - left, y: event.clientY - top });
    };
    const element = pane.current;
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  });

  const show = (id, smooth) => {
    const place = laid.nodes.get(id);
    if (!place) return;
    const x = offset.x + (place.x + NODE.width / 2) * scale - box.width / 2;
    const y = offset.y + (place.y + NODE.height / 2) * scale - box.height / 2;
    pane.current.scrollTo({ left: x, top: y, behavior: smooth ? 'smooth' : 'instant' });
  };
  // At first sight: what is chosen, else what needs a look.
  useLayoutEffect(() => {
    if (!laid) return;
    const first = (status) => laid.order.find((id) => nodes.get(id)?.status === status);
    const id = chosen ?? first('error') ?? first('running');
    if (width + PAD * 2 <= box.width && height + PAD * 2 <= box.height) return;
    if (id) show(id, false);
    else pane.current.scrollLeft = laid === layoutGraph(graph, true) ? (width + PAD * 2 - box.width) / 2 : 0;
  }, [laid]);

  const move = (event) => {
    const from = drag.current;
    if (!from) return;
    pane.current.scrollLeft = from.left - (event.clientX - from.x);
    pane.current.scrollTop = from.top - (event.clientY - from.y);
  };
  const grab = (event) => {
    if (event.button !== 0 || event.pointerType === 'touch' || event.target.closest('button')) return;
    drag.current = { x: event.clientX, y: event.clientY, left: pane.current.scrollLeft, top: pane.current.scrollTop };
    pane.current.setPointerCapture(event.pointerId);
  };

  // One stop for Tab, arrows between nodes: the nearest one in that direction.
  const keys = (event) => {
    const from = event.target.closest('[data-node]')?.dataset.node;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!from || !step) return;
    event.preventDefault();
    const here = laid.nodes.get(from);
    let best = null;
    for (const [id, there] of laid.nodes) {
      const along = (there.x - here.x) * step[0] + (there.y - here.y) * step[1];
      const aside = Math.abs((there.x - here.x) * step[1]) + Math.abs((there.y - here.y) * step[0]);
      if (along > 1 && (!best || along + aside * 2 < best.cost)) best = { id, cost: along + aside * 2 };
    }
    if (!best) return;
    pane.current.querySelector(`[data-node="${CSS.escape(best.id)}"]`).focus({ preventScroll: true });
    show(best.id, true);
  };

  const firstFocus = chosen && laid?.nodes.has(chosen) ? chosen : laid?.order[0];
  return html`<section class="graph" aria-label=${label}>
    <div class="graph-pane" ref=${pane} onPointerDown=${grab} onPointerMove=${move}
      onPointerUp=${() => (drag.current = null)} onPointerCancel=${() => (drag.current = null)} onKeyDown=${keys}>
      ${laid &&
      html`<div class="graph-space" style=${{ width: `${width + offset.x * 2}px`, height: `${height + offset.y * 2}px` }}>
        <div class=${`graph-scene detail-${detail}`} style=${{
          width: `${laid.width}px`,
          height: `${laid.height}px`,
          transform: `translate(${offset.x}px, ${offset.y}px) scale(${scale})`,
          '--unscale': 1 / scale,
        }}>
          <svg class="edges" width=${laid.width} height=${laid.height} aria-hidden="true">
            ${laid.edges.map(({ edge, d }, i) => {
              const state = edgeState(edge, nodes);
              const active = state === 'taken' && nodes.get(edge.target)?.status === 'running';
              return html`<path key=${i} class=${classes('edge', `edge-${state}`, { 'edge-active': active })} d=${d} />`;
            })}
          </svg>
          ${graph.nodes.map((node) => html`<${Node} key=${node.id} node=${node} record=${nodes.get(node.id) ?? { status: 'pending' }}
            place=${laid.nodes.get(node.id)} chosen=${node.id === chosen} focusable=${node.id === firstFocus}
            detail=${detail} onChoose=${onChoose} />`)}
        </div>
      </div>`}
    </div>
    ${laid &&
    html`<div class="graph-tools">
      <button type="button" class="button-quiet" aria-label=${text.run.zoomOut} onClick=${() => zoomTo(scale / 1.25)}>−</button>
      <button type="button" class="button-quiet" onClick=${() => zoomTo(Math.min(1, fitScale(laid, box)))}>${text.run.fit}</button>
      <button type="button" class="button-quiet" aria-label=${text.run.zoomIn} onClick=${() => zoomTo(scale * 1.25)}>+</button>
    </div>`}
  </section>`;
}
