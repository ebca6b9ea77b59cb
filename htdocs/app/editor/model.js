// The definition being edited: functions from one definition to the next, none of which changes what it is given. Members
// that nobody here knows are kept as they are.

import { NODE } from './geometry.js';

const RECORD = ['version', 'createdAt', 'updatedAt', 'org', 'paused']; // what saving adds to a definition
const AFTER = { x: 260, y: 80 }; // from a node to the next, and to its neighbour
const CLIP = 'runspool/nodes';

export function definitionOf(record) {
  const definition = Object.fromEntries(Object.entries(record).filter(([name]) => !RECORD.includes(name)));
  return { ...definition, nodes: record.nodes ?? [], edges: record.edges ?? [] };
}

/** What tells an edge from the others, also one without an id. */
export const edgeKey = (edge) => edge.id ?? `${edge.source} ${edge.sourceHandle ?? ''} ${edge.target}`;
export const nodeOf = (definition, id) => definition.nodes.find((node) => node.id === id);
export const edgeOf = (definition, key) => definition.edges.find((edge) => edgeKey(edge) === key);
export const nameOf = (node) => node.data?.label || node.id;

function fresh(taken, base, between = '_') {
  if (!taken.has(base)) return base;
  for (let n = 2; ; n++) if (!taken.has(`${base}${between}${n}`)) return `${base}${between}${n}`;
}
const ids = (definition) => new Set(definition.nodes.map(({ id }) => id));
function edgeId(edges) {
  const taken = new Set(edges.map(edgeKey));
  for (let n = edges.length + 1; ; n++) if (!taken.has(`e${n}`)) return `e${n}`;
}
const newEdge = (edges, { source, target, sourceHandle }) => ({ id: edgeId(edges), source, target, ...(sourceHandle ? { sourceHandle } : {}) });

/** The handles of a node's outgoing edges, in their order; none: its edges need none. type: of GET /api/node-types. */
export function handlesOf(type, node) {
  const own = type?.handlesFrom && Array.isArray(node.data?.[type.handlesFrom]) ? node.data[type.handlesFrom] : [];
  return [...own.map((item) => item?.handle).filter(Boolean), ...(type?.handles ?? [])];
}

/** The handle a further edge of the node begins at: the first that has none. */
export function freeHandle(definition, type, node) {
  const handles = handlesOf(type, node);
  return handles.find((handle) => !definition.edges.some((edge) => edge.source === node.id && edge.sourceHandle === handle)) ?? handles[0];
}

/** Where a node can stand near a place: there, or below what is there. */
export function freePlace(definition, { x, y }) {
  const hides = ({ position }) => position && Math.abs(position.x - x) < NODE.width && Math.abs(position.y - y) < NODE.height + 4;
  while (definition.nodes.some(hides)) y += AFTER.y;
  return { x, y };
}
export const placeAfter = (definition, { position }) => freePlace(definition, { x: position.x + AFTER.x, y: position.y });

/** {definition, id}: with a new node of a type of GET /api/node-types. */
export function addNode(definition, type, position) {
  const id = fresh(ids(definition), type.kind);
  const label = fresh(new Set(definition.nodes.map(nameOf)), type.label, ' ');
  const node = { id, type: type.type, position, data: { kind: type.kind, label } };
  return { definition: { ...definition, nodes: [...definition.nodes, node] }, id };
}

function reaches(definition, from, to) {
  const seen = new Set([from]);
  for (const id of seen) {
    if (id === to) return true;
    for (const edge of definition.edges) if (edge.source === id) seen.add(edge.target);
  }
  return false;
}

/** Why two nodes cannot be connected: self, trigger, twice, cycle; null: they can. */
export function refusal(definition, { source, target, sourceHandle }) {
  if (source === target) return 'self';
  if (nodeOf(definition, target)?.type === 'trigger') return 'trigger';
  if (definition.edges.some((edge) => edge.source === source && edge.target === target && (edge.sourceHandle ?? '') === (sourceHandle ?? ''))) return 'twice';
  return reaches(definition, target, source) ? 'cycle' : null;
}

/** An edge more, or the same definition when there can be none. */
export function connect(definition, link) {
  return refusal(definition, link) ? definition : { ...definition, edges: [...definition.edges, newEdge(definition.edges, link)] };
}

