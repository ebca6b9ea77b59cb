// The page that measures the way to the server: behind a web server that breaks one thing at a time it names that, and what
// it prints is what `runspool doctor` prints.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Proxy } from './proxy.js';
import { onStage, soon } from './stage.js';

const NGINX = '/usr/sbin/nginx';
const cli = join(process.env.RUNSPOOL_BUILD ?? new URL('../../build', import.meta.url).pathname, 'cli', 'runspool');
let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now), async () => ['bridge.heartbeat=500ms']);

/** The page's findings at `url`, silent for so long: {check: {level, words}}, and its lines by fault. */
async function look(url, silence = 1) {
  await page.goto(`${url}#/doctor?silence=${silence}`);
  await page.getByRole('button', { name: 'Measure again' }).waitFor();
  const found = await page.locator('.check-row').evaluateAll((rows) =>
    Object.fromEntries(rows.map((row) => [row.dataset.check, { level: row.dataset.level, words: row.querySelector('.check-words').textContent }])),
  );
  const lines = await page.locator('[data-fault]').evaluateAll((blocks) => Object.fromEntries(blocks.map((block) => [block.dataset.fault, block.querySelector('pre').textContent])));
  return { found, lines, faulty: Object.keys(found).filter((check) => found[check].level !== 'good') };
}

async function through(way, work) {
  const proxy = await new Proxy(runspool.url, { server: 'lighttpd/1.4.69', ...way }).start();
  try {
    await work(proxy.url);
  } finally {
    await page.goto('about:blank');
    await proxy.close();
  }
}

/** What the program prints of the same way. */
async function printed(url) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RUNSPOOL_')));
  const { stdout } = await promisify(execFile)(cli, ['doctor', '--quick', '--json', '--url', url], { env: environment }).catch((error) => error);
  return JSON.parse(stdout);
}

test('nothing is wrong: every way works, and nothing is to be mended', async () => {
  const { found, lines, faulty } = await look(runspool.url, 2);
  assert.deepEqual(faulty, [], JSON.stringify(found));
  assert.deepEqual(lines, {});
  assert.match(found.idle.words, /sign of life came every 0.5 s/);
  await page.getByText('All ways to the server work from this browser.').waitFor();
});

/** way: of the proxy; what is wrong: words by check; what mends it: names. */
const CASES = [
  ['refuses upgrades', { refuseUpgrade: true }, { websocket: /drops the header Upgrade/, assistant: /Upgrade/ }, ['upgrade']],
  ['swallows streams', { mute: true }, { websocket: /Upgrade/, sse: /holds them back/ }, ['upgrade', 'buffering']],
  ['compresses the stream', { compress: true }, { sse: /compresse[sd].*gzip/ }, ['buffering']],
  ['cuts what is silent', { cutMs: 700 }, { idle: /cut after 1 s/, longPoll: /cut after \d s/ }, ['cut']],
  ['knows no bridge', { noBridge: true }, { websocket: /cannot reach the bridge \(502\)/, sse: /502/, longPoll: /502/ }, ['noBridge']],
  ['passes nothing on', { notPassed: true }, { websocket: /not passed on to the bridge \(404\)/, sse: /404/ }, ['notPassed']],
];
for (const [what, way, wrong, mends] of CASES) {
  test(`a web server that ${what} is found out`, async () => {
    await through(way, async (url) => {
      const { found, lines } = await look(url);
      for (const [check, words] of Object.entries(wrong)) {
        assert.match(found[check].words, words, JSON.stringify(found));
        assert.notEqual(found[check].level, 'good');
      }
      assert.equal(found.polls.level, 'good');
      assert.deepEqual(Object.keys(lines), mends, JSON.stringify(found));
      await soon(() => page.getByRole('tab', { selected: true }).textContent(), 'lighttpd');
    });
  });
}

test('a clock that is wrong is told', async () => {
  await page.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() - 90000;
  });
  const { found } = await look(runspool.url, 1);
  assert.match(found.clock.words, /server's clock is (89|90) s ahead/);
});

test('it is stopped, and what is not known then is not called good', async () => {
  await page.goto(`${runspool.url}#/doctor?silence=600`);
  await page.locator('[data-check="idle"] progress').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('Stopped before the end').waitFor();
  await soon(() => page.locator('[data-check="idle"]').getAttribute('data-level'), null);
  await page.getByRole('button', { name: 'Measure again' }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
});

test('the lines for each server are those of the program, and are copied', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await through({ dropUpgrade: true, compress: true }, async (url) => {
    const [{ lines }, told] = [await look(url, 1), await printed(url)];
    const mend = Object.fromEntries(told.filter((one) => one.mend).map((one) => [one.check, one.mend]));
    assert.deepEqual([lines.upgrade, lines.buffering], [mend.WebSocket, mend.SSE]);
    assert.match(lines.buffering, /server.stream-response-body/);
    await page.getByRole('tab', { name: 'nginx' }).click();
    const upgrade = page.locator('[data-fault="upgrade"]');
    await upgrade.getByText('proxy_set_header Upgrade').waitFor();
    await upgrade.getByRole('button', { name: 'Copy' }).click();
    await upgrade.getByText('Copied').waitFor();
    await soon(() => page.evaluate(() => navigator.clipboard.readText()), await upgrade.locator('pre').textContent());
    await page.getByRole('tab', { name: 'Apache' }).click();
    await upgrade.getByText('upgrade=websocket').waitFor();
  });
});

/** One that no outgoing connection takes meanwhile. */
const freePort = () =>
  new Promise((resolve) => {
    const port = 10000 + Math.floor(Math.random() * 20000);
    const server = createServer().on('error', () => resolve(freePort())).listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });

/** Resolves when something takes connections there. */
async function listening(port) {
  await soon(() => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.end());
  }), true);
}

test('a real nginx that buffers, compresses and upgrades nothing', { skip: !existsSync(NGINX) && process.env.CI !== 'true' && 'nginx is missing' }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runspool-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  await writeFile(join(folder, 'nginx.conf'), `daemon off; pid ${folder}/pid; error_log stderr error; events {}
http { access_log off; ${temporary} default_type text/plain;
  server { listen 127.0.0.1:${port};
    location / { proxy_pass ${runspool.url}; proxy_set_header Host $http_host; proxy_ignore_headers X-Accel-Buffering;
      gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_http_version 1.0; } } }\n`);
  const nginx = spawn(NGINX, ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await listening(port);
    const url = `http://127.0.0.1:${port}/`;
    const { found, lines } = await look(url);
    assert.deepEqual([found.websocket.level, found.sse.level, found.polls.level], ['bad', 'bad', 'good'], JSON.stringify(found));
    await soon(() => page.getByRole('tab', { selected: true }).textContent(), 'nginx');
    assert.match(lines.upgrade, /proxy_set_header Upgrade/);
    assert.match(lines.buffering, /proxy_buffering off/);
    const told = Object.fromEntries((await printed(url)).map((one) => [one.check, one]));
    assert.deepEqual([lines.upgrade, lines.buffering], [told.WebSocket.mend, told.SSE.mend]);
  } finally {
    await page.goto('about:blank');
    const gone = new Promise((resolve) => nginx.on('exit', resolve));
    nginx.kill();
    await gone;
    await rm(folder, { recursive: true, force: true });
  }
});
