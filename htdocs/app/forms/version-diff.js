// What differs between two versions of a workflow: which nodes came, went and changed, and the settings as lines of text. Pure.

import { jsonDiff } from '../json-diff.js';

const RECORD = new Set(['id', 'version', 'createdAt', 'updatedAt', 'org', 'paused', 'nodes', 'edges']);
const isObject = (value) => typeof value === 'object' && value !== null;
const equal = (a, b) => jsonDiff(a, b, 1).length === 0;

/** A value as lines: a member a line, texts of several lines as they are. */
export function linesOf(value, head = '', indent = 0, lines = []) {
  const pad = '  '.repeat(indent);
  if (typeof value === 'string' && value.includes('\n')) {
    lines.push(`${pad}${head}|`);
    for (const line of value.split('\n')) lines.push(`${pad}  ${line}`);
  } else if (isObject(value) && Object.keys(value).length) {
    if (head) lines.push(`${pad}${head.trimEnd()}`);
    for (const [name, member] of Object.entries(value)) linesOf(member, Array.isArray(value) ? '- ' : `${name}: `, indent + (head ? 1 : 0), lines);
  } else lines.push(`${pad}${head}${JSON.stringify(value)}`);
  return lines;
}

const headOf = (definition) => Object.fromEntries(Object.entries(definition).filter(([name]) => !RECORD.has(name)));
const edgeKey = ({ source, sourceHandle, target }) => `${source}${sourceHandle ? ` (${sourceHandle})` : ''} → ${target}`;
const edgeLines = (edges) => edges.map((edge) => `${edgeKey(edge)}${edge.condition ? ` if ${edge.condition}` : ''}`).sort();
const contentOf = ({ id, position, ...content }) => content;
const byId = (nodes) => new Map(nodes.map((node) => [node.id, node]));
export const nameOf = (node) => node.data?.label || node.id;

/** {marks: Map id -> added, removed, changed or same; graph: both in one; moved: how many stand elsewhere; parts: [{id, mark, name, before,
 *  after}] with the lines of what differs: the head (id null), nodes by id, edges (id undefined)}. */
export function versionDiff(a, b) {
  const [nodesA, nodesB] = [byId(a.nodes ?? []), byId(b.nodes ?? [])];
  const [edgesA, edgesB] = [a.edges ?? [], b.edges ?? []];
  const nodes = [...nodesB.values(), ...[...nodesA.values()].filter(({ id }) => !nodesB.has(id))];
  const marks = new Map();
  const parts = [];
  let moved = 0;
  const part = (id, mark, name, before, after) => parts.push({ id, mark, name, before, after });
  if (!equal(headOf(a), headOf(b))) part(null, 'changed', '', linesOf(headOf(a)), linesOf(headOf(b)));
  for (const node of nodes) {
    const [before, after] = [nodesA.get(node.id), nodesB.get(node.id)];
    const mark = !before ? 'added' : !after ? 'removed' : equal(contentOf(before), contentOf(after)) ? 'same' : 'changed';
    marks.set(node.id, mark);
    if (before && after && !equal(before.position, after.position)) moved++;
    if (mark !== 'same') part(node.id, mark, nameOf(node), before ? linesOf(contentOf(before)) : [], after ? linesOf(contentOf(after)) : []);
  }
  if (!equal(edgeLines(edgesA), edgeLines(edgesB))) part(undefined, 'changed', '', edgeLines(edgesA), edgeLines(edgesB));
  const known = new Set(edgesB.map(edgeKey));
  const edges = [...edgesB, ...edgesA.filter((edge) => !known.has(edgeKey(edge)))];
  // Without their saved places: what came may stand where something else was.
  return { marks, graph: { nodes: nodes.map(({ position, ...node }) => node), edges }, moved, parts };
}
