// Lines of a long log that are no longer kept in the page: read again from the server, a part at a time.

import { listEvents } from './api.js';
import { PART_LINES } from './fold.js';

/** The part that the event belongs to, or the one before the lines kept here; -1: it is among those. */
export function partOf(fold, id) {
  if (!fold.folded || Number(id) >= Number(fold.lines[0].id)) return -1;
  return fold.parts.findLastIndex((part) => Number(part.id) < Number(id));
}

async function* pages(runId, from, signal) {
  for (let cursor = from; cursor !== null; ) {
    const { items, next } = await listEvents(runId, { cursor, limit: 5000 }, signal);
    yield items;
    cursor = next;
  }
}

/** {n, lines}: the lines after the n-th. */
export async function readPart(fold, index, signal) {
  const { n, id } = fold.parts[index];
  const lines = [];
  for await (const events of pages(fold.run.id, id, signal)) {
    lines.push(...fold.linesOf(events.filter(({ op }) => !op), n + lines.length));
    if (lines.length >= PART_LINES) break;
  }
  return { index, lines: lines.slice(0, PART_LINES) };
}

/** All lines, from the first that the server has. */
export async function readAll(fold, signal) {
  const lines = [];
  for await (const events of pages(fold.run.id, '0', signal)) lines.push(...fold.linesOf(events.filter(({ op }) => !op), lines.length));
  return lines;
}
