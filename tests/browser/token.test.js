// Tokens against a real instance: they are renewed on live connections, on every door; what may not be followed is denied.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { connectScrapingStream, connectStreams, doors, GraphWebSocket, request } from '../../htdocs/client/index.js';
import { WebSocket } from './modules.js';
import { startRunspool } from './runspool.js';

const SECRET = 'a secret that is long enough for HS256';
const LIFE_S = 8;
const AHEAD_MS = 5000; // of the client's clock: it renews so much earlier, and a busy machine is not too late
const PATIENCE_MS = 60000;
let runspool;
let open = [];

before(async () => {
  runspool = await startRunspool(['auth=jwt', `auth.secret=${SECRET}`]);
});
after(() => runspool?.close());
afterEach(() => {
  for (const one of open) one.close?.() ?? one.disconnect?.();
  open = [];
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const clock = Date.now;
const inSeconds = (s) => Math.floor(clock() / 1000) + s;

function token(more = {}) {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ org: 'acme', sub: 'ada', exp: inSeconds(600), ...more })}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

async function until(what, condition) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('short tokens follow each other on live connections of every door; nothing is lost, no socket is opened again', async (t) => {
  Date.now = () => clock() + AHEAD_MS;
  t.after(() => (Date.now = clock));
  const firstEnds = inSeconds(LIFE_S);
  let asked = 0;
  let sockets = 0;
  class Counted extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets++;
    }
  }
  const given = async () => token({ exp: inSeconds(LIFE_S), n: ++asked });
  const base = runspool.url;
  const put = (n) => request('PUT', 'api/adws/renewal', { base, token: token({ scope: 'editor' }), body: { n } });
  const got = doors.map((door) => {
    const numbers = [];
    const states = [];
    open.push(connectStreams(['adw:renewal'], ({ data }) => numbers.push(data.n), {
      since: 'start', base, token: given, WebSocket: Counted, doors: [door], onStatus: ({ state }) => states.push(state),
    }));
    return { door: door.name, numbers, states };
  });
  open.push(connectScrapingStream('renewal', () => {}, { base, token: given, WebSocket: Counted }));
  await put(1);
  await until('five tokens, and the first has ended', () => asked >= 5 && inSeconds(0) > firstEnds);
  await put(2);
  await until('the last everywhere', () => got.every(({ numbers }) => numbers.at(-1) === 2));
  for (const { door, numbers, states } of got) {
    assert.deepEqual(numbers, [1, 2], door);
    assert(!states.includes('denied'), `${door}: ${states}`);
  }
  assert.equal(sockets, 2, 'one for the native stream, one for the dialect');
});

test('a token that is none, and a crew of others: denied at once', async () => {
  const states = [];
  const base = runspool.url;
  open.push(connectStreams(['runs'], () => {}, { base, token: 'none', WebSocket, onStatus: ({ state }) => states.push(state) }));
  await until('denied', () => states.at(-1) === 'denied');
  const crew = [];
  const socket = new GraphWebSocket('others', token(), { base, WebSocket, onStatus: ({ state }) => crew.push(state) });
  open.push(socket);
  socket.connect();
  await until('denied', () => crew.includes('denied'));
  assert(!socket.isConnected);
});
