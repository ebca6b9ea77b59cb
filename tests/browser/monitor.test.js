// The monitor's views over their topics, against a real instance: what is shown changes by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call as rest, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const open = (view) => page.goto(`${runspool.url}#/monitor/${view}`);

test('active runs come and go by themselves', async () => {
  await open('active');
  await page.getByText('Nothing is queued or running.').waitFor();
  const { runId } = await call('POST', 'api/workflows/sleeper/run', {
    nodes: [{ id: 'start', type: 'trigger', data: { kind: 'manual' } }, { id: 'nap', type: 'tool', data: { kind: 'shell', command: ['sleep', '600'] } }],
    edges: [{ id: 'e', source: 'start', target: 'nap' }],
  });
  const row = page.locator(`tr[data-run="${runId}"]`);
  await row.getByText('Running').waitFor();
  await row.getByText('nap').waitFor();
  await call('POST', `api/runs/${runId}/cancel`);
  await row.waitFor({ state: 'detached' });
});

test('the queue: paused, moved, removed; what the server says stands', async () => {
  for (const issue of [11, 12]) await call('POST', 'api/queue', { issue_number: issue, phase: 1 });
  await open('queue');
  const names = () => page.locator('tbody tr .cell-main strong').allTextContents();
  await page.locator('tbody tr').nth(1).waitFor();
  await soon(names, ['Issue 11', 'Issue 12']);
  await page.getByRole('button', { name: 'Move Issue 12 up' }).click();
  await page.locator('tbody tr:first-child', { hasText: 'Issue 12' }).waitFor();
  await page.getByRole('button', { name: 'Pause the queue' }).click();
  await page.getByText('Paused: nothing that waits begins.').waitFor();
  await soon(async () => (await call('GET', 'api/queue')).paused, true); // it is shown before the server has it
  await page.getByRole('button', { name: 'Resume the queue' }).click();
  await page.getByText('2 entries wait').waitFor();
  await page.getByRole('button', { name: 'Remove Issue 11' }).click();
  await page.getByText('1 entry waits').waitFor();
  await soon(async () => (await call('GET', 'api/queue')).total, 1);
});

