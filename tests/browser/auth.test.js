// auth = jwt as pages in Chromium see it: close codes, tickets, the session cookie, other origins.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch } from './browser.js';
import { startRunspool } from './runspool.js';

const SECRET = 'a secret that is long enough for HS256';
let runspool, browser, elsewhere;

const encode = (value) => Buffer.from(value).toString('base64url');

function token(claims = {}) {
  const all = { org: 'acme', sub: 'ann', scope: 'operator', exp: Math.floor(Date.now() / 1000) + 600, ...claims };
  const text = `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify(all))}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

before(async () => {
  elsewhere = createServer((request, response) => response.end('<!doctype html><title>elsewhere</title>'));
  await new Promise((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const allowed = `http://127.0.0.1:${elsewhere.address().port}`;
  runspool = await startRunspool(['auth=jwt', `auth.secret=${SECRET}`, `cors.origins=${allowed}`]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await runspool?.close();
  elsewhere?.close();
});

/** A page of our own origin, or of `address`. */
async function page(address = new URL('api', runspool.url).href) {
  const context = await browser.newContext();
  const opened = await context.newPage();
  await opened.goto(address);
  return opened;
}

/** In the page: {protocol, first message, close code} of a WebSocket; a socket that is served is closed by the page. */
const socket = (on, path, protocols) =>
  on.evaluate(
    ([url, offered]) =>
      new Promise((resolve) => {
        const ws = new WebSocket(url, offered);
        const seen = { opened: false };
        ws.onopen = () => {
          seen.opened = true;
          seen.protocol = ws.protocol;
        };
        ws.onmessage = (event) => {
          seen.first ??= JSON.parse(event.data);
          ws.close();
        };
        ws.onclose = (event) => resolve({ ...seen, code: event.code });
      }),
    [new URL(path, runspool.url).href.replace('http', 'ws'), protocols],
  );

test('a page sees 4401 and 4403', async () => {
  const own = await page();
  assert.deepEqual(await socket(own, 'ws', []), { opened: true, protocol: '', code: 4401 });
  assert.deepEqual(await socket(own, 'ws', ['token', token({ exp: 1000 })]), { opened: true, protocol: 'token', code: 4401 });
  assert.deepEqual(await socket(own, 'ws', ['token', 'x.y.z']), { opened: true, protocol: 'token', code: 4401 });
  assert.deepEqual(await socket(own, 'ws', ['token', token({ scope: 'none' })]), { opened: true, protocol: 'token', code: 4403 });
  assert.equal((await socket(own, 'ws/graph/unknown', ['token', token()])).code, 4403);
});

test('a page follows with a token, which ends while it does', async () => {
  const own = await page();
  const native = await socket(own, 'ws', ['runspool.v1', 'token', token()]);
  assert.deepEqual([native.protocol, native.first.op], ['runspool.v1', 'hello']);
  const short = await own.evaluate(
    ([url, offered]) =>
      new Promise((resolve) => {
        const ws = new WebSocket(url, offered);
        ws.onclose = (event) => resolve(event.code);
      }),
    [new URL('ws', runspool.url).href.replace('http', 'ws'), ['token', token({ exp: Math.floor(Date.now() / 1000) + 2 })]],
  );
  assert.equal(short, 4401);
});

test('EventSource follows with a ticket', async () => {
  const own = await page();
  const first = await own.evaluate(async (bearer) => {
    const answer = await fetch(`${location.pathname}/auth/ticket`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ streams: ['runs'] }),
    });
    const { ticket } = await answer.json();
    const root = location.pathname.replace(/api$/, '');
    return new Promise((resolve) => {
      const source = new EventSource(`${root}sse?stream=runs&ticket=${ticket}`);
      source.onmessage = (event) => {
        source.close();
        resolve(JSON.parse(event.data).op);
      };
      source.onerror = () => resolve('error');
    });
  }, token());
  assert.equal(first, 'hello');
});

test('a session cookie serves our own pages, and no script sees it', async () => {
  const own = await page();
  const found = await own.evaluate(async (bearer) => {
    const api = location.pathname;
    const before = (await fetch(`${api}/runs`)).status;
    const login = await fetch(`${api}/auth/session`, { method: 'POST', headers: { Authorization: `Bearer ${bearer}` } });
    return { before, login: login.status, runs: (await fetch(`${api}/runs`)).status, visible: document.cookie };
  }, token());
  assert.deepEqual(found, { before: 401, login: 200, runs: 200, visible: '' });
  assert.equal((await socket(own, 'ws', [])).first.op, 'hello');
  const out = await own.evaluate(async () => {
    const api = location.pathname;
    return [(await fetch(`${api}/auth/session`, { method: 'DELETE' })).status, (await fetch(`${api}/runs`)).status];
  });
  assert.deepEqual(out, [204, 401]);
  assert.equal((await socket(own, 'ws', [])).code, 4401);
});

test('a page of an allowed origin brings its token, and gets nothing by our cookie', async () => {
  const other = await page(`http://127.0.0.1:${elsewhere.address().port}/`);
  await other.context().addCookies([{ name: 'runspool_session', value: token(), url: runspool.url }]); // same host: the browser would send it
  const found = await other.evaluate(
    async ([url, bearer]) => {
      const ask = (options) => fetch(new URL('api/runs', url), options).then((answer) => answer.status, () => 'refused');
      return {
        bearer: await ask({ headers: { Authorization: `Bearer ${bearer}` } }),
        cookie: await ask({ credentials: 'include' }),
        post: await fetch(new URL('api/workflows/none/run', url), {
          method: 'POST',
          headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
          body: '{}',
        }).then((answer) => answer.status),
        stream: await fetch(new URL('poll?stream=runs', url), { headers: { Authorization: `Bearer ${bearer}` } }).then((answer) => answer.status),
      };
    },
    [runspool.url, token()],
  );
  assert.deepEqual(found, { bearer: 200, cookie: 'refused', post: 404, stream: 200 });
  assert.equal((await socket(other, 'ws', ['token', token()])).first.op, 'hello');
  assert.equal((await socket(other, 'ws', [])).code, 4401); // the cookie was sent, and does not count
});

test('a page of another origin gets no socket at all', async () => {
  const address = `http://localhost:${elsewhere.address().port}/`;
  const other = await page(address);
  const seen = await socket(other, 'ws', ['token', token()]);
  assert.deepEqual(seen, { opened: false, code: 1006 });
  const status = await other.evaluate(
    ([url, bearer]) => fetch(new URL('api/runs', url), { headers: { Authorization: `Bearer ${bearer}` } }).then((a) => a.status, () => 'refused'),
    [runspool.url, token()],
  );
  assert.equal(status, 'refused');
});
