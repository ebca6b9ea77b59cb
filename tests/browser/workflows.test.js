// Workflows, on a real instance: their list, live; versions and what differs; import and export; the form to run one; pause and delete.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fieldText, readField, rememberable, wrongField } from '../../htdocs/app/forms/params.js';
import { linesOf, versionDiff } from '../../htdocs/app/forms/version-diff.js';
import { call as rest, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);
const open = (hash) => page.goto(`${runspool.url}#/${hash}`);

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const start = node('start', 'trigger', { kind: 'manual' });
const shell = (id, script) => node(id, 'tool', { kind: 'shell', command: ['sh', '-c', script] });
const put = (id, definition) => call('PUT', `api/workflows/${id}`, { id, nodes: [start], edges: [], ...definition });

test('params: what is typed becomes a value of their type, or is told to be wrong', () => {
  const read = (param, raw) => readField({ name: 'p', ...param }, raw);
  assert.deepEqual([read({ type: 'integer' }, ' 5 '), read({ type: 'array' }, 'a\nb'), read({ type: 'object' }, '{"a":1}'), read({ type: 'enum', choices: ['x', 'y'] }, 'y')], [5, ['a', 'b'], { a: 1 }, 'y']);
  assert.deepEqual(read({ type: 'file' }, { name: 'a', bytes: 3, data: 'YWJj' }), { name: 'a', data: 'YWJj' });
  assert.equal(read({ type: 'secret', minLength: 8 }, '***'), '***');
  for (const [param, raw] of [
    [{ type: 'integer' }, '1.5'], [{ type: 'number', min: 1 }, '0'], [{ type: 'number', max: 1 }, '2'], [{ type: 'string', required: true }, ' '], [{ type: 'string', pattern: '^a' }, 'b'],
    [{ type: 'secret', minLength: 4 }, 'abc'], [{ type: 'object' }, '[1]'], [{ type: 'enum', choices: ['x'] }, 'z'], [{ type: 'file', maxBytes: 2 }, { name: 'a', bytes: 3, data: '' }],
  ]) assert(wrongField({ name: 'p', ...param }, raw), JSON.stringify([param, raw]));
  assert.equal(wrongField({ type: 'string', pattern: '(' }, 'left to the server'), null);
  assert.equal(fieldText({ type: 'bool', default: 'true' }), true);
  assert.deepEqual(rememberable([{ name: 'a', type: 'string' }, { name: 'b', type: 'secret' }], { a: 1, b: 2 }), { a: 1 });
});

test('versions: nodes that came, went and changed; a node that only moved has not changed', () => {
  const a = { name: 'A', nodes: [start, shell('old', 'a\nb'), shell('same', 'x'), node('n', 'tool', { kind: 'shell', command: ['a'] })], edges: chain('start', 'old', 'n') };
  const b = { name: 'A', nodes: [start, { ...shell('same', 'x'), position: { x: 5, y: 0 } }, node('n', 'tool', { kind: 'shell', command: ['b'] }), shell('new', 'y')], edges: chain('start', 'n', 'new') };
  const { marks, moved, parts, graph } = versionDiff(a, b);
  assert.deepEqual(Object.fromEntries(marks), { start: 'same', same: 'same', n: 'changed', new: 'added', old: 'removed' });
  assert.deepEqual([moved, parts.map(({ id, mark }) => [id, mark]), graph.edges.length], [1, [['n', 'changed'], ['new', 'added'], ['old', 'removed'], [undefined, 'changed']], 4]);
  assert.deepEqual(linesOf({ a: 'x\ny', b: [1, { c: true }], d: {} }), ['a: |', '  x', '  y', 'b:', '  - 1', '  -', '    c: true', 'd: {}']);
});

test('versions on the page: what changed in each, two side by side, an older one made the newest', async () => {
  await put('versioned', { name: 'Versioned', nodes: [start, shell('work', 'echo one\necho two')], edges: chain('start', 'work') });
  await put('versioned', { name: 'Versioned', nodes: [start, shell('work', 'echo one\necho three'), shell('more', 'true')], edges: chain('start', 'work', 'more') });
  await open('workflows/versioned');
  await page.getByRole('link', { name: 'Version 2' }).click();
  await page.locator('[data-version="2"]', { hasText: 'Added more · changed work · edges' }).waitFor();
  await page.locator('.node[data-node="more"][data-status="added"]').waitFor();
  await page.locator('.node[data-node="start"][data-status="same"]').waitFor();
  const work = page.locator('[data-part="work"]');
  await soon(() => work.locator('.diff-removed .diff-text, .diff-added .diff-text').allTextContents().then((lines) => lines.map((line) => line.trim())), ['echo two', 'echo three']);
  await page.getByRole('button', { name: 'Restore version 1' }).click();
  await page.getByText('Version 1 is restored, as version 3').waitFor();
  await page.locator('[data-version="3"]', { hasText: 'Removed more' }).waitFor();
  await page.waitForURL(/a=2&b=3/);
  const now = await call('GET', 'api/workflows/versioned');
  assert.deepEqual([now.version, now.nodes.length], [3, 2]);
  await page.getByLabel('From').selectOption('1');
  await page.getByRole('status').getByText('No difference').waitFor();
});

