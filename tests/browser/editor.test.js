// The workflow editor against a real instance: workflows are built by mouse and by keyboard, saved, run; what was done is
// undone; what two people save, and what is wrong, is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call as rest, listening, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const node = (id, x, data, more = {}) => ({ id, type: data.kind === 'manual' ? 'trigger' : data.kind === 'result' ? 'output' : 'tool', position: { x, y: 0 }, data, ...more });
const shell = (id, x, ...command) => node(id, x, { kind: 'shell', command });
const saveNew = (id, nodes, edges, more = {}) => call('PUT', `api/workflows/${id}`, { id, nodes, edges, ...more });
const open = (id) => page.goto(`${runspool.url}#/workflows/${id}`);
const spot = (id) => page.locator(`.spot[data-node="${id}"]`);
const button = (name) => page.getByRole('button', { name, exact: true });
const nodesSeen = () => page.locator('.spot').evaluateAll((spots) => spots.map(({ dataset }) => dataset.node));
const chain = () => saveNew('chain', [node('start', 0, { kind: 'manual' }, { colour: 'teal' }), shell('a', 260, 'true'), shell('b', 520, 'true')],
  [{ id: 'e1', source: 'start', target: 'a', weight: 3 }, { id: 'e2', source: 'a', target: 'b' }]);
const saved = (version) => page.locator('.editor-status', { hasText: `Version ${version} saved` }).waitFor();
const checked = () => page.locator('.editor-status > :not([data-busy])').first().waitFor();

/** On the edge itself, in its middle. */
async function clickEdge(id) {
  const at = await page.locator(`[data-edge="${id}"] .wire-near`).evaluate((path) => {
    const { x, y } = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM());
    return [x, y];
  });
  await page.mouse.click(...at);
}

async function drag(from, to) {
  const [a, b] = await Promise.all([from.boundingBox(), to.boundingBox ? to.boundingBox() : to]);
  await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
  await page.mouse.down();
  const [x, y] = [b.x + (b.width ?? 0) / 2, b.y + (b.height ?? 0) / 2];
  await page.mouse.move((a.x + x) / 2, (a.y + y) / 2);
  await page.mouse.move(x, y);
  await page.mouse.up();
}

test('a workflow from nothing, by mouse: saved, run, its states at the nodes', async () => {
  await open('new');
  await page.locator('.first-choice[data-choice="manual"]').click();
  await page.getByLabel('Name', { exact: true }).fill('Say hello');
  // From the port into the open: what shall follow is asked for, and connected.
  const port = spot('manual').locator('.port-out');
  const { x, y } = await port.boundingBox();
  await drag(port, { x: x + 160, y: y + 120 });
  await page.getByPlaceholder('Find a kind of node').fill('shell');
  await page.locator('[data-choice="shell"]').click();
  await page.getByRole('combobox', { name: 'Find a kind of node' }).waitFor({ state: 'detached' });
  await page.locator('.problems-button', { hasText: '1 problem' }).waitFor();
  await spot('shell').locator('.node-wrong').waitFor();
  await page.getByLabel('Form').or(page.getByRole('button', { name: 'JSON' })).last().click();
  await page.locator('.inspector textarea').first().fill('{"kind": "shell", "label": "Hello", "command": ["echo", "hello"]}');
  await spot('shell').locator('.node:not(.node-wrong)').waitFor();
  // Out of the palette onto the canvas, then connected from port to node.
  await page.locator('.canvas').click({ position: { x: 40, y: 500 } });
  await button('Add node').click();
  await page.locator('[data-choice="result"]').dragTo(page.locator('.canvas'), { targetPosition: { x: 620, y: 560 } });
  await spot('result').waitFor();
  await page.locator('.problems-button', { hasText: '1 hint' }).waitFor();
  await drag(spot('shell').locator('.port-out'), spot('result'));
  await page.locator('.wire').nth(1).waitFor();
  await page.locator('.problems-button', { hasText: 'No problems' }).waitFor();
  // Run as it is, before it is saved.
  await button('Run').click();
  await page.locator('.run-bar[data-status="success"]').waitFor();
  await spot('shell').locator('.node[data-status="success"]').waitFor();
  await button('Save').click();
  await saved(1);
  await page.waitForURL(/workflows\/say-hello\/edit$/);
  const { nodes, edges, name } = await call('GET', 'api/workflows/say-hello');
  assert.deepEqual([name, nodes.map(({ id, type }) => `${type} ${id}`), edges.map(({ source, target }) => `${source}-${target}`)],
    ['Say hello', ['trigger manual', 'tool shell', 'output result'], ['manual-shell', 'shell-result']]);
  assert(nodes.every(({ position }) => position.x % 20 === 0 && position.y % 20 === 0), JSON.stringify(nodes));
});

