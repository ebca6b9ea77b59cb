// Several tabs of a site share one connection, whichever of them goes; the bridge's own count says so.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { connectStreams } from '../../htdocs/client/index.js';
import { launch } from './browser.js';
import { Instance } from './mock/instance.js';
import { WebSocket } from './modules.js';
import { startRunspool } from './runspool.js';

const PATIENCE_MS = 60000;
let browser, context, runspool;

before(async () => {
  [browser, runspool] = await Promise.all([launch(), startRunspool()]);
});
after(async () => {
  await browser?.close();
  await runspool?.close();
});
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(() => context.close());

async function until(what, condition) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await condition();
    if (seen === true) return;
    if (Date.now() > deadline) throw new Error(`not so: ${what}; but ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function connections() {
  const text = await (await fetch(new URL('metrics', runspool.url))).text();
  return Object.fromEntries([...text.matchAll(/^runspool_connections\{door="(\w+)"\} (\d+)/gm)].map(([, door, n]) => [door, Number(n)]));
}
const sockets = (wanted) => until(`${wanted} WebSockets`, async () => {
  const { ws } = await connections();
  return ws === wanted || ws;
});

async function emit(stream, n) {
  const response = await fetch(new URL('api/events', runspool.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ stream, type: 'log', data: { n } }),
  });
  assert.equal(response.status, 202);
}

/** A tab that follows these streams and endpoints, and keeps the numbers that came. */
async function tab({ streams = [], paths = [], base = runspool.url }) {
  const page = await context.newPage();
  await page.goto(new URL('css/base.css', base).href);
  await page.evaluate(async ([base, followed, endpoints]) => {
    const { connectStreams, Live } = await import(`${base}client/index.js`);
    window.got = followed.map(() => []);
    window.messages = endpoints.map(() => []);
    window.lives = [
      ...followed.map((stream, i) => connectStreams([stream], ({ data }) => window.got[i].push(data.n), { since: 'start' })),
      ...endpoints.map((path, i) => new Live({ path, onMessage: (message) => window.messages[i].push(message.type) })),
    ];
  }, [base, streams, paths]);
  page.live = () => page.waitForFunction(() => window.lives.every(({ status }) => status.state === 'live'), null, { timeout: PATIENCE_MS });
  page.has = (i, wanted) => until(`tab has ${wanted}`, async () => {
    const got = await page.evaluate((at) => window.got[at], i);
    return got.length >= wanted.length ? (assert.deepEqual(got, wanted), true) : got;
  });
  return page;
}

test('three tabs with three subscriptions each have one connection, and each gets everything once', async () => {
  const streams = ['adw:tabs-a', 'adw:tabs-b', 'system'];
  await emit(streams[0], 1);
  const tabs = [await tab({ streams }), await tab({ streams }), await tab({ streams })];
  for (const page of tabs) await page.live();
  await sockets(1);
  await emit(streams[0], 2);
  await emit(streams[1], 3);
  for (const page of tabs) {
    await page.has(0, [1, 2]);
    await page.has(1, [3]);
  }
  await sockets(1);
});

test('when the tab that holds the connection is closed another takes over: nothing is missing, nothing double', async () => {
  const streams = ['adw:tabs-c'];
  const tabs = [await tab({ streams }), await tab({ streams }), await tab({ streams })];
  for (const page of tabs) await page.live();
  await emit(streams[0], 1);
  for (const page of tabs) await page.has(0, [1]);
  await tabs[0].close();
  await emit(streams[0], 2);
  await emit(streams[0], 3);
  for (const page of tabs.slice(1)) await page.has(0, [1, 2, 3]);
  await sockets(1);
  await tabs[1].close();
  await emit(streams[0], 4);
  await tabs[2].has(0, [1, 2, 3, 4]);
  await sockets(1);
  await tabs[2].close();
  await sockets(0);
});

test('a dialect endpoint has one connection for all tabs; who comes later gets its opening too', async () => {
  const paths = ['/scraping/tabs'];
  const first = await tab({ paths });
  await first.live();
  const second = await tab({ paths });
  await second.live();
  await sockets(1);
  for (const page of [first, second]) {
    await until('the opening', async () => {
      const [types] = await page.evaluate(() => window.messages);
      return (types.length === 1 && types[0] === 'connected') || types;
    });
  }
  await second.close();
  await first.close();
  await sockets(0);
});

test('a leader that does not answer is left to itself', async () => {
  const streams = ['adw:tabs-d'];
  const page = await context.newPage();
  await page.goto(new URL('css/base.css', runspool.url).href);
  // Something that holds the lock, and never says a word.
  await page.evaluate((base) => new Promise((held) => {
    navigator.locks.request(`runspool ${base} `, () => (held(), new Promise(() => {})));
  }), runspool.url);
  await emit(streams[0], 1);
  const alone = await tab({ streams });
  await alone.has(0, [1]);
  await sockets(1);
});

test('subscriptions that begin at different places while events come share one socket, and each has all of its own', async () => {
  const stream = 'adw:tabs-e';
  const all = [];
  const follow = (since) => {
    const got = [];
    const live = connectStreams([stream], ({ data }) => got.push(data.n), { since, base: runspool.url, WebSocket });
    all.push({ live, got });
    return got;
  };
  const first = follow('start');
  for (let n = 1; n <= 60; n++) {
    await emit(stream, n);
    if (n % 15 === 0) follow('start');
    if (n === 30) {
      await until('half', () => first.length >= 20);
      follow(all[0].live.cursor);
    }
  }
  await until('the last', () => all.every(({ got }) => got.at(-1) === 60) || all.map(({ got }) => got.at(-1)));
  await sockets(1);
  for (const { got } of all) assert.deepEqual(got, Array.from({ length: got.length }, (_, i) => 61 - got.length + i));
  assert.deepEqual(all.map(({ got }) => got.length).filter((n) => n === 60).length, 5);
  for (const { live } of all) live.close();
  await sockets(0);
});

test('without WebSocket the streams of all tabs leave connections for requests', async () => {
  const webroot = process.env.RUNSPOOL_WEBROOT ?? new URL('../../build/webroot', import.meta.url).pathname;
  const instance = await new Instance({ webroot }).start();
  try {
    instance.doors.websocket = 'refused';
    const streams = Array.from({ length: 8 }, (_, i) => `run:r_${i}`); // a browser opens six connections to a host
    for (const stream of streams) instance.log.append(stream, 'log', { n: 1 });
    const tabs = [await tab({ streams, base: instance.url }), await tab({ streams, base: instance.url })];
    for (const page of tabs) await page.live();
    const status = await tabs[1].evaluate((base) => fetch(`${base}api/workflows`).then((response) => response.status), instance.url);
    assert.equal(status, 200);
    for (const stream of streams) instance.log.append(stream, 'log', { n: 2 });
    for (const page of tabs) for (const i of streams.keys()) await page.has(i, [1, 2]);
  } finally {
    await context.close();
    await instance.close();
  }
});
