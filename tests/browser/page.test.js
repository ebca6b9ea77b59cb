// The dashboard against a real instance: an example is run by its form, and every node turns green and every line comes,
// over each of the four ways.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { launch } from './browser.js';
import { Proxy, WAYS } from './proxy.js';
import { startRunspool } from './runspool.js';
import { PATIENCE_MS, soon } from './stage.js';

const git = promisify(execFile);
const BADGE = { websocket: 'WebSocket', sse: 'SSE', 'long-poll': 'long poll', polling: 'polling' };
const RUN_MS = 120000;
let browser, runspool, repo;

// A small repository of our own, so that the run is the same wherever the tests are.
async function makeRepository() {
  const folder = await mkdtemp(join(tmpdir(), 'runspool-repo-'));
  const run = (...args) => git('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd: folder });
  await run('init', '-q');
  await writeFile(join(folder, 'README.md'), '# Sample\n\nSee [the guide](docs/guide.md).\n');
  await writeFile(join(folder, 'main.c'), 'int main(void)\n{\n    return 0; // TODO: do something\n}\n');
  await writeFile(join(folder, 'good.sh'), '#!/bin/sh\necho hello\n');
  await run('add', '.');
  await run('commit', '-q', '-m', 'First');
  return folder;
}

before(async () => {
  [browser, runspool, repo] = await Promise.all([launch(), startRunspool(), makeRepository()]);
  await runspool.import('repo-health');
});
after(async () => {
  await browser?.close();
  await runspool?.close();
  if (repo) await rm(repo, { recursive: true, force: true });
});

async function withPage(way, work) {
  const proxy = await new Proxy(runspool.url, way).start();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const broken = [];
  page.on('pageerror', (error) => broken.push(error.message));
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && broken.push(message.text()));
  try {
    await work(page, proxy);
    assert.deepEqual(broken, []);
  } finally {
    await page.close();
    await proxy.close();
  }
}

async function eventsOf(runId) {
  const events = [];
  for (let cursor = null; ; ) {
    const url = new URL(`api/runs/${runId}/events?limit=500${cursor ? `&cursor=${cursor}` : ''}`, runspool.url);
    const { items, next } = await (await fetch(url)).json();
    events.push(...items);
    if (!next) return events;
    cursor = next;
  }
}

for (const [door, way] of Object.entries(WAYS)) {
  test(`repo-health from the form, every node green, every line, through ${BADGE[door]}`, async () => {
    await withPage(way, async (page, proxy) => {
      await page.goto(`${proxy.url}#/workflows`);
      await page.getByRole('link', { name: 'Repository health', exact: true }).click();
      await page.getByLabel('repo', { exact: true }).fill(repo);
      await page.getByRole('button', { name: 'Run workflow' }).click();
      await page.waitForURL(/#\/runs\/r_/);
      const runId = page.url().match(/runs\/([\w.-]+)/)[1];
      await page.locator(`.badge[data-door="${door}"]`, { hasText: BADGE[door] }).waitFor();
      await page.locator('.run-state[data-status="success"]').waitFor({ timeout: RUN_MS });

      const record = await (await fetch(new URL(`api/runs/${runId}`, runspool.url))).json();
      const ids = record.graph.nodes.map(({ id }) => id);
      for (const id of ids) await page.locator(`[data-node="${id}"][data-status="success"]`).waitFor();
      await soon(() => page.locator('.node').count(), ids.length);

      // The page shows a line for each log event and each node that finished, in the log's order, once.
      const events = await eventsOf(runId);
      const wanted = events.filter(({ type }) => type === 'log' || type === 'node.finished').map(({ id }) => id);
      assert(events.some(({ type }) => type === 'log'), 'the run wrote something');
      await page.getByText(`${new Intl.NumberFormat('en').format(wanted.length)} lines`, { exact: true }).waitFor();
      const shown = new Set();
      const scroller = page.locator('.log-scroll');
      const height = await scroller.evaluate((element) => element.scrollHeight);
      for (let top = 0; top <= height; top += 400) {
        await scroller.evaluate((element, to) => element.scrollTo(0, to), top);
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        for (const id of await page.locator('.line').evaluateAll((lines) => lines.map(({ dataset }) => dataset.line))) shown.add(id);
      }
      assert.deepEqual([...shown].sort((a, b) => a - b), wanted);

      await page.getByRole('tab', { name: 'Results' }).click();
      await page.locator('.report').waitFor();
      await page.getByRole('heading', { name: 'Result', exact: true }).waitFor();
    });
  });
}

test('a finished run looks the same from history', async () => {
  await withPage({}, async (page, proxy) => {
    const { items } = await (await fetch(new URL('api/runs?workflow=repo-health&limit=1', runspool.url))).json();
    await page.goto(`${proxy.url}#/runs/${items[0].id}`);
    await page.locator('.run-state[data-status="success"]').waitFor();
    const lines = (await eventsOf(items[0].id)).filter(({ type }) => type === 'log' || type === 'node.finished').length;
    await page.getByText(`${new Intl.NumberFormat('en').format(lines)} lines`, { exact: true }).waitFor();
    await soon(() => page.locator('.node[data-status="success"]').count(), await page.locator('.node').count());
  });
});

test('a run is cancelled and run again from its page', async () => {
  const id = 'sleeper';
  const nodes = [
    { id: 'start', type: 'trigger', data: { kind: 'manual' } },
    { id: 'wait', type: 'tool', data: { kind: 'shell', command: ['sh', '-c', 'echo ready; exec sleep 600'] } },
  ];
  const edges = [{ id: 'e', source: 'start', target: 'wait' }];
  const started = await fetch(new URL(`api/workflows/${id}/run`, runspool.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ nodes, edges }),
  });
  const { runId } = await started.json();
  await withPage({}, async (page, proxy) => {
    await page.goto(`${proxy.url}#/runs/${runId}`);
    await page.locator('.line', { hasText: 'ready' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.run-state[data-status="cancelled"]').waitFor();
    await page.getByRole('button', { name: 'More to do with this run' }).click();
    await page.getByRole('menuitem', { name: 'Run again', exact: true }).click();
    await page.waitForURL((url) => /#\/runs\/r_/.test(url.hash) && !url.hash.includes(runId));
    await page.locator('.line', { hasText: 'ready' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.run-state[data-status="cancelled"]').waitFor();
  });
});
