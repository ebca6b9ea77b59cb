// What the frame does for people: the badge and what it tells, keys, focus, notifications, signing in, sub-paths.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Proxy } from './proxy.js';
import { startRunspool } from './runspool.js';
import { call as rest, listening, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const start = node('start', 'trigger', { kind: 'manual' });
const shell = (id, script) => node(id, 'tool', { kind: 'shell', command: ['sh', '-c', script] });
const begin = async (name, ...nodes) =>
  (await call('POST', `api/workflows/${name}/run`, { nodes: [start, ...nodes], edges: chain('start', ...nodes.map(({ id }) => id)) })).runId;
const cancel = (run) => call('POST', `api/runs/${run}/cancel`);
const badge = (state, door) => page.locator(`.badge[data-state="${state}"]${door ? `[data-door="${door}"]` : ''}`);

/** The page of a run that lasts, through a proxy; work(proxy, run). */
async function through(way, work) {
  const proxy = await new Proxy(runspool.url, way).start();
  const run = await begin('lasting', shell('wait', 'echo here; exec sleep 600'));
  try {
    await page.goto(`${proxy.url}#/runs/${run}`);
    await work(proxy, run);
  } finally {
    await cancel(run);
    await page.goto('about:blank');
    await proxy.close();
  }
}

test('the badge tells door and delay when it is pressed, by keyboard too, and closes with Escape', async () => {
  await through({}, async (proxy, run) => {
    await badge('live', 'websocket').waitFor();
    await call('POST', 'api/events', { stream: `run:${run}`, type: 'log', data: { level: 'info', message: 'again', nodeId: 'wait', source: 'stdout' } });
    await page.locator('.line', { hasText: 'again' }).waitFor();
    await badge('live').focus();
    await page.keyboard.press('Enter');
    const more = page.locator('#connection');
    await more.getByText('the fastest way').waitFor();
    await more.getByText(/^\d+ ms, half of 1 event within it$/).waitFor();
    await page.keyboard.press('Tab');
    await soon(() => page.evaluate(() => document.activeElement.textContent), 'Look into the connection');
    await page.keyboard.press('Escape');
    await more.waitFor({ state: 'hidden' });
    await soon(() => page.evaluate(() => document.activeElement.className.split(' ')[0]), 'badge');
  });
});

test('on a poor way the badge asks why, and says what became of each door', async () => {
  await through({ noBridge: true }, async () => {
    await badge('live', 'polling').getByText('Why?').waitFor();
    await badge('live').click();
    const facts = page.locator('#connection .facts');
    await facts.waitFor();
    const told = Object.fromEntries(await facts.evaluate((list) => [...list.querySelectorAll('dt')].map((term) => [term.textContent, term.nextElementSibling.textContent])));
    assert.equal(told.Way, 'polling');
    assert.deepEqual([told.WebSocket, told.SSE, told['long poll']], ['Refused', 'Refused with 502', 'Refused with 502']);
    await page.getByRole('link', { name: 'Look into the connection' }).click();
    await page.waitForURL(/#\/doctor$/);
  });
});

test('a break: it counts down, not in red, tries at once when told to, and is live again', async () => {
  await through({}, async (proxy) => {
    await badge('live').waitFor();
    proxy.down = true;
    proxy.cut();
    await badge('reconnecting').waitFor();
    await page.getByText('The connection is broken.').waitFor({ state: 'attached' });
    const [dot, red] = await badge('reconnecting').locator('.badge-dot').evaluate((element) => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--error)';
      return [getComputedStyle(element).backgroundColor, getComputedStyle(probe).color];
    });
    assert.notEqual(dot, red);
    await badge('reconnecting').click();
    await page.locator('#connection dt', { hasText: 'Attempts' }).waitFor();
    await page.context().setOffline(true);
    await badge('offline').waitFor();
    await page.context().setOffline(false);
    proxy.down = false;
    await badge('live').waitFor();
    await page.getByText('Connected again.').waitFor({ state: 'attached' });
  });
});

const heading = async (name) => {
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await listening(page);
};
const focused = () => page.evaluate(() => document.activeElement.getAttribute('href') ?? (document.activeElement.id || document.activeElement.tagName));

