// node bench_graph.js [NODES...]: a run's graph in Chromium: until its nodes stand, while 100 states a second change, while
// it is zoomed and while it is dragged. Frames in wall time (p50/p95/max), work of the page's main thread in CPU time.
// The instance is made up: this measures the page. Needs the staged web root and the browser of the tests
// (RUNSPOOL_WEBROOT, RUNSPOOL_TEST_MODULES).

import { launch } from '../browser/browser.js';
import { Instance } from '../browser/mock/instance.js';

const webroot = process.env.RUNSPOOL_WEBROOT ?? new URL('../../build/webroot', import.meta.url).pathname;
const sizes = process.argv.slice(2).map(Number);
const CHAIN = 9; // nodes in a row
const RATE = 100;
const SECONDS = 5;

function definition(count) {
  const ids = Array.from({ length: count - 2 }, (_, i) => `t${i}`);
  const node = (id) => ({ id, type: 'tool', data: { kind: 'shell', label: `Step ${id}` } });
  const edge = (source, target) => ({ id: `${source}-${target}`, source, target });
  return {
    nodes: ['start', ...ids, 'end'].map(node),
    edges: ids.flatMap((id, i) => [edge(i % CHAIN ? ids[i - 1] : 'start', id), ...(i % CHAIN === CHAIN - 1 || i === ids.length - 1 ? [edge(id, 'end')] : [])]),
  };
}

/** What `act` (code of the page, may wait) does to its frames and its main thread: {frames, wall, cpu: {task, script, style, layout}}. */
async function watch(page, cdp, act) {
  const cpu = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return ['TaskDuration', 'ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'].map((wanted) => metrics.find(({ name }) => name === wanted).value * 1000);
  };
  const before = await cpu();
  const frames = await page.evaluate(async (code) => {
    const gaps = [];
    let last = performance.now();
    let going = true;
    requestAnimationFrame(function tick(now) {
      gaps.push(now - last);
      last = now;
      if (going) requestAnimationFrame(tick);
    });
    await (0, eval)(`(async () => { ${code} })()`);
    going = false;
    return gaps.sort((a, b) => a - b);
  }, act);
  const after = await cpu();
  const at = (share) => Math.round(frames[Math.floor((frames.length - 1) * share)]);
  const [task, script, style, layout] = after.map((value, i) => Math.round(value - before[i]));
  return { frames: frames.length, wall: `${at(0.5)}/${at(0.95)}/${at(1)}`, task, script, style, layout };
}

const browser = await launch();
const rows = [];
for (const count of sizes.length ? sizes : [200, 1000]) {
  const instance = await new Instance({ webroot }).start();
  const graph = definition(count);
  const say = (type, data) => instance.log.append('run:r', type, data);
  const nodes = Object.fromEntries(graph.nodes.map(({ id }) => [id, { status: 'pending' }]));
  instance.runs.set('r', { id: 'r', workflowId: 'w', name: 'Bench', status: 'running', input: {}, org: 'default', createdAt: new Date().toISOString(), startedAt: new Date().toISOString(), progress: 0, attempt: 1, nodes, graph });
  say('run.started', { status: 'running', attempt: 1 });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector('.node')) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => (window.drawn = performance.now())));
    }).observe(document, { childList: true, subtree: true });
  });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const note = (what, { frames, wall, ...cpu }) => rows.push({ nodes: count, what, frames, 'frame ms': wall, ...cpu });
  await page.goto(`${instance.url}#/runs`); // the modules are in the cache then, as they are when somebody comes from the list
  await page.waitForLoadState('networkidle');
  note('open', await watch(page, cdp, `location.hash = '#/runs/r'; while (!window.drawn) await new Promise(requestAnimationFrame);`));
  await page.waitForTimeout(1000); // what follows is measured alone
  note('idle 1 s', await watch(page, cdp, 'await new Promise((done) => setTimeout(done, 1000));'));
  let i = 0;
  const clock = setInterval(() => {
    const { id } = graph.nodes[Math.floor(i / 2) % count];
    say(i++ % 2 ? 'node.finished' : 'node.started', { nodeId: id, attempt: Math.floor(i / 2 / count) + 1, durationMs: 10 });
  }, 1000 / RATE);
  const live = await watch(page, cdp, `await new Promise((done) => setTimeout(done, ${SECONDS * 1000}));`);
  clearInterval(clock);
  note(`${i} changes in ${SECONDS} s`, live);
  note('60 zooms', await watch(page, cdp, `for (let i = 0; i < 60; i++) {
    document.querySelector('.graph-pane').dispatchEvent(new WheelEvent('wheel', { ctrlKey: true, deltaY: i < 30 ? -40 : 40, clientX: 300, clientY: 400, bubbles: true, cancelable: true }));
    await new Promise(requestAnimationFrame);
  }`));
  note('60 moves', await watch(page, cdp, `const pane = document.querySelector('.graph-pane');
    for (let i = 0; i < 60; i++) { pane.scrollTop += i < 30 ? 40 : -40; await new Promise(requestAnimationFrame); }`));
  await page.close();
  await instance.close();
}
await browser.close();
console.table(rows);
