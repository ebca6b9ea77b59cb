// The editor's model: what each command makes of a definition, and that nothing else changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOf, warningsOf } from '../../htdocs/app/editor/check.js';
import { aligned } from '../../htdocs/app/editor/geometry.js';
import { begin, commit, isDirty, markSaved, redo, undo, withId } from '../../htdocs/app/editor/history.js';
import {
  addNode, clipOf, connect, definitionOf, edgeKey, freeHandle, freePlace, handlesOf, idRefusal, idsRead, insertOnEdge, move, nodeOf, paste, readClip, refusal, remove,
  renameNode, setData, setEdge, setHead, setWhen, whenOf,
} from '../../htdocs/app/editor/model.js';

const SHELL = { kind: 'shell', type: 'tool', label: 'Shell command', handles: [], schema: { required: ['kind', 'command'] } };
const MANUAL = { kind: 'manual', type: 'trigger', label: 'Start', handles: [], schema: { required: ['kind'] } };
const CONDITION = { kind: 'condition', type: 'control', label: 'Condition', handles: ['true', 'false'], schema: { required: ['kind', 'expression'] } };
const SWITCH = { kind: 'switch', type: 'control', label: 'Switch', handles: ['default'], handlesFrom: 'cases', schema: { required: ['kind'] } };
const types = new Map([SHELL, MANUAL, CONDITION, SWITCH].map((type) => [type.kind, type]));

const at = (x, y = 0) => ({ x, y });
const shell = (id, x, data = {}) => ({ id, type: 'tool', position: at(x), data: { kind: 'shell', command: ['true'], ...data }, note: `of ${id}` });
const frozen = (value) => {
  if (value && typeof value === 'object') Object.values(value).forEach(frozen);
  return Object.freeze(value);
};
/** start -> a -> b -> c, with members nobody knows; changing anything in place throws. */
const sample = () => frozen({
  id: 'w', name: 'W', colour: 'teal', concurrency: { limit: 2, more: true },
  nodes: [{ id: 'start', type: 'trigger', position: at(0), data: { kind: 'manual' } }, shell('a', 260), shell('b', 520, { env: { A: '{{ .nodes.a.output.stdout }}' } }), shell('c', 780)],
  edges: [{ id: 'e1', source: 'start', target: 'a', weight: 7 }, { source: 'a', target: 'b' }, { id: 'e3', source: 'b', target: 'c', condition: '.nodes.a.output.x > 1' }],
});
const pairs = ({ edges }) => edges.map(({ source, target }) => `${source}-${target}`);

test('what saving adds is no part of the definition; all else is', () => {
  const { nodes, edges } = sample();
  const record = { ...sample(), version: 3, createdAt: 'x', updatedAt: 'y', org: 'o', paused: false };
  assert.deepEqual(definitionOf(record), sample());
  assert.deepEqual(definitionOf({ id: 'x', nodes, version: 1 }), { id: 'x', nodes, edges: [] });
  assert.equal(edges.length, 3);
});

test('commands keep members they do not know', () => {
  let definition = move(sample(), new Map([['a', at(300, 40)]]));
  definition = setData(definition, 'b', { ...nodeOf(definition, 'b').data, timeoutMs: 5 });
  definition = setEdge(definition, 'e1', { condition: 'true' });
  definition = setHead(renameNode(definition, 'c', 'last'), { name: 'X' });
  definition = addNode(definition, SHELL, at(0, 200)).definition;
  const { colour, concurrency, nodes, edges } = definition;
  assert.deepEqual([colour, concurrency, edges[0].weight, ...nodes.slice(1, 4).map(({ note }) => note)], ['teal', { limit: 2, more: true }, 7, 'of a', 'of b', 'of c']);
  assert.deepEqual(nodes[1].position, at(300, 40));
});

test('new nodes have ids, names and places of their own', () => {
  const once = addNode(sample(), SHELL, at(0));
  const twice = addNode(once.definition, SHELL, at(0));
  assert.deepEqual([once.id, twice.id], ['shell', 'shell_2']);
  assert.equal(nodeOf(twice.definition, 'shell_2').data.label, 'Shell command 2');
  assert.deepEqual(freePlace(sample(), at(260)), at(260, 80));
  assert.deepEqual(freePlace(sample(), at(260, 300)), at(260, 300));
});

test('edges: refused when there can be none, with a reason', () => {
  const why = (source, target, sourceHandle) => refusal(sample(), { source, target, sourceHandle });
  assert.deepEqual([why('a', 'a'), why('c', 'start'), why('a', 'b'), why('c', 'a'), why('a', 'c')], ['self', 'trigger', 'twice', 'cycle', null]);
  assert.equal(connect(sample(), { source: 'c', target: 'a' }).edges.length, 3);
  const edge = connect(sample(), { source: 'a', target: 'c' }).edges[3];
  assert.deepEqual(edge, { id: 'e4', source: 'a', target: 'c' });
});

