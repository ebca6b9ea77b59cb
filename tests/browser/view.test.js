// The run view under load and by keyboard, against an instance whose runs are made up.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { text } from '../../htdocs/app/text.js';
import { launch } from './browser.js';
import { Instance } from './mock/instance.js';
import { addRun, byName } from './mock/sample.js';
import { PATIENCE_MS, settled, soon } from './stage.js';

const webroot = process.env.RUNSPOOL_WEBROOT ?? new URL('../../build/webroot', import.meta.url).pathname;
let browser, instance, page, complaints;

before(async () => {
  browser = await launch();
});
after(() => browser.close());
beforeEach(async () => {
  instance = await new Instance({ webroot, prefix: '/deep/below/' }).start();
  for (const workflow of Object.values(byName)) instance.workflows.set(workflow.id, workflow);
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterEach(async () => {
  await page.close();
  await instance.close();
});

const open = (hash) => page.goto(`${instance.url}${hash}`);
const logLines = () => page.locator('.log .line').count();
const badge = (state, door) => page.locator(`.badge[data-state="${state}"]${door ? `[data-door="${door}"]` : ''}`).waitFor();
const log = (run, message, nodeId = 'count', level = 'info') => instance.log.append(`run:${run}`, 'log', { level, message, nodeId, source: 'stdout' });

test('a finished run under a sub-path and the strict policy: every node, every line, no complaint', async () => {
  addRun(instance, byName.health, { id: 'r_1' });
  await open('#/runs/r_1');
  await page.locator('.run-state[data-status="success"]').waitFor();
  await badge('live', 'websocket');
  await soon(() => page.locator('.node[data-status="success"]').count(), 12);
  await soon(() => page.locator('.node[data-status="skipped"]').count(), 1);
  await page.getByText('Result finished in').waitFor();
  await soon(() => page.title(), 'Success · Repository health · Runspool');
  await soon(() => page.locator('#favicon').getAttribute('href'), /success/);
  assert.deepEqual(complaints, []);
});

test('50,000 lines: only those in view are drawn, Follow turns off when scrolled up, and counts', async () => {
  addRun(instance, byName.wide, { id: 'r_1', until: 120, lines: 50000 });
  await open('#/runs/r_1');
  await page.getByText('50,117 lines').waitFor({ timeout: 60000 });
  const follow = page.getByRole('button', { name: 'Follow' });
  await soon(() => follow.getAttribute('aria-pressed'), 'true');
  await soon(logLines, (n) => n > 0 && n < 150);
  const scroller = page.locator('.log-scroll');
  await scroller.hover();
  await page.mouse.wheel(0, -2000);
  await page.locator('[aria-pressed="false"]', { hasText: 'Follow' }).waitFor();
  for (let i = 0; i < 3; i++) log('r_1', `later ${i}`, 't1');
  await page.getByText('3 new lines').click();
  await page.getByText('later 2').waitFor();
  await page.locator('[aria-pressed="true"]', { hasText: 'Follow' }).waitFor();
  await page.getByPlaceholder('Search the log').fill('gave 3');
  await page.getByText('50 matches').waitFor();
  await page.getByRole('button', { name: 'Only matching lines' }).click();
  await page.getByText('50 of 50,120 lines').waitFor();
  await page.waitForURL(/q=gave/);
  assert.deepEqual(complaints, []);
});

test('a long run from history: its newest lines first, the others meanwhile; what one reads stays', async () => {
  addRun(instance, byName.wide, { id: 'r_1', until: 120, lines: 5000 });
  const events = instance.log.append('run:r_1', 'run.finished', { status: 'success', durationMs: 1 }).seq;
  Object.assign(instance.runs.get('r_1'), { status: 'success', finishedAt: new Date().toISOString(), durationMs: 1 });
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route('**/events?*limit=5000*', async (route) => {
    await held;
    await route.continue();
  });
  await open('#/runs/r_1');
  await page.getByText(`Reading the log, `).waitFor();
  await page.getByText(/^Newest \d+ lines$/).waitFor();
  const bottom = () => page.locator('.log-scroll').evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  assert(await bottom() < 30);
  await page.locator('.log-scroll').hover();
  await page.mouse.wheel(0, -1500);
  await page.waitForFunction(() => document.querySelector('.log-scroll').scrollTop < document.querySelector('.log-scroll').scrollHeight - 1200);
  const inView = () => page.evaluate(() => {
    const { top } = document.querySelector('.log-scroll').getBoundingClientRect();
    return [...document.querySelectorAll('.line')].find((line) => line.getBoundingClientRect().bottom > top + 4)?.dataset.line;
  });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const read = await inView();
  assert.equal(await page.locator(`.line[data-line="${read}"] .line-number`).textContent(), '·');
  letGo();
  await page.getByText(`Complete, ${events.toLocaleString('en')} events`).waitFor();
  await page.waitForFunction((id) => /^\d+$/.test(document.querySelector(`.line[data-line="${id}"] .line-number`)?.textContent), read);
  assert.equal(await inView(), read);
  assert.equal(await page.getByText('Reading the log').count(), 0);
  assert.deepEqual(complaints, []);
});

test('names that turn the direction of writing do not reach beyond themselves', async () => {
  const name = '\u202eliam.exe \u05d0';
  addRun(instance, { ...byName.health, nodes: byName.health.nodes.map((one, i) => (i ? one : { ...one, data: { ...one.data, label: name } })) }, { id: 'r_1' });
  Object.assign(instance.runs.get('r_1'), { name });
  await open('#/runs/r_1');
  await page.locator('.run-state[data-status="success"]').waitFor();
  await page.waitForFunction((title) => document.title === title, 'Success · liam.exe \u05d0 · Runspool');
  await page.locator('.line', { hasText: `\u2068${name}\u2069 finished` }).waitFor();
  const isolation = (selector) => page.locator(selector).first().evaluate((one) => getComputedStyle(one).unicodeBidi);
  for (const selector of ['.run-head h1', '.node-label']) assert.match(await isolation(selector), /isolate|plaintext/, selector);
});

test('a name in a sentence, a title or a label is isolated from its words', async () => {
  const words = await readFile(new URL('../../htdocs/app/text.js', import.meta.url), 'utf8');
  assert.deepEqual(words.match(/.*(?<!\\u2068)\$\{(name|label)\}.*/g), null);
  assert.equal(text.assistant.more('\u202eliam'), 'More to do with \u2068\u202eliam\u2069');
  assert.equal(text.queue.up('plain'), 'Move plain up');
});

test('with forced colours every state keeps its shape, what is chosen and what has the focus can be told', async () => {
  addRun(instance, byName.health, { id: 'r_1' });
  await page.emulateMedia({ forcedColors: 'active' });
  await open('#/runs/r_1');
  await page.locator('.run-state[data-status="success"]').waitFor();
  const node = page.locator('.node[data-status="success"]').first();
  await node.click();
  await page.locator('.node[aria-pressed="true"]').waitFor();
  const seen = await page.evaluate(() => {
    const paint = (one, name) => getComputedStyle(one)[name];
    const ground = paint(document.body, 'backgroundColor');
    const [chosen, other] = ['true', 'false'].map((pressed) => document.querySelector(`.node[aria-pressed="${pressed}"]`));
    const icon = document.querySelector('.node .state svg');
    return {
      ground, edge: paint(document.querySelector('.edge'), 'stroke'), icon: paint(icon, 'color'),
      chosen: ['outline', 'borderColor', 'borderWidth'].map((name) => paint(chosen, name)), other: ['outline', 'borderColor', 'borderWidth'].map((name) => paint(other, name)),
    };
  });
  assert.notEqual(seen.icon, seen.ground);
  assert.notEqual(seen.edge, seen.ground);
  assert.notDeepEqual(seen.chosen, seen.other);
});

test('a line has a link that leads back to it', async () => {
  addRun(instance, byName.wide, { id: 'r_1', until: 120, lines: 5000 });
  const { id } = instance.log.events.find(({ data }) => data.message?.startsWith('case 2400 '));
  await open(`#/runs/r_1?line=${id}`);
  const line = page.locator('.line.wanted');
  await line.waitFor();
  assert.match(await line.textContent(), /case 2400/);
  await soon(() => line.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    const box = element.closest('.log-scroll').getBoundingClientRect();
    return top >= box.top && bottom <= box.bottom;
  }), true);
});

