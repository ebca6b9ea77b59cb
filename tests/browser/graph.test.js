// A run's graph, timeline and steps against a real instance: looking around, what each node says, what the edges say, and
// that nothing moves while states do.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { call as rest, onStage, settled, soon } from './stage.js';

let runspool, page, folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'runspool-graph-'))));
after(() => rm(folder, { recursive: true, force: true }));
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const node = (id, type, data, position) => ({ id, type, ...(position && { position }), data: { label: id, ...data } });
const links = (...pairs) => pairs.map(([source, target, sourceHandle], i) => ({ id: `e${i}`, source, target, ...(sourceHandle && { sourceHandle }) }));
const begin = async (workflow, definition) => (await call('POST', `api/workflows/${workflow}/run`, definition)).runId;
const open = (run, tail = '') => page.goto(`${runspool.url}#/runs/${run}${tail}`);
const state = (status) => page.locator(`.run-state[data-status="${status}"]`).waitFor();
const at = (id) => page.locator(`.node[data-node="${id}"]`);
const inView = async (id) => {
  const [{ x, y, width, height }, box] = await Promise.all([at(id).boundingBox(), page.locator('.graph-pane').boundingBox()]);
  return x >= box.x && y >= box.y && x + width <= box.x + box.width && y + height <= box.y + box.height;
};
const scale = async () => parseInt(await page.locator('.graph-scale').textContent(), 10);
const press = (name) => page.getByRole('button', { name }).click();
const start = node('start', 'trigger', { kind: 'manual' });
const shell = (id, script, more) => node(id, 'tool', { kind: 'shell', command: ['sh', '-c', script], ...more });
const sleeping = (id, item) => node(id, 'control', { kind: 'foreach', items: Array.from({ length: 12 }, (_, i) => i), concurrency: 2, maxFailures: 2, node: { kind: 'shell', command: ['sh', '-c', item, 'sh', '{{ .item }}'] } });

/** Rows of nodes behind one that waits for a person, so that a run of any size costs nothing. */
const field = (rows, columns) => {
  const ids = Array.from({ length: rows * columns }, (_, i) => `n${i}`);
  return {
    nodes: [start, node('gate', 'control', { kind: 'approval', message: 'Go?' }), ...ids.map((id) => node(id, 'control', { kind: 'transform', expression: '.' }))],
    edges: links(['start', 'gate'], ...ids.map((id, i) => [i % columns ? ids[i - 1] : 'gate', id, i % columns ? undefined : 'approved'])),
  };
};

test('a graph larger than its pane: zoom at the pointer, by keys, all of it, drag without choosing, and the map', async () => {
  const run = await begin('large', field(10, 6));
  await open(run);
  await page.locator('.minimap').waitFor();
  const spot = await settled(page, () => at('n1').boundingBox());
  const before = await scale();
  await page.mouse.move(spot.x + 10, spot.y + 10);
  await page.keyboard.down('Control');
  for (let i = 0; i < 3; i++) await page.mouse.wheel(0, -100);
  await page.keyboard.up('Control');
  await page.waitForFunction((was) => parseInt(document.querySelector('.graph-scale').textContent, 10) > was * 1.5, before);
  const grown = await settled(page, () => at('n1').boundingBox());
  const factor = grown.width / spot.width;
  assert(Math.abs(grown.x - (spot.x + 10 - 10 * factor)) < 3 && Math.abs(grown.y - (spot.y + 10 - 10 * factor)) < 3, 'what is under the pointer stays there');

  await page.mouse.down();
  await page.mouse.move(spot.x - 60, spot.y - 40, { steps: 4 });
  await page.mouse.up();
  await soon(() => at('n1').boundingBox(), ({ x, y }) => Math.abs(x - (grown.x - 70)) < 3 && Math.abs(y - (grown.y - 50)) < 3, 'dragging moves it');
  assert(!page.url().includes('node='), 'and chooses nothing');

  const map = await page.locator('.minimap-map').boundingBox();
  const view = () => page.locator('.minimap-view').boundingBox();
  const from = await view();
  await page.mouse.click(map.x + map.width - 4, map.y + map.height - 4);
  await soon(view, (to) => to.x > from.x && to.y > from.y, 'the map shows what is in view, and leads there');
  await soon(() => inView('n59'), true);

  await at('start').focus();
  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelector('.graph-scale').textContent === '100 %');
  await page.keyboard.press('-');
  await page.waitForFunction(() => document.querySelector('.graph-scale').textContent === '80 %');
  await page.keyboard.press('0');
  await page.locator('.minimap').waitFor({ state: 'detached' });
  for (const id of ['start', 'n0', 'n59']) await soon(() => inView(id), true, `${id} is in view`);
});

