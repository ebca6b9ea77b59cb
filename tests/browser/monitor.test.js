// The monitor's views over their topics, against a real instance: what is shown changes by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call as rest, onStage } from './stage.js';

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
  assert.deepEqual(await names(), ['Issue 11', 'Issue 12']);
  await page.getByRole('button', { name: 'Move Issue 12 up' }).click();
  await page.locator('tbody tr:first-child', { hasText: 'Issue 12' }).waitFor();
  await page.getByRole('button', { name: 'Pause the queue' }).click();
  await page.getByText('Paused: nothing that waits begins.').waitFor();
  assert.equal((await call('GET', 'api/queue')).paused, true);
  await page.getByRole('button', { name: 'Resume the queue' }).click();
  await page.getByText('2 entries wait').waitFor();
  await page.getByRole('button', { name: 'Remove Issue 11' }).click();
  await page.getByText('1 entry waits').waitFor();
  assert.equal((await call('GET', 'api/queue')).total, 1);
});

test('ADWs with their summary, routes with their counters, the parts of the system', async () => {
  await open('adws');
  await page.getByText('No ADW has told its state yet.').waitFor();
  await call('PUT', 'api/adws/adw-7', { status: 'running', issue_number: 7, nl_input: 'Make it so' });
  await page.locator('[data-adw="adw-7"]', { hasText: 'Make it so' }).waitFor();
  await page.locator('.figure', { hasText: 'Running' }).getByText('1', { exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Routes' }).click();
  await page.locator('tr', { hasText: 'PUT /api/adws/{id}' }).waitFor();
  await page.getByRole('tab', { name: 'System' }).click();
  await page.locator('[data-component="bridge"]', { hasText: 'Healthy' }).waitFor();
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
  assert.equal(await row.locator('time').count(), 3);
});

test('on a phone the chosen tab is in view, and two runs fit side by side', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open('system');
  await page.getByRole('tab', { name: 'System' }).waitFor();
  await page.waitForFunction(() => document.querySelector('[data-tab="system"]').getBoundingClientRect().right <= innerWidth);
  const nodes = [{ id: 'start', type: 'trigger', data: { kind: 'manual' } }, { id: 'primes', type: 'control', data: { kind: 'transform', expression: '[range(.input.n)]', label: 'Find all of the primes' } }];
  const runs = [];
  for (const n of [1, 200]) runs.push((await call('POST', 'api/workflows/two/run', { nodes, edges: [{ id: 'e', source: 'start', target: 'primes' }], input: { n } })).runId);
  for (const id of runs) while (!/success|error/.test((await call('GET', `api/runs/${id}`)).status)) await page.waitForTimeout(50);
  await page.goto(`${runspool.url}#/compare/${runs[1]}/${runs[0]}`);
  await page.locator('.places-row').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
});

test('an entry of the queue without an issue is named by its id', async () => {
  const { queue_id: id } = await call('POST', 'api/queue', { phase: 'plan' });
  await open('queue');
  await page.locator(`[data-entry="${id}"]`).getByText(id, { exact: true }).waitFor();
});
