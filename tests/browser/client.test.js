// The client library's doors, against an instance whose doors can be shut, made mute or cut.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { comparePositions, connectStreams, doors } from '../../htdocs/client/index.js';
import { afterGap } from '../../htdocs/client/cursor.js';
import { Backoff } from '../../htdocs/client/backoff.js';
import { sseParser } from '../../htdocs/client/doors/sse.js';
import { Instance } from './mock/instance.js';
import { WebSocket } from './modules.js';

const STREAM = 'run:r_1';
const PATIENCE_MS = 60000;
let instance;
let following = [];

beforeEach(async () => {
  instance = await new Instance().start();
});
afterEach(async () => {
  for (const one of following) one.live.close();
  following = [];
  await instance.close();
});

/** A subscription that keeps what it got and can be waited on. */
function follow(since = 'start', options = {}) {
  const got = { events: [], statuses: [], gaps: [] };
  got.live = connectStreams([STREAM], (event) => got.events.push(event.data.n), {
    since,
    base: instance.url,
    WebSocket,
    onStatus: (status) => got.statuses.push(status),
    onGap: (gap) => got.gaps.push(gap),
    ...options,
  });
  got.until = (condition) =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + PATIENCE_MS;
      const look = () => {
        if (condition()) resolve();
        else if (Date.now() < deadline) setTimeout(look, 5);
        else reject(new Error(`not so: ${condition}, but ${JSON.stringify([got.live.status, got.live.cursor, got.events.at(-1)])}`));
      };
      look();
    });
  got.has = (n) => got.until(() => got.events.at(-1) === n);
  got.through = (door) => got.until(() => got.live.status.state === 'live' && got.live.status.door === door);
  following.push(got);
  return got;
}

const append = (...numbers) => {
  for (const n of numbers) instance.log.append(STREAM, 'log', { n });
};
const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

for (const door of doors) {
  test(`history and live through ${door.name}`, async () => {
    append(1, 2, 3);
    const got = follow('start', { doors: [door] });
    await got.has(3);
    await got.through(door.name);
    append(4);
    instance.log.append('run:other', 'log', { n: 99 });
    append(5);
    await got.has(5);
    assert.deepEqual(got.events, upTo(5));
  });

  test(`a cut of ${door.name} loses and repeats nothing`, async () => {
    append(1, 2);
    const got = follow('start', { doors: [door] });
    await got.has(2);
    instance.cut();
    append(3, 4);
    await got.has(4);
    assert.deepEqual(got.events, upTo(4));
    assert(!got.statuses.some(({ state }) => state === 'reconnecting'), 'a short break is nobody\'s business');
  });

  test(`from now on through ${door.name}`, async () => {
    append(1);
    const got = follow('now', { doors: [door] });
    await got.until(() => got.live.cursor === instance.log.head);
    append(2);
    await got.has(2);
    assert.deepEqual(got.events, [2]);
  });
}

const LADDERS = [
  ['all doors open', {}, 'websocket'],
  ['WebSocket refused', { websocket: 'refused' }, 'sse'],
  ['WebSocket and SSE broken', { websocket: 'broken', sse: 'broken' }, 'long-poll'],
  ['streams mute', { websocket: 'mute', sse: 'mute' }, 'long-poll'],
  ['bridge away', { websocket: 'broken', sse: 'broken', 'long-poll': 'broken' }, 'polling'],
  ['a server that answers everything with a page', { websocket: 'refused', sse: 'page', 'long-poll': 'page' }, 'polling'],
];
for (const [name, states, door] of LADDERS) {
  test(`${name}: ${door}`, async () => {
    Object.assign(instance.doors, states);
    append(1, 2);
    const got = follow();
    await got.through(door);
    append(3);
    await got.has(3);
    assert.deepEqual(got.events, upTo(3));
  });
}