/** {definition, id}: with a new node between the ends of an edge. The edge keeps all it has, and ends at the node. */
export function insertOnEdge(definition, key, type) {
  const edge = edgeOf(definition, key);
  const [from, to] = [nodeOf(definition, edge.source), nodeOf(definition, edge.target)];
  // Room is made when there is none between them.
  const after = { x: from.position.x + AFTER.x, y: from.position.y };
  const gap = Math.max(0, after.x + AFTER.x - to.position.x);
  const behind = (id) => id === to.id || reaches(definition, to.id, id);
  const room = gap && to.position.x > from.position.x
    ? { ...definition, nodes: definition.nodes.map((node) => (behind(node.id) ? { ...node, position: { ...node.position, x: node.position.x + gap } } : node)) }
    : definition;
  const added = addNode(room, type, freePlace(room, after));
  const edges = added.definition.edges.map((one) => (one === edge ? { ...one, target: added.id } : one));
  const node = nodeOf(added.definition, added.id);
  edges.push(newEdge(edges, { source: added.id, target: edge.target, sourceHandle: handlesOf(type, node)[0] }));
  return { definition: { ...added.definition, edges }, id: added.id };
}

/** Without these nodes and edges. A node that stood between two others leaves them connected. */
export function remove(definition, { nodes = new Set(), edges = new Set() }) {
  let kept = definition.edges.filter((edge) => !edges.has(edgeKey(edge)));
  for (const id of nodes) {
    const [into, out] = [kept.filter((edge) => edge.target === id), kept.filter((edge) => edge.source === id)];
    const bridge = into.length === 1 && out.length === 1 && into[0].source !== out[0].target;
    const double = bridge && kept.some((edge) => edge.source === into[0].source && edge.target === out[0].target);
    kept = kept.flatMap((edge) => {
      if (bridge && !double && edge === into[0]) return [{ ...edge, target: out[0].target }];
      return edge.source === id || edge.target === id ? [] : [edge];
    });
  }
  return { ...definition, nodes: definition.nodes.filter(({ id }) => !nodes.has(id)), edges: kept };
}

const mapNode = (definition, id, change) => ({ ...definition, nodes: definition.nodes.map((node) => (node.id === id ? change(node) : node)) });

/** places: Map node id -> {x, y}. */
export function move(definition, places) {
  const moved = ({ id, position }) => places.has(id) && (position?.x !== places.get(id).x || position?.y !== places.get(id).y);
  if (!definition.nodes.some(moved)) return definition;
  return { ...definition, nodes: definition.nodes.map((node) => (moved(node) ? { ...node, position: { ...node.position, ...places.get(node.id) } } : node)) };
}

export const setData = (definition, id, data) => mapNode(definition, id, (node) => ({ ...node, data }));

/** Members of the definition itself; undefined takes one away. */
export function setHead(definition, patch) {
  return Object.fromEntries(Object.entries({ ...definition, ...patch }).filter(([, value]) => value !== undefined));
}

export function setEdge(definition, key, patch) {
  const edges = definition.edges.map((edge) => (edgeKey(edge) === key ? setHead(edge, patch) : edge));
  return { ...definition, edges };
}

/* ---- what one node says of another ---- */

const isName = (id) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(id);
const escaped = (id) => id.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** The record of a node in jq. */
export const pathTo = (id) => (isName(id) ? `.nodes.${id}` : `.nodes[${JSON.stringify(id)}]`);
const referenceTo = (id) =>
  new RegExp(`(?<![\\w\\])"])\\.nodes(?:${isName(id) ? `\\.${id}(?![A-Za-z0-9_])|` : ''}\\.?\\[\\s*"${escaped(id)}"\\s*\\]|\\."${escaped(id)}")`, 'g');

function mapTexts(value, change) {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change)]));
  return value;
}

