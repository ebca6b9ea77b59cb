// The core in a world of its own: one connection for many, tokens, what waits offline, what comes twice.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  AssistantClient, connectStreams, connectWorkflowStream, GraphWebSocket, Live, MissionWebSocket, RunWebSocket, TopicClient,
} from '../../htdocs/client/index.js';
import { bare } from '../../htdocs/client/topic-client.js';
import { json, token, World } from './fake.js';

let world;
let open = [];
afterEach(() => {
  for (const one of open) one.close?.() ?? one.disconnect?.();
  open = [];
  world?.end();
});
const keep = (one) => (open.push(one), one);

/** The native endpoint with a log: [id, home stream]. It answers as the bridge does: a subscription is replayed by itself. */
function nativeServer(log) {
  const head = () => log.at(-1)?.[0] ?? 0;
  const event = ([id, stream]) => ({ id: String(id), stream, seq: id, type: 'log', time: '', org: 'default', data: {} });
  const server = { open: new Set(), streams: new Set() };
  server.append = (id, stream) => {
    log.push([id, stream]);
    for (const socket of server.open) if (server.streams.has(stream)) socket.say(event([id, stream]));
  };
  world.onSocket = (socket) => {
    server.open.add(socket);
    server.streams.clear();
    socket.onSent = ({ op, streams, since }) => {
      if (op === 'ping') socket.say({ op: 'pong' });
      if (op === 'unsubscribe') streams.forEach((stream) => server.streams.delete(stream));
      if (op !== 'subscribe') return;
      if (streams.some((stream) => server.forbidden?.includes(stream))) return socket.say({ op: 'error', code: 'forbidden', message: 'no' });
      socket.say({ op: 'subscribed', streams, head: String(head()) });
      const from = since === 'start' ? 0 : since === 'now' ? Infinity : Number(since);
      for (const one of log) if (one[0] > from && streams.includes(one[1])) socket.say(event(one));
      streams.forEach((stream) => server.streams.add(stream));
    };
    socket.accept();
    socket.say({ op: 'hello', protocol: 'runspool.v1', head: String(head()), heartbeatMs: 25000 });
  };
  return server;
}

const follow = (streams, since, options = {}) => {
  const got = [];
  const live = keep(connectStreams(streams, ({ id }) => got.push(Number(id)), { since, ...world.options, ...options }));
  return { live, got };
};

test('native subscriptions share one socket, and each gets its own from its own cursor', async () => {
  world = new World();
  const server = nativeServer([[1, 'run:a'], [2, 'run:b'], [3, 'run:a'], [4, 'queue']]);
  const a = follow(['run:a'], 'start');
  const late = follow(['run:a'], '1');
  const b = follow(['run:b', 'queue'], 'start');
  const all = follow(['runs'], 'now');
  await world.pass(500);
  server.streams.add('run:a').add('run:b');
  server.append(5, 'run:b');
  server.append(6, 'run:a');
  await world.pass(100);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual([a.got, late.got, b.got, all.got], [[1, 3, 6], [3, 6], [2, 4, 5], [5, 6]]);

  // After a break there is one socket again, and each goes on where it was.
  world.sockets[0].end(1006);
  server.open.clear();
  server.append(7, 'run:a');
  await world.until(() => a.got.at(-1) === 7);
  await world.pass(3000);
  assert.equal(world.sockets.length, 2);
  assert.deepEqual([a.got, late.got, b.got], [[1, 3, 6, 7], [3, 6, 7], [2, 4, 5]]);
});

