// The five front ends as their own pages and programs, from another origin, knowing nothing but a base URL.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import {
  AssistantClient, configure, GraphWebSocket, MissionWebSocket, request, runWorkflow, RunWebSocket, WorkflowWebSocketClient,
} from '../../htdocs/client/index.js';
import { launch } from '../browser/browser.js';
import { WebSocket } from '../browser/modules.js';
import { startRunspool } from '../browser/runspool.js';
import { PATIENCE_MS, soon } from '../browser/stage.js';
import { startModel } from './model.js';
import { startSite } from './site.js';

let browser, page, runspool, site, model, complaints;

before(async () => {
  [site, model] = await Promise.all([startSite(), startModel()]);
  [browser, runspool] = await Promise.all([launch(), startRunspool([`cors.origins=${new URL(site.url).origin}`, `model.url=${model.url}`, 'model.default=test-model'])]);
  configure({ base: runspool.url, WebSocket });
});
after(async () => {
  await browser?.close();
  await runspool?.close();
  await site?.close();
  model?.close();
});
beforeEach(async () => {
  page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.stack));
});
afterEach(async () => {
  await page.close();
  assert.deepEqual(complaints, []);
});

const open = (name, query = {}) => page.goto(`${site.url}${name}.html?${new URLSearchParams({ base: runspool.url, ...query })}`);

const START = { id: 'start', type: 'trigger', data: { kind: 'manual' } };
const chain = (id, ...nodes) => ({
  id,
  name: id,
  nodes: [START, ...nodes],
  edges: [START, ...nodes].slice(1).map((node, i) => ({ id: `e${i}`, source: [START, ...nodes][i].id, target: node.id })),
});
const sh = (id, text) => ({ id, type: 'tool', data: { kind: 'shell', command: ['sh', '-c', text] } });
const put = (workflow) => request('PUT', `api/workflows/${workflow.id}`, { body: workflow });

test('workflow console: a drawn workflow runs, its nodes and lines come, tools are chosen', async () => {
  await open('console');
  await page.locator('#app[data-status="success"]').waitFor();
  await page.waitForFunction(() => JSON.parse(document.getElementById('app').textContent || '{}').lines?.length >= 2);
  const { nodes, lines } = JSON.parse(await page.locator('#app').textContent());
  assert.deepEqual(nodes, { start: 'success', say: 'success', done: 'success' });
  assert.deepEqual(lines.slice(0, 2), ['hello', 'again']);
  await page.locator(`#app[data-tools='{"rag":false,"websearch":true}'], #app[data-tools='{"websearch":true,"rag":false}']`).waitFor();
});

test('execution monitor: the components show a run to its end, and say when it is complete', async () => {
  await put(chain('good', sh('work', 'echo working')));
  await put(chain('bad', sh('work', 'echo broken; exit 3')));
  await open('monitor', { workflow: 'good' });
  const one = page.locator('#one');
  await page.locator('[data-workflow="good"]').getByRole('button', { name: 'Run' }).click();
  await one.locator('.runspool-monitor[data-status="completed"]').waitFor();
  await one.locator('progress[value="100"]').waitFor();
  await one.locator('.runspool-log li', { hasText: 'working' }).first().waitFor();
  await page.locator('#one[data-done^="r_"]').waitFor();
  await page.locator('[data-workflow="bad"]').getByRole('button', { name: 'Run' }).click();
  const shown = page.locator('.runspool-dashboard > .runspool-monitor');
  await page.locator('.runspool-dashboard > .runspool-monitor[data-status="failed"]').waitFor();
  await shown.locator('.runspool-error').waitFor();
  assert.equal((await one.getAttribute('data-done')).split(' ').length, 1);
});

