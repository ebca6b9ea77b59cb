// What the run view bears: a run that floods it, 200,000 lines kept, and how soon after a click on Run the first node
// turns. Chromium looks at a real instance; the figures are those of the machine it runs on.
// Needs a build tree: RUNSPOOL_BUILD=build node tests/bench/bench_page.js [flood] [keep] [start]

import { launch } from '../browser/browser.js';
import { startRunspool } from '../browser/runspool.js';
import { call } from '../browser/stage.js';

const RATE = 5000; // lines a second
const SECONDS = 10;
const KEPT = 200000;
const CLICKS = 20;
const LONG_MS = 200;
const PERL = '$| = 1; for $s (1 .. $ARGV[0]) { printf "case %06d \\e[32mok\\e[0m in %d us, nothing to complain about\\n", ++$n, $n % 977 for 1 .. $ARGV[1]; select undef, undef, undef, 0.05 }';

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const printer = (seconds, rate) => ({
  nodes: [node('start', 'trigger', { kind: 'manual' }), node('print', 'tool', { kind: 'shell', command: ['perl', '-e', PERL, String(seconds * 20), String(rate / 20)] })],
  edges: [{ id: 'e', source: 'start', target: 'print' }],
});
const median = (values, share = 0.5) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const ms = (value) => `${Math.round(value)} ms`;

/** Notes in the page what takes long, from now on. */
const watchPage = (page) => page.evaluate(() => {
  window.seen = { tasks: [], frames: [] };
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  const frame = (was) => requestAnimationFrame((now) => {
    seen.frames.push(now - was);
    frame(now);
  });
  frame(performance.now());
});

async function tell(page, what) {
  const { tasks, frames } = await page.evaluate(() => window.seen);
  console.log(`${what}: ${tasks.filter((one) => one > LONG_MS).length} tasks over ${LONG_MS} ms, longest ${ms(Math.max(0, ...tasks))}; a frame every ${ms(median(frames))} (p95 ${ms(median(frames, 0.95))})`);
}

async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

const begin = async (runspool, definition) => (await call(runspool, 'POST', 'api/workflows/bench/run', definition)).runId;
const allLines = (page, lines) => page.waitForFunction((wanted) => Number(document.querySelector('.log-count')?.textContent.match(/[\d,]+/)?.[0].replaceAll(',', '')) >= wanted, lines, { timeout: 300000, polling: 250 });

async function open(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  return page;
}

const PARTS = {
  async flood(browser, runspool) {
    const run = await begin(runspool, printer(SECONDS, RATE));
    const page = await open(browser, `${runspool.url}#/runs/${run}`);
    await page.locator('.log-count').waitFor();
    await watchPage(page);
    const began = Date.now();
    await page.locator('.run-state[data-status="success"]').waitFor({ timeout: 300000 });
    await page.getByText(/^Complete, /).waitFor({ timeout: 300000 });
    const seconds = (Date.now() - began) / 1000;
    console.log(`flood: ${await page.locator('.log-count').textContent()} in ${seconds.toFixed(1)} s, ${await page.getByText(/^Complete, /).textContent()}`);
    await tell(page, 'flood');
    await page.close();
  },

  async keep(browser, runspool) {
    const run = await begin(runspool, printer(KEPT / RATE, RATE));
    const page = await open(browser, `${runspool.url}#/runs`);
    const before = await heap(page);
    await page.goto(`${runspool.url}#/runs/${run}`);
    await page.getByText(/^Complete, /).waitFor({ timeout: 300000 });
    console.log(`keep: ${((await heap(page)) - before) / 1e6 | 0} MB for ${await page.locator('.log-count').textContent()}`);
    await page.reload();
    await watchPage(page);
    const began = Date.now();
    await page.getByText(/^Complete, /).waitFor({ timeout: 300000 });
    await allLines(page, KEPT);
    console.log(`keep: opened from history in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    await tell(page, 'keep, reading history');
    await page.locator('.log-scroll').hover();
    await page.evaluate(() => Object.assign(window.seen, { tasks: [], frames: [] }));
    for (let i = 0; i < 200; i++) await page.mouse.wheel(0, i % 20 ? -900 : -200000);
    await tell(page, 'keep, scrolling');
    await page.close();
  },

  async start(browser, runspool) {
    await call(runspool, 'PUT', 'api/workflows/quick', { id: 'quick', name: 'Quick', nodes: [node('start', 'trigger', { kind: 'manual' }), node('wait', 'control', { kind: 'delay', ms: 1500 })], edges: [{ id: 'e', source: 'start', target: 'wait' }] });
    const page = await open(browser, `${runspool.url}#/workflows/quick`);
    const times = [];
    for (let i = 0; i < CLICKS; i++) {
      await page.goto(`${runspool.url}#/workflows/quick`);
      const button = page.getByRole('button', { name: 'Run workflow' });
      await button.waitFor();
      times.push(await button.evaluate((element) => new Promise((done) => {
        const from = performance.now();
        const look = () => (document.querySelector('.node:is(.s-running, .s-waiting, .s-success)') && location.hash.includes('/runs/') ? done(performance.now() - from) : requestAnimationFrame(look));
        element.click();
        look();
      })));
    }
    console.log(`start: from click to the first node turning ${ms(median(times))} (p50 of ${CLICKS}), ${ms(median(times, 0.95))} (p95)`);
    await page.close();
  },
};

const wanted = process.argv.slice(2);
const [browser, runspool] = await Promise.all([launch(), startRunspool(['eventlog.keep_count=1000000', 'runner.max_log=1G'])]);
try {
  for (const [name, part] of Object.entries(PARTS)) if (!wanted.length || wanted.includes(name)) await part(browser, runspool);
} finally {
  await browser.close();
  await runspool.close();
}