test('events that come as arrays are as if each had come by itself', async () => {
  world = new World();
  nativeServer([[1, 'run:a']]);
  const gaps = [];
  const a = follow(['run:a'], 'start', { onGap: ({ first }) => gaps.push(first) });
  const b = follow(['run:b'], 'start');
  await world.pass(200);
  const [socket] = world.sockets;
  assert.ok(socket.sent.filter(({ op }) => op === 'subscribe').every(({ batch }) => batch === true));
  const event = (id, stream) => ({ id, stream, seq: 1, type: 'log', data: {} });
  socket.say([event('2', 'run:a'), event('3', 'run:b'), { op: 'gap', stream: 'run:a', first: '4', last: '5' }, event('6', 'run:a')]);
  socket.say([event('6', 'run:a'), event('7', 'run:a')]);
  assert.deepEqual([a.got, b.got, gaps], [[1, 2, 6, 7], [3], ['4']]);
  assert.deepEqual([a.live.cursor, b.live.cursor], ['7', '3']);
});

test('nothing of an array is given after the end', async () => {
  world = new World();
  nativeServer([]);
  const got = [];
  const live = keep(connectStreams(['run:a'], ({ id }) => (got.push(id), live.close()), { since: 'start', ...world.options }));
  await world.pass(200);
  world.sockets[0].say(['1', '2'].map((id) => ({ id, stream: 'run:a', seq: 1, type: 'log', data: {} })));
  assert.deepEqual(got, ['1']);
});

test('a gap is told to those whose stream it is, and moves their cursor', async () => {
  world = new World();
  nativeServer([[1, 'run:a'], [2, 'run:b']]);
  const gaps = [[], []];
  const a = follow(['run:a'], 'start', { onGap: ({ last }) => gaps[0].push(last) });
  const b = follow(['run:b'], 'start', { onGap: ({ last }) => gaps[1].push(last) });
  await world.pass(200);
  world.sockets[0].say({ op: 'gap', stream: 'run:a', first: '3', last: '9' });
  world.sockets[0].say({ id: '9', stream: 'run:a', seq: 2, type: 'log', data: {} });
  world.sockets[0].say({ id: '10', stream: 'run:a', seq: 3, type: 'log', data: {} });
  assert.deepEqual(gaps, [['9'], []]);
  assert.deepEqual([a.got, b.got], [[1, 10], [2]]);
  assert.deepEqual([a.live.cursor, b.live.cursor], ['10', '2']);
});

test('a view whose events only the server can tell has a socket of its own', async () => {
  world = new World();
  nativeServer([]);
  follow(['run:a'], 'now');
  follow(['workflow:x'], 'now');
  follow(['crew:x'], 'now');
  await world.pass(200);
  assert.equal(world.sockets.length, 3);
});

test('what the last subscription leaves is unsubscribed, and the socket closed with the last', async () => {
  world = new World();
  nativeServer([]);
  const a = follow(['run:a', 'run:b'], 'now');
  const b = follow(['run:b'], 'now');
  await world.pass(200);
  a.live.close();
  await world.pass(100);
  const ops = world.sockets[0].sent.filter(({ op }) => op === 'unsubscribe');
  assert.deepEqual(ops.map(({ streams }) => streams), [['run:a']]);
  b.live.close();
  await world.pass(100);
  assert.equal(world.sockets[0].readyState, 3);
});

test('one that may not be followed does not end the others', async () => {
  world = new World();
  const server = nativeServer([[1, 'run:a']]);
  server.forbidden = ['run:secret'];
  const a = follow(['run:a'], 'start');
  const secret = follow(['run:secret'], 'start');
  await world.pass(500);
  assert.equal(secret.live.status.state, 'denied');
  assert.equal(a.live.status.state, 'live');
  assert.deepEqual(a.got, [1]);
});

