// What the frame does for people: the badge and what it tells, keys, focus, notifications, signing in, sub-paths.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proxy } from './proxy.js';
import { call as rest, onStage } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const start = node('start', 'trigger', { kind: 'manual' });
const shell = (id, script) => node(id, 'tool', { kind: 'shell', command: ['sh', '-c', script] });
const begin = async (name, ...nodes) =>
  (await call('POST', `api/workflows/${name}/run`, { nodes: [start, ...nodes], edges: chain('start', ...nodes.map(({ id }) => id)) })).runId;
const cancel = (run) => call('POST', `api/runs/${run}/cancel`);
const badge = (state, door) => page.locator(`.badge[data-state="${state}"]${door ? `[data-door="${door}"]` : ''}`);

/** The page of a run that lasts, through a proxy; work(proxy, run). */
async function through(way, work) {
  const proxy = await new Proxy(runspool.url, way).start();
  const run = await begin('lasting', shell('wait', 'echo here; exec sleep 600'));
  try {
    await page.goto(`${proxy.url}#/runs/${run}`);
    await work(proxy, run);
  } finally {
    await cancel(run);
    await page.goto('about:blank');
    await proxy.close();
  }
}

test('the badge tells door and delay when it is pressed, by keyboard too, and closes with Escape', async () => {
  await through({}, async (proxy, run) => {
    await badge('live', 'websocket').waitFor();
    await call('POST', 'api/events', { stream: `run:${run}`, type: 'log', data: { level: 'info', message: 'again', nodeId: 'wait', source: 'stdout' } });
    await page.locator('.line', { hasText: 'again' }).waitFor();
    await badge('live').focus();
    await page.keyboard.press('Enter');
    const more = page.locator('#connection');
    await more.getByText('the fastest way').waitFor();
    await more.getByText(/^\d+ ms, half of 1 event within it$/).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Look into the connection');
    await page.keyboard.press('Escape');
    await more.waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => document.activeElement.className.split(' ')[0]), 'badge');
  });
});

test('on a poor way the badge asks why, and says what became of each door', async () => {
  await through({ noBridge: true }, async () => {
    await badge('live', 'polling').getByText('Why?').waitFor();
    await badge('live').click();
    const facts = page.locator('#connection .facts');
    await facts.waitFor();
    const told = Object.fromEntries(await facts.evaluate((list) => [...list.querySelectorAll('dt')].map((term) => [term.textContent, term.nextElementSibling.textContent])));
    assert.equal(told.Way, 'polling');
    assert.deepEqual([told.WebSocket, told.SSE, told['long poll']], ['Refused', 'Refused with 502', 'Refused with 502']);
    await page.getByRole('link', { name: 'Look into the connection' }).click();
    await page.waitForURL(/#\/doctor$/);
  });
});

test('a break: it counts down, not in red, tries at once when told to, and is live again', async () => {
  await through({}, async (proxy) => {
    await badge('live').waitFor();
    proxy.down = true;
    proxy.cut();
    await badge('reconnecting').waitFor();
    await page.getByText('The connection is broken.').waitFor({ state: 'attached' });
    const [dot, red] = await badge('reconnecting').locator('.badge-dot').evaluate((element) => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--error)';
      return [getComputedStyle(element).backgroundColor, getComputedStyle(probe).color];
    });
    assert.notEqual(dot, red);
    await badge('reconnecting').click();
    await page.locator('#connection dt', { hasText: 'Attempts' }).waitFor();
    await page.context().setOffline(true);
    await badge('offline').waitFor();
    await page.context().setOffline(false);
    proxy.down = false;
    await badge('live').waitFor();
    await page.getByText('Connected again.').waitFor({ state: 'attached' });
  });
});