test('handles: cases first, and the next that is free', () => {
  const node = { id: 's', type: 'control', position: at(0), data: { kind: 'switch', cases: [{ handle: 'x' }, { handle: 'y' }, {}] } };
  assert.deepEqual(handlesOf(SWITCH, node), ['x', 'y', 'default']);
  const definition = { nodes: [node, shell('a', 260)], edges: [{ source: 's', sourceHandle: 'x', target: 'a' }] };
  assert.equal(freeHandle(definition, SWITCH, node), 'y');
  assert.equal(freeHandle(definition, SHELL, definition.nodes[1]), undefined);
});

test('a node put on an edge makes itself room; the edge keeps its condition', () => {
  const { definition, id } = insertOnEdge(sample(), 'e3', CONDITION);
  assert.equal(id, 'condition');
  const [, , before, after] = definition.edges;
  assert.deepEqual(before, { id: 'e3', source: 'b', target: 'condition', condition: '.nodes.a.output.x > 1' });
  assert.deepEqual(after, { id: 'e4', source: 'condition', target: 'c', sourceHandle: 'true' });
  assert.deepEqual([nodeOf(definition, 'condition').position, nodeOf(definition, 'c').position], [at(780), at(1040)]);
});

test('what stood around a deleted node stays connected, when it is clear how', () => {
  assert.deepEqual(pairs(remove(sample(), { nodes: new Set(['b']) })), ['start-a', 'a-c']);
  assert.equal(remove(sample(), { nodes: new Set(['b']) }).edges[1].condition, undefined);
  assert.deepEqual(pairs(remove(sample(), { nodes: new Set(['a', 'b']) })), ['start-c']);
  const forked = connect(sample(), { source: 'a', target: 'c' });
  assert.deepEqual(pairs(remove(forked, { nodes: new Set(['a']) })), ['b-c']);
  assert.deepEqual(pairs(remove(forked, { nodes: new Set(['b']) })), ['start-a', 'a-c']);
  assert.deepEqual(pairs(remove(sample(), { edges: new Set(['e3', edgeKey(sample().edges[1])]) })), ['start-a']);
});

test('another id: expressions, templates and edges follow, look-alikes do not', () => {
  const said = (id, text) => nodeOf(renameNode(setData(sample(), 'c', { kind: 'shell', deep: [{ x: text }] }), 'a', id), 'c').data.deep[0].x;
  assert.equal(said('z', '{{ .nodes.a.output + .nodes["a"].x + .nodes."a" + .nodes.ab + .input.nodes.a + .nodes.a }}'), '{{ .nodes.z.output + .nodes.z.x + .nodes.z + .nodes.ab + .input.nodes.a + .nodes.z }}');
  assert.equal(said('a-1', '.nodes.a.output'), '.nodes["a-1"].output');
  const definition = renameNode(sample(), 'a', 'first');
  assert.deepEqual(pairs(definition), ['start-first', 'first-b', 'b-c']);
  assert.equal(definition.edges[2].condition, '.nodes.first.output.x > 1');
  assert.deepEqual([idRefusal(sample(), 'a', 'b'), idRefusal(sample(), 'a', 'a b'), idRefusal(sample(), 'a', ''), idRefusal(sample(), 'a', 'a')], ['taken', 'form', 'form', null]);
  assert.deepEqual([...idsRead(['x {{ .nodes.a.output }}', { y: '.nodes["b-c"]' }, '.input.nodes.no', '.nodes."d"'])], ['a', 'b-c', 'd']);
});

test('an edge for errors: its source may fail, the edges beside it are for success', () => {
  const definition = setWhen(connect(sample(), { source: 'a', target: 'c' }), 'e4', 'error');
  assert.deepEqual(definition.edges.filter(({ source }) => source === 'a').map(whenOf), ['success', 'error']);
  assert.equal(nodeOf(definition, 'a').data.continueOnError, true);
  assert.equal(whenOf(sample().edges[2]), 'condition');
  const always = setWhen(definition, 'e4', 'always');
  assert(!('condition' in always.edges[3]));
  assert.equal(setWhen(definition, 'e4', 'condition', '.input.x').edges[3].condition, '.input.x');
});