test('keys go to pages, the sheet shows them and what the page adds; none does anything while one types', async () => {
  const run = await begin('short', shell('say', 'true'));
  await page.goto(`${runspool.url}#/workflows`);
  await heading('Workflows');
  for (const [keys, name] of [['gr', 'Runs'], ['gh', 'History'], ['gm', 'Monitor'], ['gw', 'Workflows']]) {
    for (const key of keys) await page.keyboard.press(key);
    await heading(name);
  }
  await page.goto(`${runspool.url}#/runs/${run}`);
  await page.locator('.run-state').waitFor();
  await listening(page);
  await page.keyboard.press('2');
  await page.getByRole('tab', { name: 'Timeline', selected: true }).waitFor();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keys' });
  await sheet.getByText('Go to Runs').waitFor();
  await sheet.getByText('Input and output').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('h'); // not behind a dialog
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  await listening(page);
  await page.keyboard.press('1');
  await page.getByRole('tab', { name: 'Log', selected: true }).waitFor();
  await listening(page);
  await page.keyboard.press('/');
  await page.locator('main input[type="search"]:focus').waitFor();
  await page.keyboard.type('gr?');
  await soon(() => page.locator('main input[type="search"]').inputValue(), 'gr?');
  await page.waitForURL(new RegExp(`runs/${run}`));
});

test('another page: the content has the focus and the title is said; the way back leads to where one was', async () => {
  const run = await begin('short', shell('say', 'true'));
  await page.goto(`${runspool.url}#/runs`);
  const link = page.locator(`main a[href="#/runs/${run}"]`).first();
  await link.waitFor();
  await listening(page);
  await page.keyboard.press('Tab');
  await soon(() => page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  await soon(focused, 'main');
  await page.keyboard.press('j');
  await soon(focused, /^#\/runs\/r_/);
  await link.focus();
  await page.keyboard.press('Enter');
  await page.locator('.run-state').waitFor();
  await soon(focused, 'main');
  await page.locator('[data-said="page"]', { hasText: 'short' }).waitFor({ state: 'attached' });
  await page.goBack();
  await page.waitForFunction((href) => document.activeElement.getAttribute('href') === href, `#/runs/${run}`);
  await page.goto(`${runspool.url}#/monitor/queue`);
  await page.getByRole('tab', { name: 'Queue' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tab', { name: 'Schedules', selected: true }).waitFor();
  await soon(focused, 'tab-schedules');
});

test('who wants it is told when a run ends, also of one whose page was left; nothing is asked before a click', async () => {
  await page.context().grantPermissions(['notifications'], { origin: new URL(runspool.url).origin });
  await page.addInitScript(() => {
    window.notes = [];
    window.asked = 0;
    window.Notification = class {
      static permission = 'default';
      static requestPermission = async () => ((window.asked += 1), (window.Notification.permission = 'granted'));
      constructor(words) {
        window.notes.push(words);
      }
      close() {}
    };
  });
  const hide = (hidden) => page.evaluate((value) => Object.defineProperty(document, 'hidden', { value, configurable: true }), hidden);
  const run = await begin('watched', shell('wait', 'exec sleep 600'));
  await page.goto(`${runspool.url}#/runs/${run}`);
  await badge('live').waitFor();
  assert.equal(await page.evaluate(() => window.asked), 0);
  const bell = page.getByRole('button', { name: 'Tell me when a run ends' });
  await bell.click();
  await page.locator('[aria-pressed="true"].notify-on').waitFor();
  await soon(() => page.evaluate(() => window.asked), 1);
  await hide(true);
  await cancel(run);
  await page.waitForFunction(() => window.notes.length === 1);
  await soon(() => page.evaluate(() => window.notes), ['watched: Cancelled']);
  await soon(() => page.locator('#favicon').getAttribute('href'), /cancelled/);
  await soon(() => page.title(), /^Cancelled · watched/);
  await hide(false);
  const other = await begin('other', shell('wait', 'exec sleep 600'));
  await page.goto(`${runspool.url}#/runs/${other}`);
  await page.locator('.run-head', { hasText: 'other' }).and(page.locator(':has(.run-state[data-status="running"])')).waitFor();
  await page.goto(`${runspool.url}#/workflows`);
  await page.locator('main h1', { hasText: 'Workflows' }).waitFor();
  await cancel(other);
  await page.locator('.toast', { hasText: 'other: Cancelled' }).getByRole('link').click();
  await page.locator('.run-state[data-status="cancelled"]').waitFor();
  assert.equal(await page.evaluate(() => window.notes.length), 1);
});

test('usable before any socket is up: a page whose WebSocket hangs shows, runs and follows', async () => {
  await page.addInitScript(() => {
    window.WebSocket = class extends EventTarget {
      readyState = 0;
      close() {}
      send() {}
    };
  });
  const run = await begin('lasting', shell('wait', 'echo here; exec sleep 600'));
  await page.goto(`${runspool.url}#/runs/${run}`);
  await page.locator('.node[data-node="wait"]').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.run-state[data-status="cancelled"]').waitFor();
  await badge('live', 'sse').or(badge('ended')).waitFor();
});

test('the first load is below 150 kB compressed, of the list and of a run', async () => {
  const run = await begin('short', shell('say', 'true'));
  for (const [hash, ready] of [['', 'main h1'], [`#/runs/${run}`, '.log .line']]) {
    const sizes = {};
    const loads = [];
    const count = (response) => {
      const { pathname } = new URL(response.url());
      if (!pathname.startsWith('/api')) loads.push(response.body().then((body) => (sizes[pathname] = gzipSync(body).length)));
    };
    await page.goto('about:blank');
    page.on('response', count);
    await page.goto(`${runspool.url}${hash}`);
    await page.locator(ready).first().waitFor();
    page.off('response', count);
    await Promise.all(loads);
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    assert(Object.keys(sizes).length > 20 && total < 150000, `${hash}: ${total} bytes: ${JSON.stringify(sizes)}`);
  }
});

test('below a sub-path, under the strictest policy: every page, no complaint', async () => {
  const proxy = await new Proxy(runspool.url, {
    prefix: '/runs', headers: { 'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
  }).start();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('response', (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`));
  const run = await begin('short', shell('say', 'true'));
  try {
    await page.goto(`${proxy.url}#/runs/${run}`);
    await badge('live', 'websocket').waitFor();
    for (const [address, name] of [['#/runs', 'Runs'], ['#/workflows', 'Workflows'], ['#/history', 'History'], ['#/monitor/queue', 'Monitor']]) {
      await page.evaluate((hash) => (location.hash = hash), address);
      await heading(name);
    }
    await badge('live', 'websocket').waitFor();
    await page.goto(`${proxy.url}#/doctor?silence=1`);
    await page.locator('[data-check="prefix"][data-level="good"]', { hasText: '"/runs"' }).waitFor();
    await page.locator('[data-check="websocket"][data-level="good"]').waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await page.goto('about:blank');
    await proxy.close();
  }
});

test('on a phone the whole frame fits, and every entry of the navigation can be tapped', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${runspool.url}#/runs`);
  await heading('Runs');
  const boxes = await page.locator('.top nav a, .top-end button, .top-end .theme').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, right, height }) => ({ left, right, height })));
  assert(boxes.length >= 6 && boxes.every(({ left, right, height }) => left >= 0 && right <= 390 && height >= 24), JSON.stringify(boxes));
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth), 390);
});