/** names: Map of old to new ids; in jq and templates, too. */
function renamed({ nodes, edges }, names) {
  const pairs = [...names].filter(([from, to]) => from !== to).map(([from, to]) => [referenceTo(from), pathTo(to)]);
  // In two steps, so that a and b can change their names with each other.
  const rewrite = (said) => {
    const marked = pairs.reduce((text, [from], i) => text.replace(from, `\u0000${i}\u0000`), said);
    return pairs.reduce((text, [, to], i) => text.replaceAll(`\u0000${i}\u0000`, () => to), marked);
  };
  const name = (id) => names.get(id) ?? id;
  return {
    nodes: nodes.map((node) => ({ ...node, id: name(node.id), ...(node.data && { data: mapTexts(node.data, rewrite) }) })),
    edges: edges.map((edge) => ({ ...edge, source: name(edge.source), target: name(edge.target), ...(edge.condition && { condition: rewrite(edge.condition) }) })),
  };
}

/** Why a node cannot have this id: form, taken; null: it can. */
export function idRefusal(definition, id, next) {
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(next)) return 'form';
  return next !== id && ids(definition).has(next) ? 'taken' : null;
}
export const renameNode = (definition, id, next) => ({ ...definition, ...renamed(definition, new Map([[id, next]])) });

/** The ids that a text reads by `.nodes`. */
export function idsRead(value) {
  const found = new Set();
  mapTexts(value, (said) => {
    for (const [, word, quoted, plain] of said.matchAll(/(?<![\w\])"])\.nodes(?:\.([A-Za-z_][A-Za-z0-9_]*)|\.?\[\s*"([^"\\]+)"\s*\]|\."([^"\\]+)")/g)) found.add(word ?? quoted ?? plain);
    return said;
  });
  return found;
}

/* ---- when an edge is taken ---- */

const conditionOn = (id, status) => `${pathTo(id)}.status == "${status}"`;

/** always, success, error or condition: what its condition says. */
export function whenOf({ source, condition }) {
  if (condition === undefined || condition === null) return 'always';
  return ['success', 'error'].find((status) => condition === conditionOn(source, status)) ?? 'condition';
}

/** An edge for errors lets its source fail without failing the run; the edges beside it are then for success. */
export function setWhen(definition, key, when, condition = 'true') {
  const { source } = edgeOf(definition, key);
  const given = { always: undefined, condition };
  const changed = setEdge(definition, key, { condition: when in given ? given[when] : conditionOn(source, when) });
  if (when !== 'error') return changed;
  const edges = changed.edges.map((edge) => (edge.source === source && !edge.condition ? { ...edge, condition: conditionOn(source, 'success') } : edge));
  return mapNode({ ...changed, edges }, source, (node) => ({ ...node, data: { ...node.data, continueOnError: true } }));
}

/* ---- the clipboard ---- */

export function clipOf(definition, chosen) {
  const nodes = definition.nodes.filter(({ id }) => chosen.has(id));
  return { format: CLIP, nodes, edges: definition.edges.filter(({ source, target }) => chosen.has(source) && chosen.has(target)) };
}

/** A clip, or a whole definition; null: the text is neither. */
export function readClip(text) {
  try {
    const value = JSON.parse(text);
    const good = Array.isArray(value?.nodes) && value.nodes.length && value.nodes.every((node) => typeof node?.id === 'string' && node.data && typeof node.data === 'object');
    return good ? { nodes: value.nodes, edges: Array.isArray(value.edges) ? value.edges : [] } : null;
  } catch {
    return null;
  }
}

/** {definition, ids}: with the clip's nodes under new ids, their upper left corner at `at`. */
export function paste(definition, clip, at) {
  const taken = ids(definition);
  const names = new Map();
  for (const { id } of clip.nodes) {
    names.set(id, fresh(taken, id));
    taken.add(names.get(id));
  }
  const places = clip.nodes.map(({ position }) => position ?? { x: 0, y: 0 });
  const [left, top] = [Math.min(...places.map(({ x }) => x)), Math.min(...places.map(({ y }) => y))];
  const { nodes, edges } = renamed(clip, names);
  const all = [...definition.edges];
  for (const edge of edges) if ([edge.source, edge.target].every((id) => taken.has(id))) all.push({ ...edge, id: edgeId(all) });
  return {
    definition: {
      ...definition,
      nodes: [...definition.nodes, ...nodes.map((node, i) => ({ ...node, position: { ...node.position, x: at.x + places[i].x - left, y: at.y + places[i].y - top } }))],
      edges: all,
    },
    ids: new Set(names.values()),
  };
}
