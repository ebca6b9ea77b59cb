// Where one looks at a drawing from: the pane scrolls, so wheel, touch and scroll bars move it as everywhere; Ctrl and
// the wheel, two fingers, + - 0 and 1 zoom at the pointer or the middle.

import { useEffect, useLayoutEffect, useRef, useState } from '../ui.js';

const PAD = 16;
const SCALE_MIN = 0.08;
const SCALE_MAX = 1.5;
const OVERVIEW_MIN = 0.45; // a smaller one is asked for; it begins ...
const SCALE_START = 0.7; // ... with a part that can be read
const STEP = 1.25;
const TILE = 256; // px the pane is scrolled before what is near its view is told anew
const DRAG_PX = 4; // a pointer that has moved so far means to drag, not to choose
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const fitScale = ({ width, height }, box) => Math.min((box.width - PAD * 2) / width, (box.height - PAD * 2) / height);

export function useBox(ref) {
  const [box, setBox] = useState(null);
  useLayoutEffect(() => {
    const measure = () => ref.current && setBox({ width: ref.current.clientWidth, height: ref.current.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return box;
}

/** pane: ref of what scrolls; size: {width, height} of the drawing, or null; box: of the pane; room: kept free below.
 *  Gives {scale, offset, space: size of what scrolls, near: the part {left, top, right, bottom} of the drawing in view or soon
 *  to be, overflows, zoomBy, fit, show, on: handlers for the pane, keys}. */
export function useCamera(pane, size, box, room) {
  const [zoom, setZoom] = useState(null); // a scale, 'fit', or null: as fits, but readable
  const [tile, setTile] = useState({ x: 0, y: 0 });
  const held = useRef(null); // what stays where it is while the scale changes
  const drag = useRef(null);
  const now = useRef(null);

  const free = typeof zoom === 'number'; // there is room around the drawing then, so that any point can stay where it is
  const fitting = size && clamp(fitScale(size, box), SCALE_MIN, 1);
  const scale = size && (free ? zoom : zoom === 'fit' || fitting >= OVERVIEW_MIN ? fitting : SCALE_START);
  const width = size && size.width * scale;
  const height = size && size.height * scale;
  const overflows = size && (width + PAD * 2 > box.width || height + PAD * 2 > box.height);
  const around = (pane, drawing) => Math.max(free ? pane / 2 : PAD, (pane - drawing) / 2);
  const offset = size && { x: around(box.width, width), y: around(box.height, height) };
  const space = size && { width: width + offset.x * 2, height: height + offset.y * 2 + (overflows && !free ? room : 0) };
  now.current = { scale, offset, box, size };
  const near = size && {
    left: ((tile.x - 1) * TILE - offset.x) / scale,
    top: ((tile.y - 1) * TILE - offset.y) / scale,
    right: ((tile.x + 2) * TILE + box.width - offset.x) / scale,
    bottom: ((tile.y + 2) * TILE + box.height - offset.y) / scale,
  };
  const look = () => {
    const { scrollLeft, scrollTop } = pane.current;
    const [x, y] = [Math.floor(scrollLeft / TILE), Math.floor(scrollTop / TILE)];
    setTile((was) => (was.x === x && was.y === y ? was : { x, y }));
  };

  const hold = (point) => {
    const { scrollLeft, scrollTop } = pane.current;
    held.current = { x: (scrollLeft + point.x - now.current.offset.x) / now.current.scale, y: (scrollTop + point.y - now.current.offset.y) / now.current.scale, point };
  };
  /** at: a point of the pane that stays where it is. */
  const zoomTo = (next, at = { x: box.width / 2, y: box.height / 2 }) => {
    if (!held.current) hold(at);
    setZoom(clamp(next, SCALE_MIN, SCALE_MAX));
  };
  const zoomBy = (factor, at) => zoomTo(now.current.scale * factor, at);
  const fit = () => setZoom('fit');
  useLayoutEffect(() => {
    if (!held.current || !size) return;
    const { x, y, point } = held.current;
    pane.current.scrollLeft = x * scale + offset.x - point.x;
    pane.current.scrollTop = y * scale + offset.y - point.y;
    held.current = null;
    look();
  });
  /** A point of the drawing into the middle. */
  const show = ({ x, y }, smooth) => {
    pane.current.scrollTo({ left: offset.x + x * scale - box.width / 2, top: offset.y + y * scale - box.height / 2, behavior: smooth ? 'smooth' : 'instant' });
    look();
  };

  const pointOf = ({ clientX, clientY }) => {
    const { left, top } = pane.current.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  useEffect(() => {
    const element = pane.current;
    const wheel = (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      if (now.current.size) zoomBy(Math.exp(-clamp(event.deltaY, -100, 100) / 300), pointOf(event));
    };
    let pinch = null;
    const fingers = ({ touches: [a, b] }) => ({
      apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
      at: pointOf({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 }),
    });
    const touch = (event) => {
      if (event.touches.length !== 2 || !now.current.size) return (pinch = null);
      event.preventDefault();
      const { apart, at } = fingers(event);
      if (!pinch) return (pinch = { apart, at, scale: now.current.scale });
      pane.current.scrollLeft -= at.x - pinch.at.x;
      pane.current.scrollTop -= at.y - pinch.at.y;
      pinch.at = at;
      zoomTo((pinch.scale * apart) / pinch.apart, at);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    for (const type of ['touchstart', 'touchmove', 'touchend']) element.addEventListener(type, touch, { passive: false });
    return () => {
      element.removeEventListener('wheel', wheel);
      for (const type of ['touchstart', 'touchmove', 'touchend']) element.removeEventListener(type, touch);
    };
  }, []);

  const grab = (event) => {
    if (event.pointerType === 'touch' || (event.button !== 0 && event.button !== 1)) return;
    if (event.target === pane.current && (event.offsetX > box.width || event.offsetY > box.height)) return; // a scroll bar
    if (event.button === 1) event.preventDefault(); // not the browser's own scrolling
    drag.current = { x: event.clientX, y: event.clientY, left: pane.current.scrollLeft, top: pane.current.scrollTop, moved: false };
  };
  const move = (event) => {
    const from = drag.current;
    if (!from) return;
    if (!event.buttons) return (drag.current = null);
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.hypot(x, y) < DRAG_PX) return;
    if (!from.moved) pane.current.setPointerCapture(event.pointerId);
    from.moved = true;
    pane.current.scrollLeft = from.left - x;
    pane.current.scrollTop = from.top - y;
  };
  const drop = () => setTimeout(() => (drag.current = null)); // after the click that ends a drag
  const click = (event) => {
    if (drag.current?.moved) event.stopPropagation();
  };
  const keys = (event) => {
    const act = { '+': () => zoomBy(STEP), '=': () => zoomBy(STEP), '-': () => zoomBy(1 / STEP), 0: fit, 1: () => zoomTo(1) }[event.key];
    if (!act || !size || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  return {
    scale, offset, space, near, overflows, fit, show, keys, zoomBy,
    on: { onScroll: look, onPointerDown: grab, onPointerMove: move, onPointerUp: drop, onPointerCancel: drop, onClickCapture: click },
  };
}