test('import from Dagu: what has no counterpart is told before it is saved; the same id again is a new version', async () => {
  const yaml = 'steps:\n  - name: hello\n    command: echo hi\n    mailOnError: true\n';
  await open('workflows');
  for (const button of ['Import', 'Import as a new version']) {
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('File').setInputFiles({ name: 'greeting.yaml', mimeType: 'application/yaml', buffer: Buffer.from(button === 'Import' ? yaml : yaml.replace('hi', 'again')) });
    await dialog.getByRole('button', { name: 'Look at it' }).click();
    await dialog.getByText('From Dagu: 1 of 1 step work').waitFor();
    await dialog.getByText('mailOnError').first().waitFor();
    await soon(() => dialog.getByLabel('ID').inputValue(), 'greeting');
    await dialog.getByRole('button', { name: button, exact: true }).click();
    await page.waitForURL(/workflows\/greeting$/);
    await open('workflows');
  }
  assert.equal((await call('GET', 'api/workflows/greeting')).version, 2);
});

test('import of our own JSON: its problems are told; export gives the definition back', async () => {
  await open('workflows');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const dialog = page.getByRole('dialog');
  const wrong = { id: 'own', name: 'Own', nodes: [start, node('d', 'control', { kind: 'delay' })], edges: chain('start', 'd') };
  await dialog.getByLabel('Or its text').fill(JSON.stringify(wrong));
  await dialog.getByRole('button', { name: 'Look at it' }).click();
  await dialog.getByText('a delay needs either').waitFor();
  await soon(() => dialog.getByRole('button', { name: 'Import' }).isDisabled(), true);
  await dialog.getByLabel('Or its text').fill(JSON.stringify({ ...wrong, nodes: [start, node('d', 'control', { kind: 'delay', ms: 1 })] }));
  await dialog.getByRole('button', { name: 'Look at it' }).click();
  await dialog.getByLabel('ID').fill('own id');
  await dialog.getByText('Use 1 to 128 letters').waitFor();
  await dialog.getByLabel('ID').fill('own2');
  await dialog.getByRole('button', { name: 'Import' }).click();
  await page.waitForURL(/workflows\/own2$/);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'More to do with this workflow' }).click();
  await page.getByRole('menuitem', { name: 'Export' }).click();
  const file = await saved;
  assert.equal(file.suggestedFilename(), 'own2.json');
  const definition = JSON.parse(await readFile(await file.path(), 'utf8'));
  assert.deepEqual([definition.id, definition.nodes.length, definition.version], ['own2', 2, undefined]);
});

test('the form to run: checked as one types, filled from the address and from the last input; secrets and files are not remembered', async () => {
  await call('PUT', 'api/secrets/ANY', { value: 'makes the keys' });
  await put('typed', { name: 'Typed', params: [
    { name: 'repo', type: 'string', required: true, pattern: '^https?://' }, { name: 'count', type: 'integer', default: 3, max: 10 }, { name: 'level', type: 'enum', choices: ['low', 'high'] },
    { name: 'key', type: 'secret', minLength: 4 }, { name: 'table', type: 'file' }],
  nodes: [start, node('done', 'output', { kind: 'result', value: '{{ .input | {repo, count, level, table: .table.name} }}' })], edges: chain('start', 'done') });
  await open('workflows/typed?count=7');
  const count = page.getByLabel('count');
  const values = (...names) => Promise.all(names.map((name) => page.getByLabel(name).inputValue()));
  await soon(() => count.inputValue(), '7');
  await count.fill('11');
  await page.getByText('At most 10.').waitFor();
  await count.fill('8');
  await page.getByRole('button', { name: 'Run workflow' }).click();
  await page.getByText('Enter a value.').waitFor();
  await page.getByLabel('repo').fill('ftp://x');
  await page.getByText('It must fit ^https?://').waitFor();
  await page.getByLabel('repo').fill('https://x');
  await page.getByLabel('level').selectOption('high');
  await page.getByLabel('key').fill('sesame');
  await page.getByLabel('table').setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n') });
  await page.getByText('4 B').waitFor();
  await page.getByRole('button', { name: 'Run workflow' }).click();
  await page.locator('.run-state[data-status="success"]').waitFor();
  const run = page.url().match(/runs\/([\w.-]+)/)[1];
  assert.deepEqual((await call('GET', `api/runs/${run}`)).output, { repo: 'https://x', count: 8, level: 'high', table: 'rows.csv' });
  await open('workflows/typed');
  await page.getByText('Filled with the last input.').waitFor();
  await soon(() => values('repo', 'count', 'key'), ['https://x', '8', '']);
  assert(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes('sesame'));
  await page.getByRole('button', { name: 'Use the defaults' }).click();
  await soon(() => values('repo', 'count'), ['', '3']);
});

