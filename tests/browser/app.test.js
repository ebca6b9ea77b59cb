// The dashboard's parts that need no browser: the fold of a run, terminal colours, numbers, the themes' contrast.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAnsi, plain } from '../../htdocs/app/ansi.js';
import { edgeState, RunFold } from '../../htdocs/app/fold.js';
import { bytes, duration } from '../../htdocs/app/format.js';

const graph = { nodes: [{ id: 'a', data: { kind: 'shell', label: 'First' } }, { id: 'b', data: { kind: 'shell' } }], edges: [] };
const record = (more = {}) => ({ id: 'r', status: 'queued', progress: 0, attempt: 1, graph, nodes: {}, ...more });
const event = (id, type, data = {}) => ({ id: String(id), type, time: '2026-11-21T10:00:00.000Z', data });
const HISTORY = [
  event(1, 'run.started'),
  event(2, 'node.started', { nodeId: 'a', attempt: 1 }),
  event(3, 'log', { nodeId: 'a', level: 'info', message: 'one' }),
  event(4, 'node.retried', { nodeId: 'a', attempt: 2, message: 'exit 1' }),
  event(5, 'node.finished', { nodeId: 'a', attempt: 2, durationMs: 1200, output: { exitCode: 0 } }),
  event(6, 'run.progress', { progress: 50 }),
  event(7, 'node.started', { nodeId: 'b', attempt: 1 }),
  event(8, 'node.failed', { nodeId: 'b', attempt: 1, error: { code: 'exit', message: 'exit 2' } }),
  event(9, 'run.failed', { error: { code: 'exit', message: 'exit 2', nodeId: 'b' }, durationMs: 5000 }),
];
const fold = (start, events) => {
  const run = new RunFold(start);
  for (const one of events) run.apply(one);
  return run;
};

test('events alone give the states and the log', () => {
  const run = fold(record(), HISTORY);
  assert.equal(run.run.status, 'error');
  assert.equal(run.run.progress, 50);
  assert.equal(run.run.error.nodeId, 'b');
  assert.deepEqual([...run.nodes].map(([id, { status, attempt }]) => [id, status, attempt]), [['a', 'success', 2], ['b', 'error', 1]]);
  assert.deepEqual(run.lines.map(({ n, id, level }) => [n, id, level]), [[1, '3', 'info'], [2, '4', 'warning'], [3, '5', 'success'], [4, '8', 'error']]);
  assert.deepEqual(run.byNode.get('a').map(({ id }) => id), ['3', '4', '5']);
});

test('replaying history never turns a state back', () => {
  const done = record({ status: 'error', progress: 50, nodes: { a: { status: 'success', attempt: 2 }, b: { status: 'error', attempt: 1 } } });
  const run = new RunFold(done);
  for (const one of HISTORY) {
    run.apply(one);
    assert.equal(run.run.status, 'error');
    assert.equal(run.nodes.get('a').status, 'success');
  }
});

test('a retry starts over, and events of the attempt before do not count', () => {
  const again = [event(10, 'run.retried', { attempt: 2 }), event(11, 'run.started', { attempt: 2 }), event(12, 'node.started', { nodeId: 'a', attempt: 1 })];
  const live = fold(record(), [...HISTORY, ...again]);
  assert.equal(live.run.status, 'running');
  assert.equal(live.nodes.get('a').status, 'running');
  assert.equal(live.nodes.get('b').status, 'pending');
  const late = fold(record({ status: 'running', attempt: 2, nodes: { a: { status: 'running', attempt: 1 }, b: { status: 'pending' } } }), [...HISTORY, ...again]);
  assert.deepEqual([...late.nodes].map(([, { status }]) => status), ['running', 'pending']);
});

test('a resume starts again what it names', () => {
  const resumed = event(10, 'run.resumed', { attempt: 2, status: 'queued', progress: 50, nodes: ['b'] });
  const run = fold(record({ progress: 100 }), [...HISTORY, resumed]);
  assert.equal(run.run.status, 'queued');
  assert.equal(run.run.progress, 50);
  assert.deepEqual([run.nodes.get('a').status, run.nodes.get('b').status], ['success', 'pending']);
  const tolerated = fold(record(), [...HISTORY, event(10, 'run.resumed', { attempt: 2, status: 'queued', nodes: [] })]);
  assert.equal(tolerated.nodes.get('b').status, 'error');
});