test('steps down and back up by itself, with one cursor', async () => {
  append(1);
  const got = follow();
  await got.has(1);
  Object.assign(instance.doors, { websocket: 'broken', sse: 'broken', 'long-poll': 'broken' });
  instance.cut();
  append(2);
  await got.through('polling');
  append(3);
  await got.has(3);
  Object.assign(instance.doors, { websocket: 'ok', sse: 'ok', 'long-poll': 'ok' });
  await got.through('websocket');
  append(4);
  await got.has(4);
  assert.deepEqual(got.events, upTo(4));
});

test('everything away: says so after a while, with the time of the next try, and comes back', async () => {
  append(1);
  const got = follow();
  await got.has(1);
  instance.doors = { websocket: 'broken', sse: 'broken', 'long-poll': 'broken', polling: 'broken' };
  instance.cut();
  await got.until(() => got.live.status.state === 'reconnecting');
  assert(got.live.status.retryAt > Date.now() - 1000);
  append(2);
  instance.doors = { websocket: 'ok', sse: 'ok', 'long-poll': 'ok', polling: 'ok' };
  await got.has(2);
  assert.deepEqual(got.events, upTo(2));
});

test('the end of a run ends the subscription on doors that know it', async () => {
  instance.doors.websocket = 'refused';
  append(1);
  instance.log.append(STREAM, 'run.finished', { n: 2 });
  const got = follow();
  await got.until(() => got.live.status.state === 'ended');
  assert.deepEqual(got.events, [1, 2]);
});

test('what happens between hello and subscription is not lost', async () => {
  append(1);
  const held = [];
  class Slow extends WebSocket {
    send(text) {
      held.push(() => super.send(text));
    }
  }
  const got = follow('now', { doors: [doors[0]], WebSocket: Slow });
  await got.until(() => held.length === 1);
  append(2);
  held[0]();
  await got.has(2);
  assert.deepEqual(got.events, [2]);
});

test('a new subscription starts at the door that just worked', async () => {
  Object.assign(instance.doors, { websocket: 'refused' });
  append(1);
  await follow().through('sse');
  instance.requests.length = 0;
  await follow('start', { shared: false }).through('sse');
  assert.equal(instance.requests[0], '/sse');
});

test('5,000 events of history arrive once and in order on each door', async () => {
  append(...upTo(5000));
  for (const door of doors) {
    const got = follow('start', { doors: [door] });
    await got.has(5000);
    assert.deepEqual(got.events, upTo(5000));
  }
});

test('positions are compared as numbers of any length', () => {
  const order = ['9', '10', '10.1', '10.2', '10.10', '11', '9007199254740993', '9007199254740994'];
  for (let i = 1; i < order.length; i++) {
    assert(comparePositions(order[i - 1], order[i]) < 0);
    assert(comparePositions(order[i], order[i - 1]) > 0);
  }
  assert.equal(comparePositions('7', '7.0'), 0);
});

test('a gap moves the cursor forward, and back when the log was restored', () => {
  assert.equal(afterGap('5', { first: '6', last: '20' }), '20');
  assert.equal(afterGap('start', { first: '1', last: '20' }), '20');
  assert.equal(afterGap('500', { first: '101', last: '500' }), '100');
});

test('delays double up to the ceiling with at most a quarter of jitter', () => {
  for (const random of [0, 0.5, 1]) {
    const backoff = new Backoff({ firstMs: 500, maxMs: 4000, random: () => random });
    const expected = [500, 1000, 2000, 4000, 4000].map((ms) => Math.round(ms * (1 + random / 4)));
    assert.deepEqual(expected.map(() => backoff.next()), expected);
  }
});

test('the SSE parser takes any cut of the stream', () => {
  const text = ': hello\r\n\r\nid: 1\r\ndata: {"a":1}\r\n\r\ndata: two\ndata: lines\n\ndata:x\n\n';
  for (let size = 1; size <= text.length; size++) {
    const messages = [];
    const parse = sseParser((message) => messages.push(message));
    for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
    assert.deepEqual(messages, ['{"a":1}', 'two\nlines', 'x']);
  }
});
