// What a pointer does on the canvas: choose, move nodes, draw an edge, mark out an area, move and zoom the view.

import { useEffect, useRef, useState } from '../ui.js';
import { GRID, GRID_FINE, snap } from './geometry.js';
import { nodeOf } from './model.js';

const DRAG_PX = 4; // a pointer that has moved so far means to drag, not to choose
const partOf = (element, name) => element?.closest?.(`[data-${name}]`)?.dataset[name];

/** Gives {on: handlers of the pane, drag}: drag tells what is under way, null or {kind: 'move', places} | {kind: 'link', from, handle, to,
 *  over} | {kind: 'area', from, to}. */
export function useGestures(pane, camera, editor) {
  const [drag, setDrag] = useState(null);
  const held = useRef(null); // the gesture: {kind, at: where it began on the canvas, x, y: in the window, moved, ...}
  const pointers = useRef(new Map());
  const now = useRef(null);
  now.current = drag;

  const stop = () => {
    held.current = null;
    setDrag(null);
  };
  useEffect(() => {
    const escape = (event) => {
      if (event.key !== 'Escape' || !held.current) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      stop();
    };
    addEventListener('keydown', escape, true);
    return () => removeEventListener('keydown', escape, true);
  }, []);

  const down = (event) => {
    if (event.target.closest('.canvas-over')) return; // what lies on the canvas has handlers of its own
    pointers.current.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
    if (pointers.current.size > 1) return stop();
    if (event.button > 1) return;
    const node = partOf(event.target, 'node');
    const port = partOf(event.target, 'port');
    const edge = partOf(event.target, 'edge');
    const more = event.shiftKey || event.ctrlKey || event.metaKey;
    const start = { pointer: event.pointerId, at: camera.at(event), x: event.clientX, y: event.clientY, moved: false };
    if (event.button === 1) held.current = { ...start, kind: 'pan' };
    else if (port !== undefined) held.current = { ...start, kind: 'link', from: node, handle: port || undefined };
    else if (node) {
      const was = editor.chosen.value.nodes.has(node);
      if (more) editor.toggle(node);
      else if (!was) editor.choose([node]);
      held.current = { ...start, kind: 'move', node, alone: was && !more };
    } else if (edge) held.current = { ...start, kind: 'edge', edge };
    else held.current = { ...start, kind: event.shiftKey ? 'area' : 'pan', clear: true };
    if (event.button === 1) event.preventDefault();
  };

  const begin = (event, from) => {
    from.moved = true;
    pane.current.setPointerCapture(event.pointerId);
    if (from.kind !== 'move') return;
    const { nodes } = editor.chosen.value;
    from.places = editor.definition().nodes.filter(({ id }) => nodes.has(id)).map(({ id, position }) => [id, position]);
  };
  const acts = {
    pan: (event, from) => {
      camera.pan(event.clientX - (from.lastX ?? from.x), event.clientY - (from.lastY ?? from.y));
      Object.assign(from, { lastX: event.clientX, lastY: event.clientY });
    },
    edge: (event, from) => acts.pan(event, from),
    move: (event, from) => {
      const point = camera.at(event);
      const step = event.altKey ? GRID_FINE : GRID;
      // The one that is held goes onto the grid; the others keep their places beside it.
      const [, first] = from.places.find(([id]) => id === from.node) ?? from.places[0] ?? [];
      if (!first) return;
      const [dx, dy] = [snap(first.x + point.x - from.at.x, step) - first.x, snap(first.y + point.y - from.at.y, step) - first.y];
      setDrag({ kind: 'move', places: new Map(from.places.map(([id, { x, y }]) => [id, { x: x + dx, y: y + dy }])) });
    },
    link: (event, from) => {
      const over = partOf(document.elementFromPoint(event.clientX, event.clientY), 'node');
      setDrag({ kind: 'link', from: from.from, handle: from.handle, to: camera.at(event), over: over !== from.from ? over : undefined });
    },
    area: (event, from) => setDrag({ kind: 'area', from: from.at, to: camera.at(event) }),
  };

  const move = (event) => {
    const known = pointers.current.get(event.pointerId);
    if (known && pointers.current.size === 2) {
      const before = [...pointers.current.values()];
      const after = before.map((one) => (one === known ? { clientX: event.clientX, clientY: event.clientY } : one));
      camera.pinch(before, after);
    }
    if (known) pointers.current.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
    const from = held.current;
    if (!from || from.pointer !== event.pointerId) return;
    if (!from.moved && Math.hypot(event.clientX - from.x, event.clientY - from.y) < DRAG_PX) return;
    if (!from.moved) begin(event, from);
    acts[from.kind](event, from);
  };

  const drop = {
    move: (done) => done?.places && editor.move(done.places),
    link: (done) => {
      if (!done) return;
      if (done.over) return editor.connect({ source: done.from, target: done.over, sourceHandle: done.handle });
      editor.ask({ kind: 'add', from: done.from, handle: done.handle, at: done.to });
    },
    area: (done, from) => done && editor.chooseArea(done.from, done.to),
  };
  const click = {
    move: (from) => from.alone && editor.choose([from.node]),
    link: (from) => editor.ask({ kind: 'add', from: from.from, handle: from.handle }),
    edge: (from) => editor.choose([], [from.edge]),
    pan: (from) => from.clear && editor.choose([]),
    area: () => {},
  };
  const up = (event) => {
    pointers.current.delete(event.pointerId);
    const from = held.current;
    if (!from || from.pointer !== event.pointerId) return;
    const done = now.current;
    stop();
    if (from.moved) drop[from.kind]?.(done, from);
    else click[from.kind](from);
  };
  const cancel = (event) => {
    pointers.current.delete(event.pointerId);
    stop();
  };
  const double = (event) => {
    const node = partOf(event.target, 'node');
    if (node && nodeOf(editor.definition(), node)) editor.openSettings();
  };
  return { drag, on: { onPointerDown: down, onPointerMove: move, onPointerUp: up, onPointerCancel: cancel, onDblClick: double } };
}
