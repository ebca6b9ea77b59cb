// Chromium's own EventSource on the bridge, which asks for gzip by itself: events come as they are written, though nothing
// follows them, and what ends is an end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now), async () => ['bridge.heartbeat=5m']);

/** Follow a path in the page: what comes is in `got` there. Gives the response's headers. */
async function listen(path) {
  await page.goto(runspool.url);
  const answer = page.waitForResponse((response) => response.url().endsWith(path));
  await page.evaluate((at) => {
    globalThis.got = [];
    globalThis.source = new EventSource(at);
    source.onmessage = ({ data, lastEventId }) => got.push({ ...JSON.parse(data), cursor: lastEventId });
  }, path);
  return (await answer).headers();
}
const got = () => page.evaluate(() => globalThis.got);

test('each event is there while nothing follows it, as gzip', async () => {
  const headers = await listen('sse?stream=tool:zip');
  assert.equal(headers['content-encoding'], 'gzip');
  assert.match(headers.vary, /Accept-Encoding/);
  await soon(async () => (await got()).map(({ op }) => op), ['hello']);
  for (let n = 1; n < 8; n++) {
    await runspool.run('emit', 'tool:zip', 'log', JSON.stringify({ level: 'info', message: `größer 🌱 ${'abc '.repeat(n * n)}` }));
    const { data, id, cursor } = await soon(async () => (await got())[n], (message) => message !== undefined);
    assert.equal(data.message, `größer 🌱 ${'abc '.repeat(n * n)}`);
    assert.equal(cursor, id);
  }
});

test('a run that ends, ends its stream: all came, and it is not asked for again', async () => {
  const nodes = [
    { id: 'start', type: 'trigger', data: { kind: 'manual' } },
    { id: 'say', type: 'tool', data: { kind: 'shell', command: ['seq', '1', '200'] } },
  ];
  const { runId } = await call(runspool, 'POST', 'api/workflows/counted/run', { nodes, edges: [{ id: 'e', source: 'start', target: 'say' }] });
  const headers = await listen(`sse/runs/${runId}`);
  assert.equal(headers['content-encoding'], 'gzip');
  await soon(() => page.evaluate(() => globalThis.source.readyState), 2);
  const messages = await got();
  assert.equal(messages.at(-1).type, 'done');
  const ids = messages.map(({ id: one }) => one).filter(Boolean);
  assert.equal(new Set(ids).size, ids.length);
});