test('a run of another workflow begins when its monitor listens, and without one all the same', async () => {
  await put(chain('first', sh('work', 'true')));
  await put(chain('second', sh('work', 'true')));
  const runs = async () => (await request('GET', 'api/runs?workflow=second')).items.length;
  const seen = [];
  page.on('websocket', (socket) => socket.url().includes('second') && socket.on('framereceived', () => seen.push('heard')));
  page.on('request', (asked) => asked.method() === 'POST' && seen.push('asked'));
  await open('monitor', { workflow: 'first' });
  await page.locator('[data-workflow="second"]').getByRole('button', { name: 'Run' }).click();
  await soon(runs, 1);
  assert.equal(seen[0], 'heard');
  assert.equal(seen.filter((what) => what === 'asked').length, 1);
  await page.route(/\/(sse|poll)\//, () => {}); // no door opens, and none is refused
  await page.addInitScript(() => {
    window.WebSocket = class extends EventTarget {
      readyState = 0;
      close() {}
      send() {}
    };
  });
  await open('monitor', { workflow: 'first' });
  await page.locator('[data-workflow="second"]').getByRole('button', { name: 'Run' }).click();
  await soon(runs, 2);
});

test('the components work in our own pages too, with Preact\'s compat', async () => {
  await put(chain('compat', sh('work', 'echo working')));
  await page.goto(new URL('css/base.css', runspool.url).href);
  await page.evaluate(async (base) => {
    const [{ h, render }, { WorkflowDashboard }] = await Promise.all([import(`${base}lib/preact.js`), import(`${base}client/monitor.js`)]);
    render(h(WorkflowDashboard, { className: 'own' }), document.body);
  }, runspool.url);
  await page.locator('.own [data-workflow="compat"]').getByRole('button', { name: 'Run' }).click();
  await page.locator('.own .runspool-monitor[data-status="completed"]').waitFor();
  await page.locator('.own .runspool-log li', { hasText: 'working' }).first().waitFor();
});

/** make(onStatus): a socket. How it stood and what came is noted with its time, for a failure to tell. */
const noted = (make) => {
  const began = performance.now();
  const notes = [];
  const note = (value) => notes.push(`${((performance.now() - began) / 1000).toFixed(2)} s ${JSON.stringify(value).slice(0, 300)}`);
  const socket = Object.assign(make(note), { notes });
  socket.subscribe(note);
  return socket;
};

/** fn(), whose failure tells how the sockets stand, what each heard last, and what also() gives. */
async function telling(sockets, fn, also) {
  try {
    return await fn();
  } catch (error) {
    for (const [name, { isConnected, notes }] of Object.entries(sockets)) error.message += `\n${name}, connected: ${isConnected}\n  ${notes.slice(-20).join('\n  ')}`;
    error.message += `\n${JSON.stringify(await Promise.resolve(also()).catch(String))}`;
    throw error;
  }
}

/** Messages of a socket until one fits. */
const collect = (socket, isLast) => new Promise((resolve, reject) => {
  const got = [];
  const timer = setTimeout(() => reject(new Error(`what was waited for did not come, but ${got.length} messages`)), PATIENCE_MS);
  const stop = socket.subscribe((message) => {
    got.push(message);
    if (!isLast(message)) return;
    clearTimeout(timer);
    stop();
    resolve(got);
  });
  socket.connect();
});

test('crew monitor: the run of an agent from boot to done, the tools of its crew, and how the crew stands', async () => {
  const agent = { id: 'ada', type: 'agent', data: { kind: 'agent', label: 'Ada', prompt: 'Say hello' } };
  await put({ ...chain('crew', sh('work', 'echo working'), agent), crewId: 'quality' });
  const sockets = {
    mission: noted((onStatus) => new MissionWebSocket(null, { onStatus })),
    graph: noted((onStatus) => new GraphWebSocket('quality', null, { onStatus })),
  };
  const { mission, graph } = sockets;
  let runId;
  const available = ({ type, payload }) => type === 'signal' && payload.crewId === 'quality' && payload.status === 'available';
  await telling(sockets, async () => {
    await collect(mission, available);
    const tools = collect(graph, ({ type }) => type === 'tool_end');
    tools.catch(() => {}); // it is awaited below
    await soon(() => graph.isConnected, true); // else it misses the beginning
    ({ runId } = await runWorkflow('crew'));
    sockets.run = noted((onStatus) => new RunWebSocket(runId, { onStatus }));
    const messages = await collect(sockets.run, ({ type }) => type === 'done');
    const types = messages.map(({ type }) => type);
    assert.equal(types[0], 'boot');
    for (const type of ['agent_start', 'task_start', 'task_end', 'agent_end']) assert(types.includes(type), `${types}`);
    assert.equal(messages.at(-1).payload.status, 'success');
    assert.deepEqual((await tools).map(({ type, run_id: of }) => [type, of]), [['tool_start', runId], ['tool_end', runId]]);
    assert(mission.isConnected && graph.isConnected);
  }, () => runId && request('GET', `api/runs/${runId}`));
  mission.disconnect();
  graph.disconnect();
});

test('assistant console: a question is answered step by step, on one connection', async () => {
  await open('assistant');
  await page.locator('main[data-status="connected"]').waitFor();
  await page.getByRole('button', { name: 'Execute' }).click();
  await page.locator('[data-event="workflow_complete"]').waitFor();
  const events = await page.locator('li').evaluateAll((items) => items.map(({ dataset }) => dataset.event));
  assert.equal(events[0], 'workflow_start');
  assert.equal(events.filter((event) => event === 'step_start').length, events.filter((event) => event === 'step_complete').length);
  assert.equal(await page.locator('main').getAttribute('data-connects'), '1');
  await page.getByRole('button', { name: 'Clear' }).click();
  assert.equal(await page.locator('li').count(), 0);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('[data-event="error"]').waitFor();
});

test('topics: every hook has its state, and a change arrives', async () => {
  await request('PUT', 'api/adws/adw-1', { body: { status: 'running', branch_name: 'feature' } });
  await open('topics');
  const state = (name, condition) =>
    page.waitForFunction(([id, text]) => new Function('state', `return ${text}`)(JSON.parse(document.getElementById(id)?.textContent ?? 'null') ?? {}), [name, condition]);
  await state('workflows', 'state.isConnected && Array.isArray(state.workflows)');
  await state('history', 'state.isConnected && state.totalCount > 0 && state.analytics?.success_rate >= 0');
  await state('webhooks', 'state.isConnected && Array.isArray(state.webhookStatus?.sources)');
  await state('adw', "state.isConnected && state.state?.branch_name === 'feature'");
  await state('no-adw', '!state.isConnected && state.state === null');
  await state('adws', 'state.isConnected && state.summary?.running === 1');
  await state('queue', 'state.isConnected && state.phases?.length === 0 && state.paused === false');
  await state('routes', "state.isConnected && state.routes?.some(({ path }) => path === '/api/queue')");
  await state('system', 'state.isConnected && state.systemStatus?.components?.database');
  await request('POST', 'api/queue', { body: { issue_number: 7, phase: 'plan' } });
  await state('queue', "state.phases?.[0]?.issue_number === 7 && state.connectionQuality === 'good'");
  await request('PATCH', 'api/adws/adw-1', { body: { status: 'completed' } });
  await state('adw', "state.state?.status === 'completed'");
  await state('adws', 'state.summary?.completed === 1');
});

test('the examples of the README run as they stand', async () => {
  const client = new URL('../../htdocs/client', import.meta.url).pathname;
  const folder = await mkdtemp(join(tmpdir(), 'runspool-readme-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(client, join(folder, 'node_modules', 'runspool-client'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  try {
    const examples = [...(await readFile(join(client, 'README.md'), 'utf8')).matchAll(/^```js\n(.*?)^```/gms)];
    const said = await Promise.all(examples.map(async ([, code], i) => {
      const file = join(folder, `example${i}.js`);
      await writeFile(file, code.replaceAll('http://127.0.0.1:8080/', runspool.url));
      const { stdout, stderr } = await promisify(execFile)('node', [file], { timeout: PATIENCE_MS });
      assert.equal(stderr, '');
      return stdout;
    }));
    const wanted = [/^$/, /(workflow_status|connected) success/, /1 adw\.changed planning\n2 adw\.changed done/, /complete completed 100/];
    assert.equal(said.length, wanted.length);
    wanted.forEach((pattern, i) => assert.match(said[i], pattern));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

// The schedules by the clock on the wall; tests/client/schedule.test.js has all of them, by a clock of its own.
if (process.env.HEAVY === 'yes') {
  test('with the server away: when each front end tries again, measured', async (t) => {
    const FRONT_ENDS = {
      assistant: [[1, 2, 4, 8], (base) => new AssistantClient({ base, WebSocket })],
      monitor: [[1, 2, 3, 4, 5], (base) => new WorkflowWebSocketClient('w', () => {}, () => {}, { base, WebSocket })],
      crew: [[2, 2, 2], (base) => new RunWebSocket('r', { base, WebSocket })],
    };
    await Promise.all(Object.entries(FRONT_ENDS).map(async ([name, [wanted, make]]) => {
      const times = [];
      const server = createServer((_, response) => response.writeHead(502).end());
      server.on('upgrade', (_, socket) => (times.push(performance.now()), socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const client = make(`http://127.0.0.1:${server.address().port}/`);
      client.connect();
      await new Promise((resolve) => setTimeout(resolve, 20000));
      client.disconnect();
      server.closeAllConnections();
      server.close();
      const delays = times.slice(1).map((at, i) => (at - times[i]) / 1000);
      t.diagnostic(`${name}: ${delays.map((s) => s.toFixed(2)).join(', ')} s`);
      wanted.forEach((s, i) => assert(delays[i] >= s, `${name}: try ${i + 1} after ${delays[i]} s, not before ${s}`));
      if (name !== 'assistant') assert.equal(delays.length, wanted.length);
    }));
  });
}
