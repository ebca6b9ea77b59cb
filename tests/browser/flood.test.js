// A run that prints 5,000 lines a second while one looks at it: the page draws by frames and not by events, takes what one
// types, and has every line in the end. How long things take is for tests/bench/bench_page.js.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { call, onStage } from './stage.js';

const LINES = 15000;
const PRINT = '$| = 1; for my $s (1 .. 60) { print map { "line " . ++$n . "\\n" } 1 .. 250; select undef, undef, undef, 0.05 }';
let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });

test('5,000 lines a second: drawn by frames, none missing, the field takes what is typed meanwhile', async () => {
  const { runId } = await call(runspool, 'POST', 'api/workflows/flood/run', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('ask', 'control', { kind: 'approval', message: 'Go?' }), node('print', 'tool', { kind: 'shell', command: ['perl', '-e', PRINT] })],
    edges: [{ id: 'a', source: 'start', target: 'ask' }, { id: 'b', source: 'ask', target: 'print', sourceHandle: 'approved' }],
  });
  await page.goto(`${runspool.url}#/runs/${runId}`);
  await page.getByRole('button', { name: 'Approve' }).waitFor();
  await page.evaluate(() => {
    window.drawn = { frames: 0, changes: 0 };
    const frame = () => requestAnimationFrame(() => (drawn.frames++, frame()));
    frame();
    new MutationObserver(() => drawn.changes++).observe(document.querySelector('.log-rows'), { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.locator('.line', { hasText: /line \d{4}$/ }).first().waitFor();
  await page.getByPlaceholder('Search the log').fill(`line ${LINES}`);
  await page.getByText(/^Complete, /).waitFor({ timeout: 60000 });
  await page.getByText('1 match', { exact: true }).waitFor();

  const { frames, changes } = await page.evaluate(() => window.drawn);
  assert(changes <= frames + 10, `the log was changed ${changes} times in ${frames} frames`);
  let events = 0;
  for (let cursor = '0'; cursor; ) {
    const { items, next } = await call(runspool, 'GET', `api/runs/${runId}/events?limit=10000&cursor=${cursor}`);
    events += items.length;
    cursor = next;
  }
  await page.getByText(`Complete, ${events.toLocaleString('en')} events`, { exact: true }).waitFor();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const lines = (await readFile(await (await saved).path(), 'utf8')).split('\n').flatMap((line) => line.match(/\tline (\d+)$/)?.slice(1) ?? []);
  assert.deepEqual(lines.map(Number), Array.from({ length: LINES }, (_, i) => i + 1));
});