test('of a very large graph only what is near the view is drawn; the keyboard reaches the rest', async () => {
  const run = await begin('huge', field(40, 10));
  await open(run);
  await at('gate').and(page.locator('[data-status="waiting"]')).waitFor();
  await at('start').focus();
  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelectorAll('.node').length < 150);
  await page.keyboard.press('End');
  await page.waitForFunction(() => /^n/.test(document.activeElement.dataset.node ?? ''));
  const last = await page.evaluate(() => document.activeElement.dataset.node);
  await page.waitForFunction(() => {
    const [{ left, right }, box] = [document.activeElement.getBoundingClientRect(), document.querySelector('.graph-pane').getBoundingClientRect()];
    return left >= box.left && right <= box.right;
  });
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.href.includes(`node=${last}`));
});

test('two fingers zoom', async () => {
  const run = await begin('pinched', field(10, 6));
  const context = await page.context().browser().newContext({ viewport: { width: 1024, height: 768 }, hasTouch: true });
  const tablet = await context.newPage();
  await tablet.goto(`${runspool.url}#/runs/${run}`);
  await tablet.locator('.node').first().waitFor();
  const value = () => tablet.locator('.graph-scale').textContent();
  const before = await value();
  const { x, y } = await tablet.locator('.graph-pane').boundingBox();
  const cdp = await context.newCDPSession(tablet);
  const touch = (type, apart) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: apart ? [{ x: x + 200 - apart, y: y + 200, id: 0 }, { x: x + 200 + apart, y: y + 200, id: 1 }] : [] });
  await touch('touchStart', 30);
  for (const apart of [40, 50, 60]) await touch('touchMove', apart);
  await touch('touchEnd');
  await tablet.waitForFunction((was) => parseInt(document.querySelector('.graph-scale').textContent, 10) > parseInt(was, 10) * 1.6, before);
  await context.close();
});

test('live: how far a foreach is, what runs, what was not taken; no node moves', async () => {
  const go = join(folder, 'go');
  const run = await begin('live', {
    nodes: [start, sleeping('each', `test $1 -eq 0 || until test -e ${go}; do sleep 0.05; done; test $1 -ne 3`),
      node('good', 'control', { kind: 'condition', expression: 'true' }), shell('yes', 'sleep 0.1'), shell('no', 'true')],
    edges: links(['start', 'each'], ['each', 'good'], ['good', 'yes', 'true'], ['good', 'no', 'false']),
  });
  await open(run);
  await at('each').and(page.locator('[data-status="running"]')).waitFor();
  const places = () => page.locator('.node').evaluateAll((all) => all.map(({ offsetLeft, offsetTop }) => [offsetLeft, offsetTop]));
  const stood = await settled(page, places);
  const edge = (id) => page.locator(`.edge[data-edge="${id}"]`).getAttribute('data-state');
  await soon(() => edge('e0'), 'active');
  await soon(() => edge('e1'), 'pending');
  await at('each').getByText('1/12').waitFor();
  await at('each').locator('.node-progress').waitFor({ state: 'attached' });
  await writeFile(go, '');
  await state('success');
  await page.getByRole('button', { name: /^Success each 12\/12/ }).and(page.locator('[aria-description^="11 of 12, 1 failed"]')).waitFor();
  await at('no').and(page.locator('[data-status="skipped"]')).waitFor();
  await soon(() => Promise.all(['e0', 'e1', 'e2', 'e3'].map(edge)), ['taken', 'taken', 'taken', 'not-taken']);
  assert.deepEqual(await places(), stood);
});