test('all who follow an endpoint share its socket; who joins later gets what there was', async () => {
  world = new World();
  world.onSocket = (socket) => {
    socket.accept();
    socket.say({ type: 'connected', id: '10', runId: 'r' });
  };
  const got = [[], []];
  keep(connectWorkflowStream('r', (message) => got[0].push(message.id), world.options));
  await world.pass(100);
  world.sockets[0].say({ type: 'node_status', id: '11' });
  world.sockets[0].say({ type: 'node_status', id: '11.1' });
  const second = keep(connectWorkflowStream('r', (message) => got[1].push(message.id), world.options));
  world.sockets[0].say({ type: 'node_status', id: '12' });
  await world.pass(100);
  world.sockets[0].say({ type: 'node_status', id: '13' });
  world.sockets[0].say({ type: 'node_status', id: '13' });
  world.sockets[0].say({ type: 'node_status', id: '9' });
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(got, [['10', '11', '11.1', '12', '13'], ['10', '11', '11.1', '12', '13']]);
  second.close();
  await world.pass(100);
  assert.equal(world.sockets[0].readyState, 1, 'the first still follows');
});

test('a late one that would miss something has a connection of its own', async () => {
  world = new World();
  world.onSocket = (socket) => {
    socket.accept();
    socket.say({ type: 'connected', id: '10' });
  };
  keep(connectWorkflowStream('r', () => {}, world.options));
  await world.pass(100);
  for (let i = 11; i < 3000; i++) world.sockets[0].say({ type: 'log', id: String(i) });
  const got = [];
  keep(connectWorkflowStream('r', (message) => got.push(message.id), world.options));
  await world.pass(100);
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(got, ['10']);
});

test('topics: the last state for who joins; ids that look like positions are none; both forms', async () => {
  world = new World();
  world.onSocket = (socket) => socket.accept();
  const states = [[], []];
  const topic = { path: '/workflows', twin: 'api/workflows/active' };
  keep(new TopicClient(topic, world.options, ({ data }) => states[0].push(data)));
  await world.pass(100);
  const say = (id, data) => world.sockets[0].say({ type: 'workflows_update', id, data, timestamp: '' });
  say('5.30000000', [{ id: 'a' }]);
  say('5.20000000', [{ id: 'b' }]);
  say('5.20000000', [{ id: 'b' }]);
  world.sockets[0].say([{ id: 'c' }]);
  keep(new TopicClient(topic, world.options, ({ data }) => states[1].push(data)));
  await world.pass(100);
  const seen = (list) => list.filter((data, i) => data && data !== list[i - 1]).map((data) => data[0]?.id);
  assert.deepEqual(seen(states[0]), ['a', 'b', 'c']);
  assert.deepEqual(seen(states[1]), ['c']);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(bare({ type: 'adw_state_update', data: { adw_id: 'x' } }), { adw_id: 'x' });
  assert.deepEqual(bare({ adw_id: 'x', type: 'sdlc', data: 1 }), { adw_id: 'x', type: 'sdlc', data: 1 });
});

test('after a break a topic says which state it has', async () => {
  world = new World();
  world.onSocket = (socket) => socket.accept();
  keep(new TopicClient({ path: '/queue', twin: 'api/queue' }, world.options, () => {}));
  await world.pass(100);
  world.sockets[0].say({ type: 'queue_update', id: '12.0000000a', data: {} });
  world.sockets[0].end(1006);
  await world.until(() => world.sockets.length === 2);
  assert.equal(world.sockets[1].url.searchParams.get('since'), '12.0000000a');
});

test('messages sent offline go out in their order, each once, when the socket is there', async () => {
  world = new World();
  let down = true;
  world.onSocket = (socket) => (down ? socket.refuse() : (socket.accept(), socket.say({ type: 'pong' })));
  const statuses = [];
  const client = keep(new AssistantClient({ ...world.options, onStatus: (status) => statuses.push(status) }));
  client.executeWorkflow('before connect');
  client.connect();
  client.executeWorkflow('one', 'qwen2.5-coder:14b');
  await world.pass(1500);
  client.cancelWorkflow();
  client.sendMessage({ action: 'custom', n: 3 });
  down = false;
  await world.until(() => client.status === 'connected');
  client.executeWorkflow('live');
  const sent = () => world.sockets.flatMap((socket) => socket.sent).filter(({ action }) => action);
  const wanted = [
    { action: 'execute_workflow', input: 'before connect' },
    { action: 'execute_workflow', input: 'one', model: 'qwen2.5-coder:14b' },
    { action: 'cancel_workflow' },
    { action: 'custom', n: 3 },
    { action: 'execute_workflow', input: 'live' },
  ];
  assert.deepEqual(sent(), wanted);
  world.sockets.at(-1).end(1006);
  client.executeWorkflow('in between');
  await world.pass(2000);
  assert.deepEqual(sent(), [...wanted, { action: 'execute_workflow', input: 'in between' }]);
  assert.deepEqual(statuses, ['connecting', 'connected'], 'a short break is nobody\'s business');
});

