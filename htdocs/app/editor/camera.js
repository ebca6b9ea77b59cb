// Where one looks at the canvas from. It has no edges, so it does not scroll: the scene is moved and scaled, by wheel, two
// fingers and keys, without drawing anything again.

import { useEffect, useLayoutEffect, useRef, useState } from '../ui.js';
import { GRID, NODE } from './geometry.js';

const SCALE_MIN = 0.1;
const SCALE_MAX = 1.5;
const STEP = 1.25;
const PAD = 32;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const detailOf = (scale) => (scale >= 0.72 ? 'full' : scale >= 0.5 ? 'compact' : scale >= 0.3 ? 'small' : 'dots');

/** pane, scene: refs; the scene lies in the pane. Gives {detail, at, pan, zoomBy, fit, show, middle, fingers}. */
export function useCamera(pane, scene) {
  const view = useRef({ x: PAD, y: PAD, scale: 1 });
  const [detail, setDetail] = useState('full');

  const apply = (next) => {
    view.current = next;
    const { x, y, scale } = next;
    scene.current.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    scene.current.style.setProperty('--unscale', 1 / scale);
    pane.current.style.setProperty('--grid', `${GRID * scale * (scale < 0.5 ? 4 : 1)}px`);
    pane.current.style.backgroundPosition = `${x}px ${y}px`;
    setDetail(detailOf(scale));
  };
  useLayoutEffect(() => apply(view.current), []);

  const box = () => pane.current.getBoundingClientRect();
  /** A point of the window on the canvas. */
  const at = ({ clientX, clientY }) => {
    const { left, top } = box();
    const { x, y, scale } = view.current;
    return { x: (clientX - left - x) / scale, y: (clientY - top - y) / scale };
  };
  const pan = (dx, dy) => apply({ ...view.current, x: view.current.x + dx, y: view.current.y + dy });
  const zoomTo = (wanted, point) => {
    const { left, top, width, height } = box();
    const [px, py] = point ? [point.clientX - left, point.clientY - top] : [width / 2, height / 2];
    const { x, y, scale } = view.current;
    const next = clamp(wanted, SCALE_MIN, SCALE_MAX);
    apply({ x: px - ((px - x) * next) / scale, y: py - ((py - y) * next) / scale, scale: next });
  };
  const zoomBy = (factor, point) => zoomTo(view.current.scale * factor, point);
  /** All of an area of the canvas, or its beginning when that would be smaller than `least`. */
  const fit = (area, least = SCALE_MIN) => {
    const { width, height } = box();
    const scale = clamp(Math.min((width - PAD * 2) / area.width, (height - PAD * 2) / area.height), least, 1);
    apply({ x: Math.max(PAD, (width - area.width * scale) / 2) - area.x * scale, y: Math.max(PAD * 2, (height - area.height * scale) / 2) - area.y * scale, scale });
  };
  /** A node, when it is not in sight already; hidden: so much of the pane lies under something on its left. */
  const show = (place, hidden = 0) => {
    const { width, height } = box();
    const { x, y, scale } = view.current;
    const [left, top] = [place.x * scale + x - hidden, place.y * scale + y];
    if (left >= PAD && top >= PAD && left + hidden + NODE.width * scale <= width - PAD && top + NODE.height * scale <= height - PAD) return;
    apply({ scale, x: (width + hidden) / 2 - (place.x + NODE.width / 2) * scale, y: height / 2 - (place.y + NODE.height / 2) * scale });
  };
  const middle = () => {
    const { left, top, width, height } = box();
    return at({ clientX: left + width / 2, clientY: top + height / 2 });
  };

  useEffect(() => {
    const wheel = (event) => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) zoomBy(Math.exp(-clamp(event.deltaY, -100, 100) / 300), event);
      else if (event.shiftKey && !event.deltaX) pan(-event.deltaY, 0);
      else pan(-event.deltaX, -event.deltaY);
    };
    const element = pane.current;
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, []);

  /** Two pointers before and after a move: what lay under them stays there. */
  const pinch = (before, after) => {
    const apart = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const between = ([a, b]) => ({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
    const [from, to] = [between(before), between(after)];
    pan(to.clientX - from.clientX, to.clientY - from.clientY);
    zoomBy(apart(after) / Math.max(1, apart(before)), to);
  };
  const scale = () => view.current.scale;
  return { detail, at, pan, zoomBy, zoomIn: () => zoomBy(STEP), zoomOut: () => zoomBy(1 / STEP), fit, show, middle, pinch, scale };
}
