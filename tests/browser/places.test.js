// The same pages from other web servers, below a path: Apache, lighttpd and nginx with the files of contrib/, in Chromium. Nothing is
// asked for outside the path, nothing is complained about, and everything is live.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { launch } from './browser.js';
import { call } from './stage.js';

const KINDS = ['apache-proxy_fcgi', 'lighttpd', 'nginx'];
const PATIENCE_MS = 60000;
const sites = new Map(); // kind -> what sites_up.py says of it
let browser, program;

before(async () => {
  const script = new URL('../servers/sites_up.py', import.meta.url).pathname;
  program = spawn('/usr/bin/python3', [script, ...KINDS], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
  browser = await launch();
  for await (const line of createInterface({ input: program.stdout })) {
    const site = JSON.parse(line);
    sites.set(site.kind, site);
    if (sites.size === KINDS.length) break;
  }
});
after(async () => {
  await browser?.close();
  const ended = new Promise((resolve) => program.on('exit', resolve));
  program.stdin.end();
  await ended;
});

const definition = {
  id: 'places', name: 'Places',
  nodes: [{ id: 'start', type: 'trigger', position: { x: 0, y: 0 }, data: { kind: 'manual' } },
    { id: 'ask', type: 'control', position: { x: 0, y: 0 }, data: { kind: 'approval', message: 'Go on?' } },
    { id: 'talk', type: 'tool', position: { x: 0, y: 0 }, data: { kind: 'shell', command: ['echo', 'hello from here'] } }],
  edges: [{ id: 'a', source: 'start', target: 'ask' }, { id: 'b', source: 'ask', target: 'talk', sourceHandle: 'approved' }],
};

for (const kind of KINDS)
  test(`${kind} below a path: list, a run live, its log, history, monitor`, async (t) => {
    const site = sites.get(kind);
    if (site?.skip && process.env.CI !== 'true') return t.skip(site.skip);
    assert(site?.url, `${kind} did not start`);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(PATIENCE_MS);
    const wrong = [];
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(error.message));
    const outside = (url) => !url.replace(/^ws/, 'http').startsWith(site.url) && !/^(blob|data):/.test(url) && wrong.push(`asked for ${url}`);
    page.on('request', (request) => outside(request.url()));
    page.on('websocket', (socket) => outside(socket.url()));
    page.on('response', (response) => response.status() >= 400 && wrong.push(`${response.status()} ${response.url()}`));
    await call(site, 'PUT', 'api/workflows/places', definition);

    await page.goto(site.url);
    await page.getByRole('link', { name: 'Places' }).first().click();
    await page.locator('h1', { hasText: 'Places' }).waitFor();
    const { runId } = await call(site, 'POST', 'api/workflows/places/run', {});
    await page.goto(`${site.url}#/runs/${runId}`);
    await page.locator('.badge[data-state="live"][data-door="websocket"]').waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('.run-state[data-status="success"]').waitFor();
    await page.locator('.line', { hasText: 'hello from here' }).waitFor();
    await page.getByText(/^Complete, \d+ events$/).waitFor();
    for (const [hash, seen] of [['#/runs', 'Places'], ['#/history', 'Places'], ['#/monitor', 'Nothing is queued or running.'], ['#/monitor/system', 'Event log']]) {
      await page.goto(`${site.url}${hash}`);
      await page.getByText(seen).locator('visible=true').first().waitFor();
    }
    const saved = page.waitForEvent('download');
    await page.goto(`${site.url}#/runs/${runId}`);
    await page.getByRole('button', { name: 'More to do with this run' }).click();
    await page.getByRole('menuitem', { name: 'Export' }).click();
    assert.equal((await saved).suggestedFilename(), `${runId}.html`);
    assert.deepEqual(wrong, []);
    await page.close();
  });