test('how far a node is: counts of a foreach, percent of a scrape; a fresh record does not take it away', () => {
  const run = fold(record(), [event(1, 'run.started'), event(2, 'node.started', { nodeId: 'a', attempt: 1, expectedMs: 900 }),
    event(3, 'node.progress', { nodeId: 'a', attempt: 1, done: 3, total: 9, failed: 1, running: 2 }), event(4, 'scrape.progress', { nodeId: 'b', progress: 40, items: 7, pages: 2 })]);
  assert.deepEqual(run.nodes.get('a').progress, { done: 3, total: 9, failed: 1, running: 2 });
  assert.equal(run.nodes.get('a').expectedMs, 900);
  assert.equal(run.nodes.get('b').progress.percent, 40);
  run.take(record({ status: 'running', nodes: { a: { status: 'running', attempt: 1 } } }));
  assert.equal(run.nodes.get('a').progress.done, 3);
  run.apply(event(5, 'node.retried', { nodeId: 'a', attempt: 2, message: 'exit 1' }));
  run.apply(event(6, 'node.progress', { nodeId: 'a', attempt: 1, done: 4, total: 9 }));
  assert.equal(run.nodes.get('a').progress.done, 3, 'an old attempt says nothing any more');
  assert.deepEqual(run.moments.map(({ status, attempt, message }) => [status, attempt, message]), [['running', 1, undefined], ['running', 2, 'exit 1']]);
});

test('edges: pending, taken, not taken', () => {
  const nodes = new Map(Object.entries({
    yes: { status: 'success', output: { result: true } }, no: { status: 'skipped' }, run: { status: 'running' }, wait: { status: 'pending' }, end: { status: 'success' },
  }));
  const state = (source, target, sourceHandle) => edgeState({ source, target, sourceHandle }, nodes);
  assert.equal(state('run', 'wait'), 'pending');
  assert.equal(state('yes', 'wait'), 'pending');
  assert.equal(state('yes', 'run'), 'taken');
  assert.equal(state('yes', 'no'), 'not-taken');
  assert.equal(state('no', 'end'), 'not-taken');
  assert.equal(state('yes', 'end', 'true'), 'taken');
  assert.equal(state('yes', 'end', 'false'), 'not-taken');
});

test('terminal colours become spans, other sequences vanish', () => {
  const { spans } = parseAnsi('\x1b[1;31mred\x1b[0m \x1b[38;5;208mdeep\x1b[39m \x1b[48;2;1;2;3mback\x1b]8;;http://x\x07link\x1b[K');
  assert.deepEqual(spans.map(({ text, style: { bold, fg, bg } }) => [text, bold, fg, bg]), [
    ['red', true, 1, undefined],
    [' ', undefined, undefined, undefined],
    ['deep', undefined, [255, 135, 0], undefined],
    [' ', undefined, undefined, undefined],
    ['back', undefined, undefined, [1, 2, 3]],
    ['link', undefined, undefined, [1, 2, 3]],
  ]);
  assert.deepEqual(parseAnsi('\x1b[38:2::10:20:30;4:3mcolons').spans[0].style, { fg: [10, 20, 30], underline: true });
  assert.equal(plain('\x1b[32mok\x1b[0m'), 'ok');
  assert.equal(parseAnsi('10 %\r50 %\r100 %\r').spans[0].text, '100 %');
  assert.equal(parseAnsi('x'.repeat(10000)).cut, 6000);
});

test('numbers carry units', () => {
  assert.deepEqual([0, 840, 1500, 42000, 252000, 7500000].map((ms) => duration(ms)), ['0 ms', '840 ms', '1.5 s', '42 s', '4 min 12 s', '2 h 5 min']);
  assert.deepEqual([12, 1500, 284112, 999950, 5e9].map(bytes), ['12 B', '1.5 kB', '284 kB', '1.0 MB', '5.0 GB']);
});

const css = readFileSync(new URL('../../htdocs/css/tokens.css', import.meta.url), 'utf8');
const tokens = (block) => Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})\b/g)].map(([, name, value]) => [name, value]));
const themes = Object.fromEntries([...css.matchAll(/:root(?:\[data-theme="(\w+)"\])?\s*\{([^}]*)\}/g)].filter(([, , block]) => block.includes('#')).map(([, name = 'light', block]) => [name, tokens(block)]));
const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = (hex) => [1, 3, 5].map((at) => channel(parseInt(hex.slice(at, at + 2), 16) / 255)).reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};

test('every text colour meets AA on the grounds it stands on, in each theme', () => {
  assert.deepEqual(Object.keys(themes).sort(), ['dark', 'dracula', 'light', 'system']);
  assert.deepEqual(themes.system, themes.dark);
  const terminal = Array.from({ length: 16 }, (_, i) => `a${i}`);
  const pairs = [
    ...['ground', 'ground-2', 'ground-3', 'chosen'].flatMap((ground) => ['text', 'text-2'].map((name) => [name, ground])),
    ...['success', 'error', 'running', 'waiting', 'rest', 'link'].flatMap((name) => [[name, 'ground'], [name, 'ground-2']]),
    ...['error', 'running', 'waiting'].flatMap((name) => [[name, `${name}-ground`], ['text', `${name}-ground`], ['text-2', `${name}-ground`]]),
    ...terminal.flatMap((name) => [[name, 'ground'], [name, 'ground-2']]),
    ['on-primary', 'primary'],
  ];
  const low = [];
  for (const [theme, colours] of Object.entries(themes))
    for (const [name, ground] of pairs) {
      const ratio = contrast(colours[name], colours[ground]);
      if (ratio < 4.5) low.push(`${theme}: ${name} on ${ground} is ${ratio.toFixed(2)}`);
    }
  assert.deepEqual(low, []);
});