test('assistant: where no WebSocket passes, actions go by POST and messages come by the other doors', async () => {
  world = new World();
  const events = [];
  world.onRequest = ({ url, method }) => {
    const path = url.pathname.replace('/below/', '');
    if (path === 'api') return json({ name: 'runspool', routes: [] });
    if (path === 'api/workflow/actions' && method === 'POST') return json({ runId: 'r_1' }, 202);
    if (path === 'api/poll/api/workflow/stream' && url.searchParams.get('runId') === 'r_1') {
      const messages = [{ event: 'workflow_start', id: '5', data: { runId: 'r_1' } }, { event: 'workflow_complete', id: '6', data: {} }];
      return json({ events: url.searchParams.get('since') ? [] : messages, next: '6', end: true });
    }
    return json({ status: 404 }, 502);
  };
  const client = keep(new AssistantClient({ ...world.options, onEvent: ({ event }) => events.push(event) }));
  client.connect();
  client.executeWorkflow('hello');
  await world.until(() => events.length === 2, 20000);
  assert.deepEqual(events, ['workflow_start', 'workflow_complete']);
  assert.equal(client.status, 'connected');
  const posts = world.requests.filter(({ method }) => method === 'POST');
  assert.deepEqual(posts.map(({ body }) => body), [{ action: 'execute_workflow', input: 'hello' }]);
  assert(posts[0].url.searchParams.get('client'));
});

test('assistant: any url', async () => {
  world = new World();
  world.onSocket = (socket) => socket.accept();
  const urls = ['wss://host/below/api/workflow/stream', 'ws://host/ws/api/workflow/stream', 'ws://other:8000/my/socket'];
  for (const url of urls) keep(new AssistantClient({ ...world.options, url })).connect();
  await world.pass(100);
  assert.deepEqual(world.sockets.map(({ url }) => `${url.origin}${url.pathname}`),
    ['wss://host/below/ws/api/workflow/stream', 'ws://host/ws/api/workflow/stream', 'ws://other:8000/my/socket']);
});

test('a break under 2 s is not told; a longer one is, with the time of the next try', async () => {
  world = new World();
  let down = false;
  world.onSocket = (socket) => (down ? socket.refuse() : (socket.accept(), socket.say({ type: 'connected', id: '1' })));
  const states = [];
  keep(connectWorkflowStream('r', () => {}, { ...world.options, onStatus: ({ state }) => states.push(state) }));
  await world.pass(4000);
  world.sockets[0].end(1006);
  await world.pass(4000);
  assert.deepEqual(states, ['live']);
  down = true;
  world.sockets.at(-1).end(1006);
  await world.pass(2500);
  assert.deepEqual(states.slice(0, 2), ['live', 'reconnecting']);
});

test('a run that is not there: said, and not asked for again', async () => {
  world = new World();
  world.onRequest = () => json({ status: 404, title: 'Not Found' }, 404);
  const live = keep(connectWorkflowStream('r_none', () => {}, world.options));
  await world.pass(60000);
  assert.equal(live.status.state, 'missing');
  assert.equal(world.sockets.length, 1);
});