test('another by keyboard only: kinds, settings, an edge, saving', async () => {
  await open('new');
  await page.locator('.first').waitFor();
  await listening(page);
  const type = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const add = async (words) => {
    await page.getByRole('combobox', { name: /^Find/ }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type(words);
    await type('Enter');
  };
  await type('/');
  await add('start');
  await page.locator('[data-node-button="manual"]:focus').waitFor();
  await type('a');
  await add('condition');
  await page.locator('[data-node-button="condition"]:focus').waitFor();
  await type('Enter');
  await page.locator('.inspector :focus').waitFor();
  await page.getByLabel('Expression').first().focus();
  await page.keyboard.type('1 == 1');
  await type('Escape');
  await page.locator('[data-node-button="condition"]:focus').waitFor();
  await type('a');
  await add('result');
  await page.locator('[data-node-button="result"]:focus').waitFor();
  await type('ArrowLeft');
  await page.locator('[data-node-button="condition"]:focus').waitFor();
  await type('a');
  await add('result');
  await page.locator('[data-node-button="result_2"]:focus').waitFor();
  await type('Control+s');
  await saved(1);
  const [{ id }] = (await call('GET', 'api/workflows')).items.filter(({ name }) => name !== 'Say hello');
  const { edges } = await call('GET', `api/workflows/${id}`);
  assert.deepEqual(edges.map(({ source, sourceHandle, target }) => `${source} ${sourceHandle} ${target}`), ['manual undefined condition', 'condition true result', 'condition false result_2']);
  // Connected by a list: from the start to the second result.
  await type('ArrowLeft', 'ArrowLeft');
  await page.locator('[data-node-button="manual"]:focus').waitFor();
  await type('c');
  await page.locator('.choice').nth(1).waitFor();
  await type('ArrowDown', 'Enter');
  await page.locator('.wire').nth(3).waitFor();
  await type('Control+s');
  await saved(2);
  await button('Run').press('Enter');
  await page.locator('.run-bar[data-status="success"]').waitFor();
});

test('chosen, moved, copied, deleted; each step is undone and done again; what is unknown is kept', async () => {
  await chain();
  await open('chain/edit');
  await spot('b').waitFor();
  const place = async (id) => spot(id).evaluate(({ style }) => [parseInt(style.left, 10), parseInt(style.top, 10)]);
  const box = await spot('b').boundingBox();
  await drag(spot('b'), { x: box.x + 133, y: box.y + 95, width: 0, height: 0 });
  const moved = await place('b');
  assert(moved[1] > 0 && moved.every((at) => at % 20 === 0), `${moved}`);
  await page.keyboard.press('Control+z');
  await soon(() => place('b'), [520, 0]);
  await page.keyboard.press('Control+Shift+z');
  await soon(() => place('b'), moved);
  await button('Undo').click();
  // A node in the middle goes; what stood around it stays connected.
  await spot('a').click();
  await page.keyboard.press('Delete');
  await soon(nodesSeen, ['start', 'b']);
  await soon(() => page.locator('.wire').count(), 1);
  await page.keyboard.press('Control+z');
  await soon(nodesSeen, ['start', 'a', 'b']);
  // Two by Shift, copied and pasted, with the edge between them.
  await spot('a').click();
  await spot('b').click({ modifiers: ['Shift'] });
  await page.getByRole('toolbar', { name: '2 nodes chosen' }).waitFor();
  await page.keyboard.press('Control+c');
  await page.keyboard.press('Control+v');
  await soon(nodesSeen, ['start', 'a', 'b', 'a_2', 'b_2']);
  await soon(() => page.locator('.wire').count(), 3);
  await page.keyboard.press('Alt+ArrowDown');
  await page.keyboard.press('Control+d');
  await soon(() => page.locator('.spot').count(), 7);
  for (let i = 0; i < 2; i++) await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await soon(nodesSeen, ['start', 'a', 'b']);
  // Into the edge between start and a.
  await clickEdge('e1');
  await page.getByLabel('Insert a node').first().click();
  await page.getByRole('combobox', { name: /^Find/ }).and(page.locator(':focus')).waitFor();
  await page.keyboard.type('delay');
  await page.keyboard.press('Enter');
  await spot('delay').waitFor();
  // All that are in an area.
  await page.mouse.move(300, 700);
  await page.keyboard.down('Shift');
  await page.mouse.down();
  await page.mouse.move(200, 400);
  await page.mouse.move(20, 200);
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await page.locator('.spot .chosen').first().waitFor();
  await page.keyboard.press('Control+z');
  await spot('delay').waitFor({ state: 'detached' });
  await page.getByLabel('Name', { exact: true }).fill('Chain');
  await page.keyboard.press('Control+s');
  await saved(2);
  const { nodes, edges } = await call('GET', 'api/workflows/chain');
  assert.deepEqual([nodes[0].colour, edges[0].weight, nodes.length, edges.length], ['teal', 3, 3, 2]);
});

test('edges: for errors, with a condition; another id is followed by expressions', async () => {
  await saveNew('edges', [node('start', 0, { kind: 'manual' }), shell('work', 260, 'false'), shell('good', 520, 'true'), node('bad', 520, { kind: 'result', value: '{{ .nodes.work.error.code }}' }, { position: { x: 520, y: 120 } })],
    [{ id: 'e1', source: 'start', target: 'work' }, { id: 'e2', source: 'work', target: 'good' }, { id: 'e3', source: 'work', target: 'bad' }]);
  await open('edges/edit');
  await clickEdge('e3');
  await page.getByLabel('Taken').selectOption('error');
  await page.locator('[data-edge="e3"].wire-error').waitFor();
  await page.locator('[data-edge="e2"].wire-success').waitFor();
  await spot('work').click();
  await page.locator('.inspector').getByLabel('Id', { exact: true }).fill('good');
  await page.getByText('Another node has this id.').waitFor();
  await page.locator('.inspector').getByLabel('Id', { exact: true }).fill('job-1');
  await page.keyboard.press('Enter');
  await spot('job-1').waitFor();
  await button('Run').click();
  await page.locator('.run-bar[data-status="success"]').waitFor();
  await spot('bad').locator('[data-status="success"]').waitFor();
  await spot('good').locator('[data-status="skipped"]').waitFor();
  await button('Save').click();
  await saved(2);
  const { nodes, edges } = await call('GET', 'api/workflows/edges');
  assert.deepEqual([nodes[1].id, nodes[1].data.continueOnError, nodes[3].data.value], ['job-1', true, '{{ .nodes["job-1"].error.code }}']);
  assert.equal(edges[2].condition, '.nodes["job-1"].status == "error"');
});

test('problems: shown at the node, listed, one click away; what only the server knows, too', async () => {
  await chain();
  await open('chain/edit');
  await spot('b').click();
  await page.getByRole('button', { name: 'JSON' }).click();
  await page.locator('.inspector textarea').first().fill('{"kind": "shell", "command": ["echo", "{{ .nodes.( }}"]}');
  await spot('b').locator('.node-wrong').waitFor(); // jq: nobody but the server compiles it
  await spot('a').click();
  await page.getByRole('button', { name: 'JSON' }).click();
  await page.locator('.inspector textarea').first().fill('{"kind": "shell", "command": ["echo", "{{ .nodes.nobody.output }}", "{{ .nodes.b.output }}"]}');
  await page.locator('.problems-button', { hasText: '1 problem, 2 hints' }).click();
  await page.getByText('It reads the node nobody, which is not here.').last().waitFor();
  await page.locator('.canvas').press('Control+s');
  await page.getByText('It cannot be saved with problems').waitFor();
  await page.locator('.problem-error').click();
  await page.locator('.inspector', { hasText: 'a closing bracket does not match' }).waitFor();
  await spot('b').locator('.chosen').waitFor();
  // Connecting into a cycle is refused, and said.
  await drag(spot('b').locator('.port-out'), spot('a'));
  await page.getByText('That would be a cycle.').waitFor({ state: 'attached' });
  await soon(() => page.locator('.wire').count(), 2);
});

test('saved by another in between: said, theirs or mine, neither is lost; what is not saved survives the page', async () => {
  await chain();
  const { version } = await call('GET', 'api/workflows/chain');
  await open('chain/edit');
  await page.getByLabel('Name', { exact: true }).fill('Mine');
  const current = await call('GET', 'api/workflows/chain');
  const theirs = await call('PUT', 'api/workflows/chain', { ...current, name: 'Theirs', nodes: current.nodes.map((one) => (one.id === 'b' ? { ...one, data: { ...one.data, label: 'Other' } } : one)) });
  await button('Save').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(`You began with version ${version}; version ${theirs.version} is saved now.`).waitFor();
  await dialog.getByText('1 node differs: ').waitFor();
  await dialog.getByRole('button', { name: 'Take theirs' }).click();
  await soon(() => page.getByLabel('Name', { exact: true }).inputValue(), 'Theirs');
  await button('Undo').click();
  await soon(() => page.getByLabel('Name', { exact: true }).inputValue(), 'Mine');
  assert.equal((await call('GET', 'api/workflows/chain')).name, 'Theirs');
  await button('Save').click();
  await saved(theirs.version + 1);
  assert.equal((await call('GET', 'api/workflows/chain')).name, 'Mine');

  // Again, and mine over theirs.
  await page.getByLabel('Name', { exact: true }).fill('Mine 2');
  await call('PUT', 'api/workflows/chain', { ...current, name: 'Theirs 2' });
  await button('Save').click();
  await dialog.getByRole('button', { name: 'Save mine over it' }).click();
  await saved(theirs.version + 3);
  assert.equal((await call('GET', 'api/workflows/chain')).name, 'Mine 2');

  // Leaving asks; staying keeps; a reload brings back what was not saved.
  await page.getByLabel('Name', { exact: true }).fill('Mine 3');
  await page.locator('.brand').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stay here' }).click();
  await page.waitForURL(/chain\/edit$/);
  page.once('dialog', (ask) => ask.accept());
  await page.reload();
  await page.getByText('Changes that were not saved are back').waitFor();
  await soon(() => page.getByLabel('Name', { exact: true }).inputValue(), 'Mine 3');
  await page.locator('.brand').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave without saving' }).click();
  await page.waitForURL(/#\/workflows$/);
  await open('chain/edit');
  await page.locator('.spot').first().waitFor();
  await soon(() => page.getByLabel('Name', { exact: true }).inputValue(), 'Mine 2');
});
