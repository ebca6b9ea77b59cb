// The schedules of tries that the front ends were promised, measured with the server away.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  AssistantClient, connectWorkflowStream, GraphWebSocket, MissionWebSocket, RunWebSocket, TopicClient, WorkflowWebSocketClient,
} from '../../htdocs/client/index.js';
import { delays, json, World } from './fake.js';

let world, stop;
afterEach(() => {
  stop?.();
  world.end();
});

const STEP_MS = 50; // the grain of the world's time
const doubling = (first, most, n) => Array.from({ length: n }, (_, i) => Math.min(most, first * 2 ** i));

const SCHEDULES = [
  {
    name: 'assistant: 1 s doubling, at most 30 s, 10 tries',
    wanted: doubling(1000, 30000, 10),
    open(options, errors) {
      const client = new AssistantClient({ ...options, onError: (error) => errors.push(error) });
      client.connect();
      return () => client.disconnect();
    },
  },
  {
    name: 'monitor: 5 attempts, 1 s x attempt',
    wanted: [1000, 2000, 3000, 4000, 5000],
    open(options, errors) {
      const client = new WorkflowWebSocketClient('wf', () => {}, (error) => errors.push(error), options);
      client.connect();
      return () => client.disconnect();
    },
  },
  {
    name: 'crew, a run: 3 attempts, 2 s apart',
    wanted: [2000, 2000, 2000],
    open(options) {
      const socket = new RunWebSocket('r_1', options);
      socket.connect();
      return () => socket.disconnect();
    },
  },
  {
    name: 'crew, mission: for ever',
    wanted: doubling(1000, 30000, 14),
    endless: true,
    open(options) {
      const socket = new MissionWebSocket('t', options);
      socket.connect();
      return () => socket.disconnect();
    },
  },
  {
    name: 'crew, graph: by hand',
    wanted: [],
    open(options) {
      const socket = new GraphWebSocket('c', 't', options);
      socket.connect();
      return () => socket.disconnect();
    },
  },
  {
    name: 'topics: 3 s, a half longer each time, 10 tries',
    wanted: Array.from({ length: 10 }, (_, i) => Math.round(3000 * 1.5 ** i)),
    ends: true,
    open(options) {
      const client = new TopicClient({ path: '/queue', twin: 'api/queue' }, options, () => {});
      return () => client.close();
    },
  },
  {
    name: 'console and native streams: 0.5 s doubling, at most 30 s, for ever',
    wanted: doubling(500, 30000, 14),
    endless: true,
    open(options) {
      const live = connectWorkflowStream('r_1', () => {}, options);
      return () => live.close();
    },
  },
];

for (const { name, wanted, open, endless } of SCHEDULES) {
  for (const jitter of [0, 0.999]) {
    test(`${name}${jitter ? ', with a quarter of jitter' : ''}`, async () => {
      world = new World({ jitter });
      const errors = [];
      stop = open(world.options, errors);
      const stretched = wanted.map((ms) => ms * (1 + jitter / 4));
      await world.pass(stretched.reduce((sum, ms) => sum + ms + STEP_MS, 0) + STEP_MS);
      const tries = world.sockets.length;
      if (!endless) await world.pass(29000); // a topic tries again after 30 s of polling
      const measured = delays(world.sockets).slice(0, wanted.length);
      measured.forEach((ms, i) => assert(Math.abs(ms - stretched[i]) <= STEP_MS, `try ${i + 1} after ${ms} ms, wanted ${stretched[i]}`));
      assert.equal(measured.length, wanted.length);
      if (!endless) assert.equal(world.sockets.length, tries, 'then none any more');
      if (!endless) assert.equal(tries, wanted.length + 1);
      if (name.startsWith('assistant') || name.startsWith('monitor')) assert.equal(errors.length, 1);
    });
  }
}

test('a success sets the schedule back', async () => {
  world = new World();
  let down = true;
  world.onSocket = (socket) => (down ? socket.refuse() : (socket.accept(), socket.say({ type: 'pong' })));
  const client = new WorkflowWebSocketClient('wf', () => {}, () => assert.fail('no error'), world.options);
  stop = () => client.disconnect();
  client.connect();
  await world.pass(7000); // two tries have failed: the next is 3 s after
  down = false;
  await world.until(() => client.isConnected);
  down = true;
  const before = world.sockets.length;
  const lostAt = world.now;
  world.sockets.at(-1).end(1006);
  await world.until(() => world.sockets.length === before + 1);
  assert(Math.abs(world.now - lostAt - 1000) <= 2 * STEP_MS, 'the first delay again');
});

test('graph: connect() after a break tries once more', async () => {
  world = new World();
  const socket = new GraphWebSocket('c', 't', world.options);
  stop = () => socket.disconnect();
  socket.connect();
  await world.pass(5000);
  socket.connect();
  await world.pass(5000);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.sockets[0].url.pathname, '/below/ws/graph/c');
  assert.deepEqual(world.sockets[0].protocols, ['token', 't']);
});

test('topics: after the tries HTTP is asked, slower while nothing changes, until the socket works', async () => {
  world = new World();
  let state;
  let phases = [];
  world.onRequest = ({ url }) => {
    if (url.pathname !== '/below/api/queue') throw new TypeError('fetch failed');
    return json({ phases, total: phases.length, paused: false });
  };
  const options = { ...world.options, maxReconnectAttempts: 1, reconnectInterval: 100 };
  const client = new TopicClient({ path: '/queue', twin: 'api/queue' }, options, (value) => (state = value));
  stop = () => client.close();
  const asked = () => world.requests.filter(({ url }) => url.pathname.endsWith('/api/queue'));
  await world.until(() => asked().length === 8, 300000);
  const measured = delays(asked());
  // The first answer is a change, so the second comes as soon; then ever slower.
  [3000, 4500, 6750, 10125, 15187, 22781, 30000].forEach((ms, i) => assert(Math.abs(measured[i] - ms) <= 2 * STEP_MS, `${measured}`));
  assert.equal(state.isConnected, false);
  assert.equal(state.connectionQuality, 'poor');
  phases = [{ queue_id: 'q1' }];
  await world.until(() => state.data.phases.length === 1, 40000);
  const n = asked().length;
  const changedAt = world.now;
  await world.until(() => asked().length === n + 1);
  assert(world.now - changedAt <= 3000 + 2 * STEP_MS, 'quick again after a change');

  world.onSocket = (socket) => {
    socket.accept();
    socket.say({ type: 'queue_update', id: '7.0000001a', data: { phases: [], total: 0, paused: true }, timestamp: '' });
  };
  await world.until(() => state.isConnected, 61000);
  assert.equal(state.data.paused, true);
  assert.equal(state.connectionQuality, 'good');
  const last = asked().length;
  await world.pass(60000);
  assert.equal(asked().length, last, 'no request any more');
});
