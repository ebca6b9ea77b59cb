// Places and sizes on the canvas, in its own pixels: nodes by their upper left corner, on a grid.

import { NODE } from '../node-size.js';

export { NODE };
export const GRID = 20;
export const GRID_FINE = 4;
const PORT_STEP = 20;
const BEND = 60; // how far an edge at least goes on before it turns

export const snap = (value, step = GRID) => Math.round(value / step) * step;

/** A node with many handles is higher. */
export const heightOf = (handles) => (handles.length > 2 ? (handles.length + 1) * PORT_STEP : NODE.height);
export const inPort = ({ x, y }, height) => ({ x, y: y + height / 2 });
/** Where the edges of a handle begin; at: its index among n, 0 of 0 without handles. */
export const outPort = ({ x, y }, height, at, n) => ({ x: x + NODE.width, y: y + (n ? ((at + 1) * height) / (n + 1) : height / 2) });

export function curve(from, to) {
  const bend = to.x > from.x ? Math.max(Math.min(BEND, to.x - from.x), (to.x - from.x) / 2) : BEND + (from.x - to.x) / 4;
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}
export const middle = (from, to) => ({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 });

/** Around the places of nodes: {x, y, width, height}. */
export function boundsOf(places) {
  const list = [...places];
  if (!list.length) return { x: 0, y: 0, width: NODE.width, height: NODE.height };
  const x = Math.min(...list.map((place) => place.x));
  const y = Math.min(...list.map((place) => place.y));
  return {
    x, y,
    width: Math.max(...list.map((place) => place.x)) + NODE.width - x,
    height: Math.max(...list.map((place) => place.y + (place.height ?? NODE.height))) - y,
  };
}

/** Nodes in a line or evenly apart: how is left, centre, right, top, middle, bottom, across, down. Gives Map id -> place. */
export function aligned(nodes, how) {
  const box = boundsOf(nodes.map(({ position }) => position));
  const at = {
    left: () => ({ x: box.x }),
    centre: () => ({ x: snap(box.x + (box.width - NODE.width) / 2) }),
    right: () => ({ x: box.x + box.width - NODE.width }),
    top: () => ({ y: box.y }),
    middle: () => ({ y: snap(box.y + (box.height - NODE.height) / 2) }),
    bottom: () => ({ y: box.y + box.height - NODE.height }),
  }[how];
  if (at) return new Map(nodes.map(({ id, position }) => [id, { x: position.x, y: position.y, ...at() }]));
  const along = how === 'across' ? 'x' : 'y';
  const sorted = [...nodes].sort((a, b) => a.position[along] - b.position[along]);
  const step = (sorted.at(-1).position[along] - sorted[0].position[along]) / Math.max(1, sorted.length - 1);
  return new Map(sorted.map(({ id, position }, i) => [id, { x: position.x, y: position.y, [along]: snap(sorted[0].position[along] + i * step, GRID_FINE) }]));
}