test('places of the definition or automatic ones, remembered; the arrows walk along the edges', async () => {
  const places = { start: [0, 0], far: [600, 0], near: [300, 300] };
  const definition = { nodes: Object.entries(places).map(([id, [x, y]]) => (id === 'start' ? { ...start, position: { x, y } } : node(id, 'control', { kind: 'transform', expression: '1' }, { x, y }))), edges: links(['start', 'far'], ['far', 'near']) };
  const run = await begin('placed', definition);
  await open(run);
  await state('success');
  const order = () => page.evaluate(() => [...document.querySelectorAll('.node')].sort((a, b) => a.offsetLeft - b.offsetLeft || a.offsetTop - b.offsetTop).map(({ dataset }) => dataset.node));
  await soon(order, ['start', 'near', 'far']);
  await at('start').focus();
  await page.keyboard.press('ArrowRight');
  await soon(() => page.evaluate(() => document.activeElement.dataset.node), 'far', 'where the edge leads, not what is nearest');
  await press('Place the nodes automatically');
  await soon(order, ['start', 'far', 'near']);
  await page.reload();
  await at('near').waitFor();
  await soon(order, ['start', 'far', 'near']);
  const other = await begin('unplaced', { nodes: definition.nodes.map((one) => ({ ...one, position: { x: 0, y: 0 } })), edges: definition.edges });
  await open(other);
  await at('near').waitFor();
  await soon(() => page.getByRole('button', { name: /^Place the nodes/ }).count(), 0, 'places that hide nodes are none');
});

test('timeline: attempts, waits, the wait for its turn, items; zoomed by keys; the words of what has the focus', async () => {
  const run = await begin('times', {
    nodes: [start, shell('flaky', 'if [ -e ok ]; then exit 0; fi; touch ok; echo no; exit 3', { retry: { attempts: 3, backoffMs: 100 } }),
      node('rest', 'control', { kind: 'delay', ms: 300 }), sleeping('each', 'test $1 -ne 3'), shell('last', 'true')],
    edges: links(['start', 'flaky'], ['start', 'rest'], ['rest', 'each'], ['flaky', 'last'], ['each', 'last']),
  });
  await open(run, '?tab=timeline');
  await state('success');
  const row = (id) => page.locator('.timeline-row', { has: page.locator(`[data-node="${id}"]`) });
  const pieces = (id) => row(id).locator('.timeline-bar').evaluateAll((bars) => bars.map(({ dataset }) => dataset.status));
  await row('last').waitFor();
  await soon(() => pieces('flaky'), ['error', 'success']);
  await soon(() => pieces('rest'), ['success', 'waiting']);
  const foot = page.locator('.timeline-words');
  await row('flaky').locator('button').first().focus();
  await foot.getByText(/^flaky began at .*attempt 1 failed after .*exit.*attempt 2/).waitFor();
  await row('each').getByRole('button', { name: 'Items of each' }).click();
  await page.locator('.timeline-item').nth(11).waitFor();
  await soon(() => page.locator('.timeline-item.s-error').evaluateAll((all) => all.map(({ dataset }) => dataset.item)), ['3']);
  const width = async () => (await row('each').locator('.timeline-bar').first().boundingBox()).width;
  const [was, whole] = [await width(), await page.getByRole('button', { name: 'Show the whole time (0)' }).textContent()];
  await row('each').locator('button').first().focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press('+');
  await page.getByText(/ to \d/).waitFor();
  await soon(width, (now) => now !== was);
  await page.keyboard.press('0');
  await page.getByRole('button', { name: 'Show the whole time (0)' }).getByText(whole).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(/node=rest/);
});

test('a phone: steps with what they tell, skipped ones in one line, the running ones a tap away', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const rest = Array.from({ length: 9 }, (_, i) => `late${i}`);
  const run = await begin('steps', {
    nodes: [start, sleeping('each', 'sleep 0.2'), node('good', 'control', { kind: 'condition', expression: 'false' }), ...rest.map((id) => shell(id, 'true')), node('ask', 'control', { kind: 'approval', message: 'Well?' })],
    edges: links(['start', 'each'], ['each', 'good'], ...rest.map((id) => ['good', id, 'true']), ['good', 'ask', 'false']),
  });
  await open(run);
  const step = (id) => page.locator(`.step-button[data-node="${id}"]`);
  await step('each').getByText(/\d+ of 12/).waitFor();
  const folded = page.getByRole('button', { name: /9 nodes skipped/ });
  await folded.waitFor();
  await soon(() => step('late3').count(), 0);
  await folded.click();
  await step('late3').waitFor();
  await page.getByRole('button', { name: /^Waiting 1/ }).click();
  await step('late3').waitFor({ state: 'detached' });
  await soon(() => page.locator('.step').count(), 1);
  await step('ask').waitFor();
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing is wider than the screen');
});
