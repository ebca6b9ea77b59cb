// The bridge's figures as charts that move, with a table behind each, in all themes; the history's charts with 10,000 runs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { call as rest, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const START = { id: 'start', type: 'trigger', data: { kind: 'manual' } };
const figure = (title) => page.locator('.chart', { hasText: title });
const drawn = (title) => figure(title).locator('canvas').waitFor();
const nodes = [START, { id: 'talk', type: 'tool', data: { kind: 'shell', command: ['sh', '-c', 'for i in 1 2 3 4 5; do echo $i; done'] } }];
const edges = [{ id: 'e', source: 'start', target: 'talk' }];

test('figures move, and the time of deliveries is measured', async () => {
  await page.goto(`${runspool.url}#/monitor/metrics`);
  await drawn('Events a second');
  const other = await page.context().browser().newPage(); // somebody to deliver to
  try {
    const { runId } = await call('POST', 'api/workflows/talker/run', { nodes, edges });
    await other.goto(`${runspool.url}#/runs/${runId}`);
    await other.locator('.run-state[data-status="success"]').waitFor();
    const { runId: later } = await call('POST', 'api/workflows/talker/run', { nodes: [START, { id: 'wait', type: 'tool', data: { kind: 'shell', command: ['sh', '-c', 'while :; do echo tick; sleep 0.2; done'] } }], edges: [{ id: 'e', source: 'start', target: 'wait' }] });
    await other.goto(`${runspool.url}#/runs/${later}`);
    await figure('Delivery').locator('.chart-now', { hasText: /^[\d.,]+ ms$/ }).waitFor();
    await call('POST', `api/runs/${later}/cancel`);
    await soon(() => figure('Delivery').locator('.chart-now').textContent(), (words) => Number.parseFloat(words.replace(',', '')) > 0);
    await figure('Connections').locator('summary').click();
    const newest = () => figure('Connections').locator('.chart-rows tbody tr').last().locator('th').textContent();
    const before = await newest();
    await page.waitForFunction((was) => [...document.querySelectorAll('.chart')].find((c) => c.textContent.includes('Connections')).querySelector('.chart-rows tbody tr:last-child th').textContent !== was, before);
    const sockets = Number(await figure('Connections').locator('.chart-rows tbody tr').last().locator('td').first().textContent());
    assert(sockets >= 2, `${sockets} sockets`);
  } finally {
    await other.close();
  }
});

test('nobody is told anything while the page is not open', async () => {
  await page.goto(`${runspool.url}#/monitor/metrics`);
  await drawn('Memory');
  await page.goto(`${runspool.url}#/monitor/schedules`); // which follows nothing
  await page.getByText('No workflow has a schedule.').waitFor();
  await soon(async () => {
    const { times, deliveries_per_s: deliveries, subscriptions } = await call('GET', 'api/metrics');
    assert(times.length > 1 && times.length <= 119);
    return [subscriptions.at(-1), deliveries.at(-1)];
  }, [0, 0]);
});

test('a chart follows the theme', async () => {
  await page.goto(`${runspool.url}#/monitor/metrics`);
  await drawn('Memory');
  const ink = () => figure('Memory').locator('.u-marker').last().evaluate((marker) => getComputedStyle(marker).borderTopColor);
  const seen = new Set([await ink()]);
  for (const theme of ['dracula', 'dark']) {
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
    await page.waitForFunction((colors) => {
      const marker = [...[...document.querySelectorAll('.chart')].find((c) => c.textContent.includes('Memory')).querySelectorAll('.u-marker')].at(-1);
      return marker && !colors.includes(getComputedStyle(marker).borderTopColor);
    }, [...seen]);
    seen.add(await ink());
  }
  assert.equal(seen.size, 3);
});

const DAY_MS = 86400000;

/** 10,000 ended runs over 50 days, 200 a day: of each ten one failed; n takes n ms. */
function fill() {
  const rows = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=20)
cursor = db.execute("SELECT * FROM run LIMIT 1")
columns = [c[0] for c in cursor.description]
base = dict(zip(columns, cursor.fetchone()))
today = int(time.time() * 1000) // ${DAY_MS}
n = db.execute("SELECT MAX(n) FROM run").fetchone()[0]
for i in range(10000):
    end = (today - 50 + i // 200) * ${DAY_MS} + 3600000 + i % 200 * 1000
    took = i % 200 + 1
    row = dict(base, n=n + i + 1, id=f"r_h{i}", workflow_id="many", name=f"Many {i}", status="error" if i % 10 == 0 else "success", created=end - took - 5, started=end - took, finished=end)
    db.execute(f"INSERT INTO run ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})", [row[c] for c in columns])
db.commit()`;
  execFileSync('python3', ['-c', rows, `${runspool.data}/runspool.db`]);
}

test('the history of 10,000 runs: charts of all of them, pages that stay as they are', async () => {
  const { runId: one } = await call('POST', 'api/workflows/one/run', { nodes: [START], edges: [] });
  await soon(async () => (await call('GET', `api/runs/${one}`)).status, 'success');
  fill(); // like this one
  await page.goto(`${runspool.url}#/history?workflow=many`);
  await page.locator('.figure', { hasText: 'Runs' }).getByText('10,000', { exact: true }).waitFor();
  await drawn('Runs a day, by how they ended');
  const rowsOf = async (title) => {
    await figure(title).locator('summary').press('Enter'); // by the keyboard
    return figure(title).locator('.chart-rows tbody tr').evaluateAll((rows) => rows.map((tr) => [...tr.cells].map((cell) => cell.textContent)));
  };
  const ends = await rowsOf('Runs a day, by how they ended');
  assert.equal(ends.length, 50);
  for (const [, cancelled, failed, good] of ends) assert.deepEqual([cancelled, failed, good], ['0', '20', '180']);
  for (const [, p95, p50] of await rowsOf('Duration')) assert.deepEqual([p95, p50], ['190 ms', '100 ms']);
  for (const [, rate] of await rowsOf('Success a day')) assert.equal(rate, '90 %');

  const first = () => page.locator('tr[data-run]').first().getAttribute('data-run');
  await page.getByRole('button', { name: 'Older' }).click();
  await page.getByText('Page 2 of 200').waitFor();
  await page.waitForFunction(() => document.querySelector('tr[data-run]').dataset.run === 'r_h9949');
  const { runId } = await call('POST', 'api/workflows/many/run', { name: 'One more', nodes: [START], edges: [] });
  await page.waitForFunction(async (id) => /success/.test((await (await fetch(`api/runs/${id}`)).json()).status), runId);
  await page.getByRole('button', { name: 'Older' }).click();
  await page.getByText('Page 3 of 200').waitFor();
  await page.waitForFunction(() => document.querySelector('tr[data-run]').dataset.run === 'r_h9899');
  for (const p of [2, 1]) {
    await page.getByRole('button', { name: 'Newer' }).click();
    await page.getByText(`Page ${p} of 20`).waitFor();
  }
  await page.locator(`tr[data-run="${runId}"]`).waitFor();
  await soon(first, runId);
});