test('the crew monitor\'s run ends with done, and is not asked for again', async () => {
  world = new World();
  world.onSocket = (socket) => socket.accept();
  const got = [];
  const socket = keep(new RunWebSocket('r_1', world.options));
  const unsubscribe = socket.subscribe(({ type }) => got.push(type));
  socket.subscribe(() => {});
  socket.connect();
  await world.pass(100);
  world.sockets[0].say({ type: 'boot', id: '1' });
  unsubscribe();
  world.sockets[0].say({ type: 'done', id: '2' });
  world.sockets[0].end(1000);
  await world.pass(30000);
  assert.deepEqual(got, ['boot']);
  assert.equal(world.sockets.length, 1);
});

test('what has no end is opened again, also when the server closes as if all had been said', async () => {
  world = new World();
  world.onSocket = (socket) => socket.accept();
  keep(new TopicClient({ path: '/queue', twin: 'api/queue' }, world.options, () => {}));
  const mission = keep(new MissionWebSocket(null, world.options));
  mission.connect();
  await world.pass(100);
  assert.equal(world.sockets.length, 2);
  for (const socket of [...world.sockets]) {
    socket.say({ type: 'pong' });
    socket.end(1000);
  }
  await world.pass(5000);
  assert.deepEqual(world.sockets.slice(2).map(({ url }) => url.pathname.split('/').at(-1)).slice(0, 2).sort(), ['mission', 'queue']);
});

const seconds = (ms) => Math.floor((Date.now() + ms) / 1000);

test('a token is renewed on the live connection before it ends', async () => {
  world = new World();
  const tokens = [];
  const get = async () => {
    tokens.push(token({ sub: 'ada', exp: seconds(100000), n: tokens.length }));
    return tokens.at(-1);
  };
  nativeServer([]);
  follow(['run:a'], 'now', { token: get });
  await world.pass(200);
  assert.deepEqual(world.sockets[0].protocols, ['runspool.v1', 'token', tokens[0]]);
  const graph = keep(new GraphWebSocket('c', get, world.options));
  world.onSocket = (socket) => {
    socket.onSent = ({ type }) => type === 'ping' && socket.say({ type: 'pong' });
    socket.accept();
  };
  graph.connect();
  await world.pass(200);
  assert.equal(tokens.length, 1, 'one token for both');
  assert.deepEqual(world.sockets[1].protocols, ['token', tokens[0]]);
  await world.pass(85000);
  assert.equal(tokens.length, 2, 'asked for once, at the last fifth of its life');
  assert.deepEqual(world.sockets[0].sent.filter(({ op }) => op === 'auth'), [{ op: 'auth', token: tokens[1], ref: 'auth' }]);
  assert.deepEqual(world.sockets[1].sent.filter(({ type }) => type === 'auth'), [{ type: 'auth', token: tokens[1] }]);
  assert.equal(world.sockets.length, 2);
});

test('a stream is followed by another with the new token before its own ends; polls carry the newest', async () => {
  world = new World();
  const tokens = [];
  const get = async () => {
    tokens.push(token({ sub: 'ada', exp: seconds(100000), n: tokens.length }));
    return tokens.at(-1);
  };
  let streams = true;
  world.onRequest = ({ url }) => {
    const path = url.pathname.replace('/below/', '');
    const say = (body, text) => body.enqueue(new TextEncoder().encode(text));
    const body = {
      start(stream) {
        say(stream, 'data: {"op":"hello","head":"7"}\n\n');
        this.timer = setInterval(() => say(stream, ': still here\n\n'), 20000);
      },
      cancel() {
        clearInterval(this.timer);
      },
    };
    if (path === 'sse' && streams) return new Response(new ReadableStream(body), { headers: { 'Content-Type': 'text/event-stream' } });
    if (path === 'api/poll' && !streams) return json({ events: [], next: '7' });
    return json({}, 502);
  };
  const bearers = (path) => {
    const all = world.requests.filter(({ url }) => url.pathname === `/below/${path}`).map(({ headers }) => headers.Authorization.slice('Bearer '.length));
    return [...new Set(all)].map((one) => tokens.indexOf(one));
  };
  const states = [];
  const { live } = follow(['run:a'], 'now', { token: get, onStatus: ({ state, door }) => states.push(`${state} ${door}`) });
  await world.pass(90000);
  assert.deepEqual(bearers('sse'), [0, 1]);
  assert.deepEqual(states, ['live sse']);
  live.close();
  streams = false;
  follow(['run:b'], 'now', { token: get });
  await world.pass(90000);
  assert.deepEqual(bearers('api/poll'), [1, 2]);
});

