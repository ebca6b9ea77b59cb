// The list of runs: live without asking again and again, filtered and ordered by the address, thousands of rows, actions that
// are taken back when the server refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proxy } from './proxy.js';
import { call as rest, onStage, settled, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const START = { id: 'start', type: 'trigger', data: { kind: 'manual' } };
const flow = (name, data) => ({ name, nodes: [START, { id: 'work', ...data }], edges: [{ id: 'e', source: 'start', target: 'work' }] });
const sleeper = flow('Sleeper', { type: 'tool', data: { kind: 'shell', command: ['sleep', '600'] } });
const quick = flow('Quick', { type: 'control', data: { kind: 'transform', expression: '1' } });
const broken = flow('Broken', { type: 'control', data: { kind: 'transform', expression: 'error("no")' } });
const start = async (id, definition) => (await call('POST', `api/workflows/${id}/run`, definition)).runId;
const row = (id) => page.locator(`tr[data-run="${id}"]`);
const inState = (id, status) => page.locator(`tr[data-run="${id}"][data-status="${status}"]`).waitFor();

test('new runs come and their states turn, without asking for the list again', async () => {
  await page.goto(`${runspool.url}#/runs`);
  await page.getByText('Nothing has run yet.').waitFor();
  let asked = 0;
  page.on('request', (request) => (asked += /\/api\/(runs|workflow-history|workflows\/active)(\?|$|\/)/.test(request.url())));
  const id = await start('sleeper', sleeper);
  await inState(id, 'running');
  await call('POST', `api/runs/${id}/cancel`);
  await inState(id, 'cancelled');
  const done = await start('quick', quick);
  await inState(done, 'success');
  await soon(() => page.locator('tr[data-run]').evaluateAll((rows) => rows.map((tr) => tr.dataset.run)), [done, id]);
  assert(asked <= 4, `asked ${asked} times`);
});

test('the address holds filters and order', async () => {
  const failed = await start('broken', broken);
  const good = await start('quick', quick);
  await page.goto(`${runspool.url}#/runs?status=error`);
  await inState(failed, 'error');
  await soon(() => row(good).count(), 0);
  await page.getByRole('group', { name: 'State' }).getByRole('button', { name: 'All' }).click();
  await row(good).waitFor();
  await page.getByRole('searchbox', { name: 'Find a run' }).fill('brok');
  await page.waitForURL(/q=brok/);
  await row(good).waitFor({ state: 'detached' });
  await row(failed).waitFor();
  await page.reload();
  await row(failed).waitFor();
  await soon(() => row(good).count(), 0);
  const another = await start('broken', broken); // a new one that matches comes by itself
  await inState(another, 'error');
  await page.getByRole('searchbox').fill('');
  await row(good).waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL(/sort=name/);
  const names = await page.locator('tr[data-run] .cell-main a').allTextContents();
  assert.deepEqual(names, [...names].sort());
  await page.goto(`${runspool.url}#/runs?q=nothing-is-called-so&span=day`);
  await page.getByText('No run matches.').waitFor();
});

test('what a row does is shown at once, and taken back when it is refused', async () => {
  const id = await start('sleeper', sleeper);
  await page.goto(`${runspool.url}#/runs`);
  await inState(id, 'running');
  let answer;
  const asked = new Promise((resolve) => {
    page.route(`**/api/runs/${id}/cancel`, (route) => {
      resolve();
      return new Promise((done) => (answer = () => done(route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"title":"No","detail":"not today"}' }))));
    });
  });
  await row(id).getByRole('button', { name: 'Cancel: Sleeper' }).click();
  await asked;
  await row(id).getByText('Cancelling').waitFor(); // before there is an answer
  answer();
  await inState(id, 'running');
  await page.getByText(/Cancel did not work for Sleeper.*not today/).waitFor();
  await page.unroute(`**/api/runs/${id}/cancel`);
  await row(id).getByRole('button', { name: 'Cancel: Sleeper' }).click();
  await inState(id, 'cancelled');
  await row(id).getByText('Cancelled').waitFor();
  await row(id).getByRole('button', { name: 'Start over: Sleeper' }).click();
  await inState(id, 'running');
  await call('POST', `api/runs/${id}/cancel`);
});

test('thousands of rows: few are drawn, and a new run moves nothing while one reads', async () => {
  const THOUSANDS = 4000;
  let given = false;
  await page.route('**/api/runs?*', async (route) => {
    const response = await route.fetch();
    const page_ = await response.json();
    const last = Date.parse(page_.items.at(-1).createdAt);
    const older = Array.from({ length: THOUSANDS }, (_, i) => ({ ...page_.items[0], id: `r_old${i}`, name: `Old ${i}`, status: 'success', durationMs: i, createdAt: new Date(last - 1000 * (i + 1)).toISOString() }));
    if (!given) page_.items.push(...older);
    given = true;
    await route.fulfill({ response, json: { ...page_, next: null } });
  });
  await page.goto(`${runspool.url}#/runs`);
  await row('r_old0').waitFor();
  await soon(() => page.locator('tr[data-run]').count(), (n) => n > 0 && n <= 120);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await row(`r_old${THOUSANDS - 1}`).waitFor();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  await page.waitForFunction((n) => document.elementFromPoint(300, 400)?.closest('tr')?.dataset.run > `r_old${n}`, 1);
  const at = () => page.evaluate(() => {
    const tr = document.elementFromPoint(300, 400).closest('tr');
    return [tr.dataset.run, Math.round(tr.getBoundingClientRect().top)];
  });
  const before = await settled(page, at);
  const id = await start('quick', quick);
  const show = page.getByRole('button', { name: 'Show 1 new run' });
  await show.waitFor();
  assert.deepEqual(await at(), before);
  await show.click();
  await inState(id, 'success');
});

test('a list that cannot be had says so, and is tried again', async () => {
  let asked = 0;
  await page.route('**/api/runs?*', (route) => (asked++, route.abort()));
  await page.goto(`${runspool.url}#/runs`);
  await page.getByRole('alert').getByText('The server did not answer.').waitFor();
  await soon(() => page.getByText('Nothing has run yet.').count(), 0);
  const before = asked;
  await page.getByRole('button', { name: 'Try again' }).click();
  await soon(() => asked > before, true);
  await page.unrouteAll();
  await page.evaluate(() => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Try again')?.click()); // unless it was quicker itself
  await page.locator('tr[data-run]').first().waitFor();
});

test('without the server the list keeps what it has and says so', async () => {
  const known = await start('quick', quick);
  const proxy = await new Proxy(runspool.url, {}).start();
  let id;
  try {
    await page.goto(`${proxy.url}#/runs`);
    await inState(known, 'success');
    id = await start('quick', quick); // seen only by who is live
    await inState(id, 'success');
  } finally {
    await proxy.close();
  }
  await page.getByText('Not live at the moment').waitFor();
  await row(id).waitFor();
});
