// What an hour of the dashboard costs on the wire, live and by polling every 3 s: both look at the same instance through a
// proxy that counts bytes, while the hour's runs happen. The hour is played in a few minutes: as many runs, polls and
// heartbeats, with less idle time in between; changes stay more than a second apart, so that no live message is spared by
// coming faster than it would. Needs a build tree: RUNSPOOL_BUILD=build node tests/bench/bench_traffic.js [RUNS] [SECONDS]

import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectStreams, request, TopicClient } from '../../htdocs/client/index.js';
import { WebSocket } from '../browser/modules.js';
import { startRunspool } from '../browser/runspool.js';

const HOUR_S = 3600;
const POLL_S = 3;
const PING_S = 25;
const PING_BYTES = 2 + 6 + 2 + 6 + 20 + 24; // the server's frame and its answer; our {"type":"ping"} masked, and its answer
const [runs = 24, seconds = 150] = process.argv.slice(2).map(Number);
const TOPICS = {
  '/workflows': 'api/workflows/active',
  '/workflow-history': 'api/workflow-history',
  '/queue': 'api/queue',
  '/adw-monitor': 'api/adws',
  '/system-status': 'api/system-status',
};
const LIST = 'api/runs?limit=50';

/** A proxy that counts: {base, up, down, connections} */
async function counter(target) {
  const to = new URL(target);
  const count = { up: 0, down: 0, connections: 0 };
  const sockets = new Set();
  const server = createServer((client) => {
    const onward = connect(to.port, to.hostname);
    count.connections++;
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (data) => (count.up += data.length)).pipe(onward);
    onward.on('data', (data) => (count.down += data.length)).pipe(client);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  count.base = `http://127.0.0.1:${server.address().port}${to.pathname}`;
  count.close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return count;
}

const step = (id) => ({ id, type: 'tool', data: { kind: 'shell', command: ['sh', '-c', `echo ${id} begins; sleep 1.1; echo ${id} ends`] } });
const NODES = [{ id: 'start', type: 'trigger', data: { kind: 'manual' } }, ...['clone', 'build', 'test'].map(step)];
const EDGES = NODES.slice(1).map(({ id }, i) => ({ id: `e${i}`, source: NODES[i].id, target: id }));

async function hour(base) {
  const began = Date.now();
  for (let n = 0; n < runs; n++) {
    await request('POST', 'api/workflows/nightly/run', { base, body: {} });
    if (n % 4 === 0) await request('PATCH', `api/adws/a${n % 3}`, { base, body: { status: n % 8 ? 'running' : 'completed', issue_number: n } });
    if (n % 6 === 0) await request('POST', 'api/queue', { base, body: { issue_number: n, phase: 'plan' } });
    await sleep(Math.max(0, began + ((n + 1) * seconds * 1000) / runs - Date.now()));
  }
  await sleep(5000);
}

async function poll(base) {
  const polls = HOUR_S / POLL_S;
  const pause = (seconds * 1000) / polls;
  const began = Date.now();
  for (let n = 0; n < polls; n++) {
    await Promise.all([...Object.values(TOPICS), LIST].map((path) => fetch(new URL(path, base)).then((response) => response.arrayBuffer())));
    await sleep(Math.max(0, began + (n + 1) * pause - Date.now()));
  }
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(9)} kB`;
const row = (name, { up, down, connections }) =>
  console.log(`${name.padEnd(22)}${kilobytes(up)} up ${kilobytes(down)} down ${kilobytes(up + down)} in all, ${connections} connections`);

const runspool = await startRunspool();
try {
  await request('PUT', 'api/workflows/nightly', { base: runspool.url, body: { id: 'nightly', name: 'Nightly', nodes: NODES, edges: EDGES } });
  const live = await counter(runspool.url);
  const polled = await counter(runspool.url);
  let messages = 0;
  const options = { base: live.base, WebSocket };
  const topics = Object.entries(TOPICS).map(([path, twin]) => new TopicClient({ path, twin }, options, () => messages++));
  const list = connectStreams(['runs'], () => messages++, { ...options, since: 'now' });
  await request('GET', LIST, { base: live.base }); // read once; then the events tell
  await Promise.all([hour(runspool.url), poll(polled.base)]);
  const silent = ((HOUR_S - seconds) / PING_S) * PING_BYTES * (topics.length + 1);
  row(`live, ${messages} messages`, live);
  console.log(`  and heartbeats of the time left out, at most ${kilobytes(silent)}`);
  row('polling every 3 s', polled);
  console.log(`ratio ${((polled.up + polled.down) / (live.up + live.down + silent)).toFixed(1)} (${runs} runs of ${NODES.length - 1} steps an hour, nobody looking into a run)`);
  for (const topic of topics) topic.close();
  list.close();
  live.close();
  polled.close();
} finally {
  await runspool.close();
}
