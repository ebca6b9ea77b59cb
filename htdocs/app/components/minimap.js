// A graph in small: where what runs, failed or waits is, and what of it is in view. Dragging moves the view; the
// keyboard has the arrows in the graph itself.

import { html, useEffect, useRef } from '../ui.js';

const MOST = { width: 176, height: 112 };
const LEAST = 36;
const DOT = 1.5; // px: a node is at least so large
const ORDER = ['pending', 'queued', 'skipped', 'cancelled', 'success', 'paused', 'waiting', 'running', 'error']; // the later above

export function Minimap({ laid, nodes, node, pane, camera }) {
  const view = useRef(null);
  const most = Math.min(MOST.width / laid.width, MOST.height / laid.height);
  const width = Math.max(LEAST, laid.width * most);
  const height = Math.max(LEAST, laid.height * most);
  const [sx, sy] = [width / laid.width, height / laid.height];

  const paths = new Map();
  const [w, h] = [Math.max(DOT, node.width * sx), Math.max(DOT, node.height * sy)];
  for (const [id, { x, y }] of laid.nodes) {
    const status = nodes.get(id)?.status ?? 'pending';
    paths.set(status, `${paths.get(status) ?? ''}M${(x * sx).toFixed(1)} ${(y * sy).toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h${(-w).toFixed(1)}z`);
  }

  const now = useRef(camera);
  now.current = camera;
  const place = useRef();
  place.current = () => {
    if (!view.current) return;
    const { scale, offset } = now.current;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = pane.current;
    const from = { x: Math.max(0, (scrollLeft - offset.x) / scale), y: Math.max(0, (scrollTop - offset.y) / scale) };
    const to = { x: Math.min(laid.width, (scrollLeft + clientWidth - offset.x) / scale), y: Math.min(laid.height, (scrollTop + clientHeight - offset.y) / scale) };
    Object.assign(view.current.style, {
      transform: `translate(${from.x * sx}px, ${from.y * sy}px)`, inlineSize: `${Math.max(4, (to.x - from.x) * sx)}px`, blockSize: `${Math.max(4, (to.y - from.y) * sy)}px`,
    });
  };
  useEffect(() => {
    const scrolled = () => place.current();
    pane.current.addEventListener('scroll', scrolled, { passive: true });
    return () => pane.current?.removeEventListener('scroll', scrolled);
  }, []);
  useEffect(() => place.current());

  const move = (event) => {
    if (!event.buttons) return;
    const box = event.currentTarget.getBoundingClientRect();
    camera.show({ x: (event.clientX - box.left) / sx, y: (event.clientY - box.top) / sy }, false);
  };
  const grab = (event) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    move(event);
  };
  return html`<div class="minimap" aria-hidden="true"><div class="minimap-map" style=${{ inlineSize: `${width}px`, blockSize: `${height}px` }}
    onPointerDown=${grab} onPointerMove=${move}>
    <svg width=${width} height=${height}>${ORDER.filter((status) => paths.has(status)).map((status) => html`<path key=${status} class=${`mini-${status}`} d=${paths.get(status)} />`)}</svg>
    <div class="minimap-view" ref=${view}></div>
  </div></div>`;
}
