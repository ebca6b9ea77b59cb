// Crews, agents and tasks as they work, and scraping tools, against a real instance and a model that says what it is told.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { startModel } from './model.js';
import { call as rest, edgesInside, onStage, soon } from './stage.js';

let runspool, page, model;
onStage((now) => ({ runspool = runspool, page = page } = now), async () => [...(model = await startModel()).settings, 'runner.http_private=allow']);
after(() => model?.close());
const call = (...request) => rest(runspool, ...request);

const START = { id: 'start', type: 'trigger', data: { kind: 'manual' } };
const reply = (answer) => `!reply ${JSON.stringify(answer)}`;

test('without a crew the page says how a workflow gets one', async () => {
  await page.goto(`${runspool.url}#/monitor/crews`);
  await page.getByText('No workflow belongs to a crew yet.').waitFor();
  await page.getByText(/"crewId": "quality"/).waitFor();
});

test('a crew, its agents and tasks move as they work', async () => {
  await call('PUT', 'api/workflows/review', {
    id: 'review', name: 'Review', crewId: 'quality',
    nodes: [
      START,
      { id: 'critic', type: 'agent', data: { kind: 'agent', label: 'Critic', prompt: reply({ text: 'It lacks a test.', usage: { prompt_tokens: 30, completion_tokens: 12 } }) } },
      { id: 'writer', type: 'agent', data: { kind: 'agent', label: 'Writer', prompt: reply({ text: 'later', hold: 1 }) } },
    ],
    edges: [{ id: 'a', source: 'start', target: 'critic' }, { id: 'b', source: 'critic', target: 'writer' }],
  });
  await page.goto(`${runspool.url}#/monitor/crews`);
  await page.locator('[data-crew="quality"][data-signal="available"]').waitFor();
  const agent = (id, status) => page.locator(`.crew-box[data-agent="${id}"][data-status="${status}"]`);
  await agent('critic', 'pending').waitFor(); // known before anything ran
  const { runId } = await call('POST', 'api/workflows/review/run', {});
  await agent('writer', 'running').waitFor();
  await page.locator('[data-crew="quality"][data-signal="busy"]').waitFor();
  await agent('critic', 'success').waitFor();
  await page.locator('.crew-box[data-task="critic"]', { hasText: 'It lacks a test.' }).waitFor();
  const row = page.locator('.crew-agents tr[data-agent="critic"]');
  await row.locator('.crew-output', { hasText: 'It lacks a test.' }).waitFor();
  await row.getByText('42', { exact: true }).waitFor(); // tokens
  await soon(() => edgesInside(page.locator('.crew-canvas'), '.crew-edge'), true);
  await soon(() => page.locator('.crew-edge.running').count(), 2); // crew to writer, writer to its task
  await page.locator('.crew-box[data-crew="quality"]').click();
  await page.waitForURL(/#\/monitor\/crews\/quality$/);
  await page.locator(`tr[data-run="${runId}"]`).waitFor();
  await call('POST', `api/runs/${runId}/cancel`);
  await agent('writer', 'cancelled').waitFor();
  await page.locator('[data-crew="quality"][data-signal="available"]').waitFor();
  await page.reload(); // what the last run did is known to who comes later
  await row.locator('.crew-output', { hasText: 'It lacks a test.' }).waitFor();
});

test('a scraping tool at work, and then among those that worked last', async () => {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  const site = createServer(async (request, response) => {
    if (request.url === '/3') await gate;
    response.writeHead(request.url === '/2' ? 404 : 200, { 'Content-Type': 'text/html' }).end('<title>T</title><p>words</p>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  try {
    const urls = [1, 2, 3, 4].map((n) => `http://127.0.0.1:${site.address().port}/${n}`);
    await page.goto(`${runspool.url}#/monitor/scraping`);
    await page.getByText('Nothing has been scraped yet.').waitFor();
    const { runId } = await call('POST', 'api/workflows/gather/run', { nodes: [START, { id: 'pages', type: 'tool', data: { kind: 'scrape', urls, robots: false, concurrency: 1, perHost: 1, delayMs: 0 } }], edges: [{ id: 'e', source: 'start', target: 'pages' }] });
    const row = page.locator('tr[data-tool="pages"]');
    await row.getByText('Running').waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('tr[data-tool="pages"] .cell-number')].slice(0, 3).map((cell) => cell.textContent).join() === '1,1,1'); // done, failed, waiting
    await row.locator('.cell-sub', { hasText: /127\.0\.0\.1/ }).waitFor();
    open();
    await page.getByRole('heading', { name: 'Worked last' }).waitFor();
    await row.getByText('Success').waitFor();
    await soon(() => row.locator('.cell-number').evaluateAll((cells) => cells.slice(0, 2).map((cell) => cell.textContent)), ['3', '1']);
    await soon(() => row.locator('a').getAttribute('href'), new RegExp(`${runId}.*node=pages`));
  } finally {
    open();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  }
});