test('pause is shown at once and taken back when the server refuses; delete says what stays', async () => {
  await put('paused', { name: 'To be paused', nodes: [start, node('at', 'trigger', { kind: 'schedule', cron: '30 2 * * *' })] });
  await open('workflows/paused');
  await page.getByText('30 2 * * *').waitFor();
  let answer;
  await page.route('**/api/workflows/paused/pause', (route) => (answer = () => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"Busy","detail":"not now"}' })));
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('its runs wait in the queue until').waitFor();
  await answer();
  await page.getByText(/It stays as it was.*not now/).waitFor();
  await page.getByText('its runs wait in the queue until').waitFor({ state: 'detached' });
  await page.unroute('**/api/workflows/paused/pause');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  await page.waitForFunction(async () => (await (await fetch('api/workflows/paused')).json()).paused);
  await page.getByRole('button', { name: 'More to do with this workflow' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByText('Its runs stay in the history').waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.waitForURL(/#\/workflows$/);
  assert.equal((await fetch(new URL('api/workflows/paused', runspool.url))).status, 404);
});

test('the list follows runs by itself, without asking for the list again', async () => {
  await put('watched', { name: 'Watched', nodes: [start, node('nap', 'control', { kind: 'approval', message: 'go?' })], edges: chain('start', 'nap') });
  const asked = [];
  page.on('request', (request) => /api\/(workflows|runs|workflow-history)(\?|$|\/active)/.test(request.url()) && asked.push(request.url()));
  await open('workflows');
  const row = page.locator('[data-workflow="watched"]');
  await row.getByText('Never run').waitFor();
  const before = asked.length;
  const { runId } = await call('POST', 'api/workflows/watched/run', {});
  await row.getByText('Running').waitFor();
  await call('POST', `api/runs/${runId}/nodes/nap/approve`, {});
  await row.getByText('Success').waitFor();
  await row.getByText('Of the last 1 run 0 failed').waitFor({ state: 'attached' });
  await row.getByText('100 %').waitFor();
  assert.deepEqual(asked.slice(before), []);
  await row.getByRole('link', { name: 'Watched' }).first().click();
  await page.locator(`tr[data-run="${runId}"][data-status="success"]`).waitFor();
  const second = (await call('POST', 'api/workflows/watched/run', {})).runId;
  await page.locator(`tr[data-run="${second}"][data-status="running"]`).waitFor(); // its page follows too
  await call('POST', `api/runs/${second}/cancel`, {});
  await page.locator(`tr[data-run="${second}"][data-status="cancelled"]`).waitFor();
});

test('a thousand workflows: few rows are drawn, the rest as one scrolls; chips and search are in the address', async () => {
  const items = Array.from({ length: 1000 }, (_, i) => ({
    id: `w${i}`, name: i === 1 ? 'Long '.repeat(60) : i === 2 ? 'פריסה של האתר' : `Workflow ${i}`, version: 1, nodeCount: 3, params: [], paused: i === 3, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z',
    recent: Array.from({ length: 20 }, (_run, k) => ({ id: `r${i}_${k}`, status: (i + k) % 3 ? 'success' : 'error', durationMs: 100 * k })),
    lastRun: i % 10 ? { id: `r${i}_0`, status: i % 3 ? 'success' : 'error', finishedAt: '2026-01-02T00:00:00.000Z' } : undefined,
  }));
  await page.route('**/api/workflows?*', (route) => route.fulfill({ json: { items, next: null } }));
  await open('workflows');
  await page.getByText('1,000 workflows').waitFor();
  await soon(() => page.locator('tbody tr').count(), (n) => n > 0 && n < 200);
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.locator('[data-workflow="w999"]').waitFor();
  await page.getByRole('button', { name: 'Paused' }).click();
  await page.locator('[data-workflow="w3"]').waitFor();
  await soon(() => page.locator('tbody tr[data-workflow]').count(), 1);
  await page.waitForURL(/show=paused/);
  await page.getByPlaceholder('Filter workflows').fill('nothing');
  await page.getByRole('button', { name: 'Show all workflows' }).click();
  await page.locator('[data-workflow="w0"]').waitFor();
});
