// A run as one file, on the real stack: by the page, by REST and by the command line; opened from disk without network.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startModel } from './model.js';
import { call as rest, onStage, soon } from './stage.js';

let runspool, page, folder, model;
onStage((now) => ({ runspool = runspool, page = page } = now), async () => {
  model = await startModel();
  return [...model.settings, 'runner.http_private=allow'];
});
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runspool-export-'));
});
after(async () => {
  model?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});
const call = (...request) => rest(runspool, ...request);
const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const begin = async (workflow, definition) => (await call('POST', `api/workflows/${workflow}/run`, definition)).runId;
const fetchExport = async (run) => (await fetch(new URL(`api/runs/${run}/export.html`, runspool.url))).text();

/** Until the run is this, by its record. */
async function until(run, status) {
  await page.goto(`${runspool.url}#/runs/${run}`);
  await page.locator(`.run-state[data-status="${status}"]`).waitFor();
}

/** The file as somebody opens it who got it by mail: whatever it asked for, or said, is kept. */
async function openFile(text, options = {}) {
  const path = join(folder, 'run.html');
  await writeFile(path, text);
  const opened = await page.context().browser().newPage({ viewport: { width: 1280, height: 800 }, ...options });
  opened.noticed = [];
  opened.on('request', (request) => request.url().startsWith('file:') || opened.noticed.push(request.url()));
  opened.on('console', (message) => opened.noticed.push(message.text()));
  opened.on('pageerror', (error) => opened.noticed.push(error.message));
  opened.on('dialog', (dialog) => (opened.noticed.push(dialog.message()), dialog.dismiss()));
  await opened.goto(pathToFileURL(path).href);
  return opened;
}

const EVIL = '</script><script>alert(1)</script><img src=http://127.0.0.1:9/x onerror=alert(2)>';
const hostile = {
  id: 'hostile', name: `</title>${EVIL} \u202eevil`, params: [{ name: 'what', type: 'string' }, { name: 'password', type: 'secret' }],
  nodes: [node('start', 'trigger', { kind: 'manual' }),
    node('says', 'tool', { kind: 'shell', label: EVIL, env: { PASSWORD: '{{ .input.password }}' }, command: ['sh', '-c',
      `printf '%s\\n' "$1"; printf 'rtl \\342\\200\\256 x\\n'; printf 'nul\\000 \\033[1;31mred\\033[0m \\033]0;owned\\007end\\n'; echo "it is $PASSWORD"; echo worse >&2; exit 3`, 'sh', EVIL], continueOnError: true }),
    node('gives', 'control', { kind: 'transform', expression: '{(.input.what): [.input.what, {deep: .input.what}]}' }),
    node('done', 'output', { kind: 'result', value: '{{ .nodes.gives.output }}' })],
  edges: chain('start', 'says', 'gives', 'done'),
};

test('a hostile run: nothing in its file does anything, nothing is asked of the network, the secret is not in it', async () => {
  const run = await begin('hostile', { ...hostile, input: { what: EVIL, password: 'correct-horse-battery' } });
  await until(run, 'success');
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Export' }).click();
  const file = await saved;
  assert.equal(file.suggestedFilename(), `${run}.html`);
  const text = await readFile(await file.path(), 'utf8');
  const stable = (words) => words.replace(/ at <time.*?<\/time>/, '');
  for (const other of [await fetchExport(run), (await runspool.run('export', run)).stdout]) assert(stable(other) === stable(text), 'the same file by other ways');
  assert(!text.includes('correct-horse-battery'), 'the secret is in the file');
  assert(!/[\u0000\u001b\u202e]/.test(text));
  const opened = await openFile(text);
  await soon(() => opened.title(), `</title>${EVIL} [U+202E]evil · run ${run}`);
  await soon(() => opened.evaluate(() => ['script', 'img', 'iframe', 'link', 'object', '[onerror]'].map((name) => document.querySelectorAll(name).length)), [1, 0, 0, 0, 0, 0]);
  const line = (words) => opened.locator('#log p', { hasText: words });
  await soon(() => line(EVIL).count(), 1);
  await soon(() => line('rtl [U+202E] x').count(), 1);
  await soon(() => line('it is ***').count(), 1);
  await soon(() => line('red').locator('.f1.a-bold').textContent(), 'red');
  await soon(() => opened.locator('.graph .node').count(), 4);
  await soon(() => opened.locator('.lanes .lane').count(), 4);
  await opened.getByText(/^Complete, \d+ events$/).waitFor();
  // The policy holds for what would get in after all.
  assert.deepEqual(opened.noticed, []);
  const refused = opened.waitForEvent('console');
  await opened.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/y">'));
  assert.match((await refused).text(), /Content Security Policy/);
  await opened.close();
});