test('after 4401 a new token is asked for once, and the stream goes on; the same token again: denied', async () => {
  world = new World();
  let n = 0;
  const answers = ['one', 'two', 'two'];
  const get = async () => answers[Math.min(n++, answers.length - 1)];
  world.onSocket = (socket) => {
    socket.accept();
    if (socket.protocols[1] === 'one') return socket.end(4401);
    socket.say({ type: 'connected', id: '1' });
  };
  const live = keep(connectWorkflowStream('r', () => {}, { ...world.options, token: get }));
  await world.pass(100);
  assert.equal(live.status.state, 'live');
  assert.deepEqual(world.sockets.map(({ protocols }) => protocols[1]), ['one', 'two']);
  world.sockets[1].end(4401);
  await world.pass(10000);
  assert.equal(live.status.state, 'denied');
  assert.equal(world.sockets.length, 2);
});

test('4401 without a way to renew, and 4403: denied, no further try, no other door', async () => {
  world = new World();
  for (const [code, given] of [[4401, 'fixed'], [4403, async () => `t${Math.random()}`]]) {
    world.sockets.length = 0;
    world.onSocket = (socket) => {
      socket.accept();
      socket.end(code);
    };
    const live = keep(connectWorkflowStream('r', () => {}, { ...world.options, token: given }));
    await world.pass(60000);
    assert.equal(live.status.state, 'denied');
    assert.equal(world.sockets.length, 1);
    assert.equal(world.requests.length, 0);
  }
});

test('HTTP 401 renews the token too', async () => {
  world = new World();
  let n = 0;
  world.onRequest = ({ url, headers }) => {
    if (!url.pathname.startsWith('/below/api/poll/')) return json({}, 502);
    if (headers.Authorization !== 'Bearer t2') return json({}, 401);
    return json({ events: [{ type: 'connected', id: '1' }], next: '1' });
  };
  const got = [];
  const live = keep(connectWorkflowStream('r', (message) => got.push(message.id), { ...world.options, token: async () => `t${++n}` }));
  await world.pass(500);
  assert.equal(live.status.door, 'polling');
  assert.deepEqual(got, ['1']);
});

test('a silent socket is asked for a sign of life, and left when there is none', async () => {
  world = new World();
  world.onSocket = (socket) => {
    socket.accept();
    socket.say({ type: 'connected', id: '1' });
  };
  keep(new Live({ path: '/workflows/r', ...world.options }));
  await world.pass(26000);
  assert.equal(world.sockets[0].sent.filter(({ type }) => type === 'ping').length, 2);
  await world.pass(11000);
  assert.equal(world.sockets.length, 2);
});

test('what the server sends that is no message does no harm', async () => {
  world = new World();
  world.onSocket = (socket) => socket.accept();
  const got = [];
  keep(connectWorkflowStream('r', (message) => got.push(message.id), world.options));
  await world.pass(100);
  for (const value of [null, 7, 'text', true, {}, { type: 'auth', status: 'ok' }, { type: 'error', code: 'denied', message: 'no' }, { id: '3', type: 'log' }]) world.sockets[0].say(value);
  assert.deepEqual(got, [undefined, '3']);
});