test('the queue by keyboard and by dragging; what is refused is taken back', async () => {
  const ids = [];
  for (const issue of [21, 22, 23, 24]) ids.push((await call('POST', 'api/queue', { issue_number: issue })).queue_id);
  await open('queue');
  const shown = () => page.locator('tbody tr .cell-main strong').allTextContents();
  const inOrder = (...issues) => page.waitForFunction((wanted) => [...document.querySelectorAll('tbody tr .cell-main strong')].map((cell) => cell.textContent).join().includes(wanted), issues.map((n) => `Issue ${n}`).join());
  const stored = (...issues) => soon(async () => (await call('GET', 'api/queue')).phases.map(({ issue_number: n }) => n).filter((n) => n > 20), issues);
  await inOrder(21, 22, 23, 24);
  const grip = page.getByRole('button', { name: 'Move Issue 24', exact: true });
  await grip.focus();
  await grip.press('ArrowUp');
  await inOrder(21, 22, 24, 23);
  await page.getByText('Issue 24 is now at place').waitFor({ state: 'attached' });
  await soon(() => grip.evaluate((button) => button === document.activeElement), true); // it can go on
  await grip.press('ArrowUp');
  await inOrder(21, 24, 22, 23);
  await stored(21, 24, 22, 23);
  const from = await page.getByRole('button', { name: 'Move Issue 21', exact: true }).boundingBox();
  const to = await page.locator('tbody tr', { hasText: 'Issue 23' }).boundingBox();
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(from.x + 5, to.y + to.height - 5, { steps: 5 });
  await inOrder(24, 22, 23, 21); // where it would go
  await page.mouse.up();
  await inOrder(24, 22, 23, 21);
  await stored(24, 22, 23, 21);

  let answer;
  const asked = new Promise((resolve) => {
    page.route('**/api/queue/*', (route) => {
      resolve();
      return new Promise((done) => (answer = () => done(route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"title":"No","detail":"it has begun"}' }))));
    });
  });
  const before = await shown();
  await page.evaluate(() => {
    window.orders = new Set();
    const note = () => orders.add([...document.querySelectorAll('tbody tr .cell-main strong')].map((cell) => cell.textContent).join());
    new MutationObserver(note).observe(document.querySelector('tbody'), { childList: true });
  });
  await page.getByRole('button', { name: 'Remove Issue 22' }).click();
  await asked;
  await page.locator('tbody tr', { hasText: 'Issue 22' }).waitFor({ state: 'detached' }); // at once
  answer();
  await page.locator('tbody tr', { hasText: 'Issue 22' }).waitFor();
  await page.getByText('it has begun').waitFor();
  await page.waitForFunction((wanted) => [...document.querySelectorAll('tbody tr .cell-main strong')].map((cell) => cell.textContent).join() === wanted, before.join());
  const without = before.filter((name) => name !== 'Issue 22').join();
  assert.deepEqual(await page.evaluate((those) => [...window.orders].filter((order) => !those.includes(order)), [before.join(), without]), []); // no earlier order meanwhile
  await page.unrouteAll();
  for (const id of ids) await call('DELETE', `api/queue/${id}`);
});

test('places in the queue: as few priorities as will do, and always the order asked for', async () => {
  const { moved, prioritiesFor } = await import('../../htdocs/app/pages/monitor/queue-order.js');
  const order = (a, b) => b.priority - a.priority || (a.created_at < b.created_at ? -1 : 1);
  const lists = [[0, 0, 0, 0], [3, 2, 1, 0], [1, 1, 0, 0, 0], [5, 5, 4, 4, 4, 0]];
  for (const priorities of lists)
    for (let from = 0; from < priorities.length; from++)
      for (let to = 0; to < priorities.length; to++) {
        const list = priorities.map((priority, i) => ({ queue_id: `q${i}`, priority, created_at: `${100 + ((i * 7) % priorities.length)}` })).sort(order);
        const wanted = moved(list, from, to);
        const changes = prioritiesFor(wanted, to);
        const got = list.map((entry) => ({ ...entry, priority: changes.get(entry.queue_id) ?? entry.priority })).sort(order);
        assert.deepEqual(got.map(({ queue_id: id }) => id), wanted.map(({ queue_id: id }) => id));
        assert(changes.size <= list.length / 2 + 1);
      }
});

test('ADWs with their summary, routes with their counters, the parts of the system', async () => {
  await open('adws');
  await page.getByText('No ADW has told its state yet.').waitFor();
  await call('PUT', 'api/adws/adw-7', { status: 'running', issue_number: 7, nl_input: 'Make it so' });
  await page.locator('[data-adw="adw-7"]', { hasText: 'Make it so' }).waitFor();
  const column = (status) => page.locator(`.board-column[data-status="${status}"]`);
  await column('running').locator('h2').getByText('1', { exact: true }).waitFor();
  await call('PATCH', 'api/adws/adw-7', { status: 'completed' });
  await column('completed').locator('[data-adw="adw-7"]').waitFor();
  await column('running').getByText('None').waitFor();
  await page.getByRole('tab', { name: 'Routes' }).click();
  await page.locator('tr', { hasText: 'PUT /api/adws/{id}' }).waitFor();
  await page.getByRole('tab', { name: 'System' }).click();
  await page.locator('[data-component="bridge"]', { hasText: 'Healthy' }).waitFor();
  await page.locator('[data-component="redis"]', { hasText: 'Set redis.url' }).waitFor(); // what to do
  await page.getByRole('tab', { name: 'Webhooks' }).click();
  await page.getByText('No webhook has come yet.').waitFor();
});

test('schedules with their next times', async () => {
  await call('PUT', 'api/workflows/nightly', {
    id: 'nightly', name: 'Nightly', nodes: [{ id: 'at', type: 'trigger', data: { kind: 'schedule', cron: '30 2 * * *', timezone: 'Europe/Berlin' } }], edges: [],
  });
  await open('schedules');
  const row = page.locator('tr', { hasText: 'nightly' });
  await row.getByText('30 2 * * * Europe/Berlin').waitFor();
  await soon(() => row.locator('time').count(), 3);
  await soon(() => row.locator('.next-times li').first().textContent(), /02:30.*here/); // by its own clock, and by this one's
  await row.getByRole('button', { name: 'Pause the schedule of nightly' }).click();
  await row.getByText('Paused').waitFor();
  await row.getByRole('button', { name: 'Resume the schedule of nightly' }).waitFor();
  await soon(async () => (await call('GET', 'api/schedules')).items[0].paused, true); // it is shown before the server has it
  await page.route('**/schedule/resume', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"title":"No","detail":"not now"}' }));
  await row.getByRole('button', { name: 'Resume the schedule of nightly' }).click();
  await page.getByText('not now').waitFor();
  await row.getByText('Paused').waitFor();
});

test('on a phone the chosen tab is in view, and two runs fit side by side', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open('system');
  await page.getByRole('tab', { name: 'System' }).waitFor();
  await page.waitForFunction(() => document.querySelector('[data-tab="system"]').getBoundingClientRect().right <= innerWidth);
  const nodes = [{ id: 'start', type: 'trigger', data: { kind: 'manual' } }, { id: 'primes', type: 'control', data: { kind: 'transform', expression: '[range(.input.n)]', label: 'Find all of the primes' } }];
  const runs = [];
  for (const n of [1, 200]) runs.push((await call('POST', 'api/workflows/two/run', { nodes, edges: [{ id: 'e', source: 'start', target: 'primes' }], input: { n } })).runId);
  for (const id of runs) await soon(async () => (await call('GET', `api/runs/${id}`)).status, 'success');
  await page.goto(`${runspool.url}#/compare/${runs[1]}/${runs[0]}`);
  await page.locator('.places-row').waitFor();
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
});

test('an entry of the queue without an issue is named by its id', async () => {
  const { queue_id: id } = await call('POST', 'api/queue', { phase: 'plan' });
  await open('queue');
  await page.locator(`[data-entry="${id}"]`).getByText(id, { exact: true }).waitFor();
});