test('the log is filtered by text, node and level; without a script all of it is there', async () => {
  const lines = 5000;
  const run = await begin('lines', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('much', 'tool', { kind: 'shell', command: ['sh', '-c', `seq -f 'number %.0f' ${lines}; echo wrong >&2`] }), node('other', 'tool', { kind: 'shell', command: ['echo', 'number nine'] })],
    edges: chain('start', 'much', 'other'),
  });
  await until(run, 'success');
  const text = await fetchExport(run);
  assert(text.length < lines * 90, `${text.length} bytes for ${lines} lines`);
  const opened = await openFile(text);
  const found = opened.locator('#found');
  await opened.getByLabel('Filter lines').fill('number 499');
  await found.getByText(/^11 of 5,0\d\d lines$/).waitFor(); // 499, 4990 to 4999
  await opened.getByLabel('Filter lines').fill('number');
  await found.getByText(/^5,001 of/).waitFor();
  await opened.getByLabel('Node').selectOption('other');
  await found.getByText(/^1 of/).waitFor();
  await opened.getByLabel('Node').selectOption('');
  await opened.getByLabel('Filter lines').fill('');
  await opened.getByLabel('Level').selectOption('warning');
  await found.getByText(/^1 of/).waitFor();
  await soon(() => opened.locator('#log p:visible').textContent().then((words) => words.includes('wrong')), true);
  assert.deepEqual(opened.noticed, []);
  await opened.close();
  const still = await openFile(text, { javaScriptEnabled: false });
  assert.equal(await still.locator('#log p').count(), await still.locator('#log p:not([hidden])').count());
  assert(await still.locator('#log p').count() >= lines + 2);
  assert(!await still.getByLabel('Filter lines').isVisible());
  await still.close();
});

test('a run that has not ended says so and when', async () => {
  const run = await begin('waits', { nodes: [node('start', 'trigger', { kind: 'manual' }), node('ask', 'control', { kind: 'approval', message: 'Go on?' })], edges: chain('start', 'ask') });
  await page.goto(`${runspool.url}#/runs/${run}`);
  await page.locator('[data-ask="ask"]').waitFor();
  const opened = await openFile(await fetchExport(run));
  await opened.getByText(/This run had not ended\. It is shown as it was at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\./).waitFor();
  await soon(() => opened.locator('.graph .node.waiting').count(), 1);
  await soon(() => opened.getByText(/^Complete/).count(), 0);
  await opened.close();
  assert.equal((await fetch(new URL('api/runs/r_none/export.html', runspool.url))).status, 404);
  await call('POST', `api/runs/${run}/cancel`, {});
});

test('an agent: what it wrote, the tools it called, tokens and cost', async () => {
  await model.say(
    { tool_calls: [{ name: 'shell', arguments: { command: ['echo', 'forty-two'] } }], usage: { prompt_tokens: 100, completion_tokens: 20 } },
    { text: 'It is <b>forty-two</b>.', usage: { prompt_tokens: 200, completion_tokens: 30 } },
  );
  const run = await begin('asks', { nodes: [node('start', 'trigger', { kind: 'manual' }), node('think', 'agent', { kind: 'agent', prompt: 'What is the answer?', tools: ['shell'] })], edges: chain('start', 'think') });
  await until(run, 'success');
  const opened = await openFile(await fetchExport(run), { colorScheme: 'dark' });
  await soon(() => opened.locator('.written').textContent(), 'It is <b>forty-two</b>.');
  await opened.locator('.item .item', { hasText: 'shell' }).getByText('forty-two').first().waitFor({ state: 'attached' });
  await opened.locator('header', { hasText: '350 tokens, $0.0004' }).waitFor();
  await soon(() => opened.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(20, 23, 27)');
  assert.deepEqual(opened.noticed, []);
  await opened.close();
});