test('nodes are reached by Tab and arrows, tabs by arrows, the divider by arrows', async () => {
  addRun(instance, byName.health, { id: 'r_1' });
  await open('#/runs/r_1');
  await page.locator('.node').first().waitFor();
  await page.locator('[data-node="start"]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/node=clone/);
  await page.locator('.node-strip', { hasText: 'Clone the repository' }).waitFor();
  await page.getByText('6 of 33 lines').waitFor();
  await page.getByRole('tab', { name: 'Log' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/tab=timeline/);
  await soon(() => page.getByRole('tab', { name: 'Timeline' }).getAttribute('aria-selected'), 'true');
  const divider = page.getByRole('separator');
  const was = Number(await divider.getAttribute('aria-valuenow'));
  await divider.focus();
  await page.keyboard.press('ArrowLeft');
  await soon(async () => Number(await divider.getAttribute('aria-valuenow')), was - 2);
});

test('states move while one looks; nodes stay where they are', async () => {
  addRun(instance, byName.health, { id: 'r_1', until: 7 });
  await open('#/runs/r_1');
  const node = page.locator('[data-node="scripts"]');
  await node.and(page.locator('[data-status="pending"]')).waitFor();
  const place = await settled(page, () => node.boundingBox());
  const say = (type, data) => instance.log.append('run:r_1', type, { nodeId: 'scripts', attempt: 1, ...data });
  say('node.started', {});
  await node.and(page.locator('[data-status="running"]')).waitFor();
  say('node.failed', { error: { code: 'exit', message: 'exit 2' } });
  await node.and(page.locator('[data-status="error"]')).waitFor();
  await page.locator('[role="status"][aria-live]', { hasText: 'Check shell scripts: Failed' }).waitFor({ state: 'attached' });
  assert.deepEqual(await node.boundingBox(), place);
});

test('a phone shows the nodes as steps and the log in a sheet', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  addRun(instance, byName.long, { id: 'r_1' });
  await open('#/runs/r_1');
  await page.locator('.step').first().waitFor();
  await soon(() => page.locator('.step').count(), 13);
  await page.locator('.step-button[data-node="clone"]').click();
  await page.locator('.sheet-open .line', { hasText: 'Cloning into' }).waitFor();
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing is wider than the screen');
});

test('the form refuses what the params do not allow, and sends typed values', async () => {
  const inputs = [];
  instance.onRun = (_, { input }) => {
    inputs.push(input);
    return addRun(instance, byName.health, { id: 'r_new', until: 3 });
  };
  await open('#/workflows/repo-health');
  const form = page.locator('.run-form');
  await form.getByLabel('repo').fill('');
  await form.getByLabel('depth').fill('many');
  await page.getByRole('button', { name: 'Run workflow' }).click();
  await page.getByText('Enter a value.').waitFor();
  await page.getByText('Enter a number.').waitFor();
  assert.deepEqual(inputs, []);
  await form.getByLabel('repo').fill('https://example.org/x.git');
  await form.getByLabel('depth').fill('5');
  await form.getByLabel('level').selectOption('thorough');
  await page.getByRole('button', { name: 'Run workflow' }).click();
  await page.waitForURL(/#\/runs\/r_new/);
  assert.deepEqual(inputs, [{ repo: 'https://example.org/x.git', depth: 5, largeBytes: 1000000, ignore: ['vendor/', 'third_party/'], level: 'thorough', strict: true }]);
});

test('a server that is away: what happened, what to do, and a retry that works', async () => {
  instance.failure = 503;
  await open('#/workflows');
  await page.getByText('The server answered 503').waitFor();
  instance.failure = 0;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Nightly matrix').waitFor();
});

test('themes change only tokens and are remembered', async () => {
  await open('#/workflows');
  await page.getByLabel('Theme').selectOption('dracula');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await soon(ground, 'rgb(40, 42, 54)');
  await page.reload();
  await page.getByText('Nightly matrix').waitFor();
  await soon(ground, 'rgb(40, 42, 54)');
});