test('copy and paste: under new ids, edges and references among them follow', () => {
  const clip = clipOf(sample(), new Set(['a', 'b']));
  assert.equal(clip.edges.length, 1);
  const { definition, ids } = paste(sample(), readClip(JSON.stringify(clip)), at(100, 400));
  assert.deepEqual([...ids], ['a_2', 'b_2']);
  assert.deepEqual(pairs(definition).slice(3), ['a_2-b_2']);
  assert.equal(nodeOf(definition, 'b_2').data.env.A, '{{ .nodes.a_2.output.stdout }}');
  assert.deepEqual([nodeOf(definition, 'a_2').position, nodeOf(definition, 'b_2').position], [at(100, 400), at(360, 400)]);
  assert.equal(new Set(definition.edges.map(edgeKey)).size, 4);
  for (const text of ['', 'x', '{}', '{"nodes":[]}', '{"nodes":[{"id":1}]}', 'null']) assert.equal(readClip(text), null);
  assert.equal(readClip(JSON.stringify(sample())).nodes.length, 4);
});

test('aligned and evenly apart', () => {
  const nodes = [shell('a', 0), { ...shell('b', 100), position: at(100, 300) }, { ...shell('c', 640), position: at(640, 20) }];
  assert.deepEqual([...aligned(nodes, 'top').values()], [at(0), at(100), at(640)]);
  assert.deepEqual([...aligned(nodes, 'right').values()].map(({ x }) => x), [640, 640, 640]);
  assert.deepEqual([...aligned(nodes, 'across')].map(([id, { x }]) => [id, x]), [['a', 0], ['b', 320], ['c', 640]]);
});

test('undo and redo; typing is one step; what is saved is known', () => {
  let history = begin(sample(), 4);
  assert(!isDirty(history));
  const named = (name) => setHead(history.definition, { name });
  history = commit(history, named('A'), 'name', 1000);
  history = commit(history, named('Ab'), 'name', 1500);
  history = commit(history, named('Abc'), 'name', 9000);
  assert.deepEqual([history.past.length, isDirty(history)], [2, true]);
  history = undo(history);
  assert.equal(history.definition.name, 'Ab');
  history = undo(undo(undo(history)));
  assert.deepEqual([history.definition.name, isDirty(history)], ['W', false]);
  history = redo(redo(redo(history)));
  assert.equal(history.definition.name, 'Abc');
  history = commit(undo(history), named('Other'));
  assert.equal(redo(history), history);
  history = markSaved(history, history.definition, 5);
  assert.deepEqual([history.version, isDirty(history), isDirty(undo(history))], [5, false, true]);
  assert.equal(commit(history, history.definition), history);
  history = withId(history, 'x');
  assert.deepEqual([history.definition.id, undo(history).definition.id, isDirty(history)], ['x', 'x', false]);
});

test('problems: cycle, kind, settings, handles, ends', () => {
  const codes = (definition) => errorsOf(definition, types).map(({ nodeId, edge, code }) => `${nodeId ?? edge}:${code}`);
  assert.deepEqual(codes(sample()), []);
  assert.deepEqual(codes({ nodes: [], edges: [] }), []);
  const cycle = { ...sample(), edges: [...sample().edges, { id: 'back', source: 'c', target: 'a' }, { id: 'lost', source: 'c', target: 'nobody' }] };
  assert.deepEqual(codes(cycle), ['lost:dangling', 'a:cycle', 'b:cycle', 'c:cycle']);
  const bad = addNode(addNode(sample(), SHELL, at(0)).definition, { ...SHELL, kind: 'nothing' }, at(0)).definition;
  assert.deepEqual(codes(bad), ['shell:setting', 'nothing:kind']);
  const added = addNode(sample(), CONDITION, at(0));
  const asked = setData(added.definition, 'condition', { kind: 'condition', expression: 'true' });
  assert.deepEqual(codes(connect(asked, { source: 'condition', target: 'c' })), ['e4:handle']);
  assert.deepEqual(codes(connect(asked, { source: 'condition', target: 'c', sourceHandle: 'true' })), []);
});

test('hints: no trigger, nothing leads there, reads what is not there or not before', () => {
  const codes = (definition) => warningsOf(definition).map(({ nodeId, code }) => `${nodeId}:${code}`);
  assert.deepEqual(codes(sample()), []);
  assert.deepEqual(codes(remove(sample(), { nodes: new Set(['start']) })), ['undefined:start']);
  assert.deepEqual(codes(remove(sample(), { edges: new Set(['e3']) })), ['c:unreachable']);
  assert.deepEqual(codes(setData(sample(), 'a', { kind: 'shell', command: ['{{ .nodes.b.output }} {{ .nodes.x }}'] })), ['a:reference', 'a:reference']);
});
