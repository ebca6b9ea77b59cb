// What is wrong with a definition, as far as that can be told without the server, which has the last word; and what is
// allowed but hardly meant.

import { labelOf, problemsOf } from '../forms/schema.js';
import { text } from '../text.js';
import { edgeKey, handlesOf, idsRead, nameOf } from './model.js';

const said = text.editor.problem;

/** The nodes that can never begin because each waits for another: what is left when all ends are taken off. */
function onCycles({ nodes, edges }) {
  let left = new Set(nodes.map(({ id }) => id));
  for (;;) {
    const inner = edges.filter(({ source, target }) => left.has(source) && left.has(target));
    const [from, to] = [new Set(inner.map(({ source }) => source)), new Set(inner.map(({ target }) => target))];
    const next = new Set([...left].filter((id) => from.has(id) && to.has(id)));
    if (next.size === left.size) return left;
    left = next;
  }
}

/** Map id -> Set of the ids of all nodes before it. */
function ancestors({ nodes, edges }) {
  const sources = new Map(nodes.map(({ id }) => [id, []]));
  for (const { source, target } of edges) sources.get(target)?.push(source);
  return (id) => {
    const seen = new Set(sources.get(id));
    for (const one of seen) for (const source of sources.get(one) ?? []) seen.add(source);
    return seen;
  };
}

const known = new WeakMap(); // node -> what is wrong with it: most stay the same from one change to the next
function nodeErrors(node, type) {
  if (!known.has(node)) known.set(node, settingErrors(node, type));
  return known.get(node);
}
function settingErrors(node, type) {
  if (!type) return [{ code: 'kind', message: said.kind(node.data?.kind ?? '') }];
  return problemsOf(type.schema, node.data).map(({ path, message }) => ({ code: 'setting', setting: path, message: path ? said.setting(labelOf(path), message) : message }));
}

function edgeErrors(edge, byId, types) {
  const source = byId.get(edge.source);
  if (edge.condition === '') return [{ code: 'condition', message: said.condition }];
  if (!source || !byId.has(edge.target)) return [{ code: 'dangling', message: said.dangling }];
  const handles = handlesOf(types.get(source.data?.kind), source);
  return handles.length && !handles.includes(edge.sourceHandle) ? [{ code: 'handle', message: said.handle(handles.join(', ')) }] : [];
}

/** [{nodeId?, edge?, code, message, setting?}]; types: Map kind -> item of GET /api/node-types. */
export function errorsOf(definition, types) {
  const { nodes, edges } = definition;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const cycle = onCycles(definition);
  return [
    ...nodes.flatMap((node) => nodeErrors(node, types.get(node.data?.kind)).map((problem) => ({ nodeId: node.id, ...problem }))),
    ...edges.flatMap((edge) => edgeErrors(edge, byId, types).map((problem) => ({ edge: edgeKey(edge), ...problem }))),
    ...[...cycle].map((id) => ({ nodeId: id, code: 'cycle', message: said.cycle })),
  ];
}

/** The same for what would run, though perhaps not as meant. */
export function warningsOf(definition) {
  const { nodes, edges } = definition;
  if (!nodes.length) return [];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const targets = new Set(edges.map(({ target }) => target));
  const before = ancestors(definition);
  const triggers = nodes.some(({ type }) => type === 'trigger');
  const found = triggers ? [] : [{ code: 'start', message: said.start }];
  for (const node of nodes) {
    const { id } = node;
    if (triggers && node.type !== 'trigger' && !targets.has(id)) found.push({ nodeId: id, code: 'unreachable', message: said.unreachable });
    const read = idsRead(node.data);
    if (!read.size) continue;
    const earlier = before(id);
    for (const other of read)
      if (!byId.has(other)) found.push({ nodeId: id, code: 'reference', message: said.unknown(other) });
      else if (!earlier.has(other) && other !== id) found.push({ nodeId: id, code: 'reference', message: said.later(nameOf(byId.get(other))) });
  }
  return found;
}