test('a toggle shows at once; refused, it goes back and says why; accepted, it stays', async () => {
  let refuse;
  const asked = new Promise((resolve) => (refuse = resolve));
  await page.route('**/api/queue/pause', async (route) => {
    await asked;
    await route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"Busy","detail":"Later, please."}' });
  }, { times: 1 });
  await page.goto(`${runspool.url}#/monitor/queue`);
  const pause = page.getByRole('button', { name: 'Pause the queue' });
  await pause.click();
  await page.getByRole('button', { name: 'Resume the queue' }).waitFor();
  refuse();
  await page.getByText('Later, please.').waitFor();
  await pause.click();
  await page.getByRole('button', { name: 'Resume the queue' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Resume the queue' }).click();
  await pause.waitFor();
});

test('on paper there is no frame, and with reduced motion nothing moves', async () => {
  const run = await begin('lasting', shell('wait', 'exec sleep 600'));
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${runspool.url}#/runs/${run}`);
  await badge('live').waitFor();
  await page.locator('.node.s-running').waitFor();
  await soon(() => page.evaluate(() => document.getAnimations().map(({ animationName }) => animationName)), []);
  await page.emulateMedia({ media: 'print' });
  await page.locator('.top').waitFor({ state: 'hidden' });
  await page.locator('.node').first().waitFor();
  await cancel(run);
});

const SECRET = 'a secret that is long enough for HS256';
function token(claims = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part({ org: 'acme', sub: 'ann', scope: 'viewer', exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

test('auth = jwt: a page says what to do, takes a token, says who one is and before it ends; what is not allowed is said so', async () => {
  const locked = await startRunspool(['auth=jwt', `auth.secret=${SECRET}`]);
  try {
    await page.goto(`${locked.url}#/monitor/queue`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto(`${locked.url}#/workflows`);
    await page.getByText('runspool token --sub NAME').waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill('x.y.z');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The server does not take it.').waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill(` ${token({ exp: Math.floor(Date.now() / 1000) + 120 })}\n`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No workflow is saved yet.').waitFor();
    await page.getByRole('button', { name: /ann/ }).getByText('ends soon').waitFor();
    await page.getByRole('button', { name: /ann/ }).click();
    await page.locator('#session').getByText('viewer').waitFor();
    await page.getByRole('button', { name: 'Use another token' }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill(token({ sub: 'bob' }));
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'bob', exact: true }).click();
    await page.goto(`${locked.url}#/monitor/queue`);
    await page.getByRole('button', { name: 'Pause the queue' }).click();
    await page.getByText('Your token does not allow this.').waitFor();
    await page.getByRole('button', { name: 'bob', exact: true }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  } finally {
    await page.goto('about:blank');
    await locked.close();
  }
});
