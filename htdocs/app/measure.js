// What the way from this browser to the server does to each door. Each check gives {level, words, fault?}: level good, warning
// or bad; fault: what mends it, by its name in /api/doctor.

import { authorization } from '../client/doors/http.js';
import { siteBase, siteUrl, socketUrl } from '../client/urls.js';
import { measureClock } from './clock.js';
import { text } from './text.js';

const FIRST_MS = 3000;
const SOCKET_MS = 3000;
const SKEW_MS = 2000;
const HELD_S = 25;
const HELD_EXTRA_MS = 5000;
const LATE = 2; // heartbeats, and ...
const LATE_MS = 1500; // ... so much, as the bridge looks once a second: then they are held back

const say = text.doctor.found;
const good = (words) => ({ level: 'good', words });
const warning = (words, fault) => ({ level: 'warning', words, fault });
const bad = (words, fault) => ({ level: 'bad', words, fault });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isProblem = (response) => (response.headers.get('content-type') ?? '').startsWith('application/problem+json');

/** A signal that ends with `signal` or after ms. */
const within = (signal, ms) => AbortSignal.any([signal, AbortSignal.timeout(ms)]);
const get = (path, query, signal, headers) => fetch(siteUrl(siteBase, path, query), { signal, cache: 'no-store', headers });

/** What an answer says that is not the door's. */
function notCarried(response) {
  const { status } = response;
  if (status === 502 || status === 503 || status === 504) return bad(say.noBridge(status), 'noBridge');
  if (status === 401 || status === 403) return warning(say.signIn(status));
  if (status === 404 && isProblem(response)) return bad(say.unknownPath, 'prefix');
  if (status === 404 || status === 405) return bad(say.notPassed(status), 'notPassed');
  return bad(say.status(status));
}

/** A check that threw: stopped, or the network did. */
const failed = (error, signal) => {
  if (signal.aborted) throw error;
  return bad(say.noAnswer);
};

function prefix({ report }) {
  const own = new URL(siteBase).pathname.replace(/\/$/, '');
  return report.prefix === own ? good(say.prefix(own)) : bad(say.otherPrefix(own, report.prefix), 'prefix');
}

const clock = ({ skewMs, roundMs }) =>
  Math.abs(skewMs) > SKEW_MS + roundMs / 2 ? warning(say.skew(skewMs)) : good(say.clock(Math.abs(skewMs), roundMs));

async function authorizationPasses(_, signal) {
  const ask = async (headers) => {
    const response = await fetch(siteUrl(siteBase, 'api/runs'), { signal, cache: 'no-store', credentials: 'omit', headers });
    return [response.status, await response.text()];
  };
  const [status, without] = await ask({});
  if (status !== 401) return good(say.noAuth);
  const [, wrong] = await ask(authorization('doctor'));
  return wrong === without ? bad(say.noHeader, 'authorization') : good(say.header);
}

async function polls(_, signal) {
  const response = await get('api/poll', { stream: 'system', since: 'now' }, signal);
  if (response.status === 401 || response.status === 403) return warning(say.signIn(response.status));
  const answer = await response.json().catch(() => null);
  return response.ok && answer?.next ? good(say.polls) : bad(say.status(response.status), 'noPoll');
}

/** {socket, ms} of a socket that has brought its first message, or {code} or {}: it did not in time. The caller closes it. */
function openSocket(path, protocols, ping, signal) {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = new WebSocket(socketUrl(siteBase, path), protocols);
    const end = (found) => {
      clearTimeout(timer);
      if (!found.socket) socket.close();
      resolve(found);
    };
    const timer = setTimeout(() => end({}), SOCKET_MS);
    signal.addEventListener('abort', () => end({}));
    socket.onopen = () => socket.send(ping);
    socket.onmessage = ({ data }) => end({ socket, ms: Math.round(performance.now() - began), first: JSON.parse(data) });
    socket.onclose = ({ code }) => end({ code });
  });
}
const native = (signal) => openSocket('ws', ['runspool.v1'], '{"op":"ping"}', signal);

const socketCheck = (path, open) => async (_, signal) => {
  const { socket, ms, code } = await open(signal);
  socket?.close();
  if (socket) return good(say.upgraded(ms));
  if (code === 4401 || code === 4403) return warning(say.signIn(code - 4000));
  const response = await get(path, {}, within(signal, SOCKET_MS)).catch(() => null);
  signal.throwIfAborted();
  // The bridge says 426 when it was asked for a page: it is there, and was not asked for a socket.
  return !response || [200, 400, 426].includes(response.status) ? bad(say.notUpgraded, 'upgrade') : notCarried(response);
};

/** An open stream: {response, reader, headMs, began}. */
async function openStream(signal) {
  const began = performance.now();
  const response = await get('sse', { stream: 'system' }, signal, { Accept: 'text/event-stream' });
  return { response, headMs: Math.round(performance.now() - began), began, reader: response.body.getReader() };
}

async function sse(_, signal) {
  const abort = new AbortController();
  const both = AbortSignal.any([signal, abort.signal]);
  try {
    const late = pause(FIRST_MS).then(() => null);
    const stream = await Promise.race([openStream(both), late]);
    if (!stream) return bad(say.heldBack(FIRST_MS / 1000), 'buffering');
    const { response, reader, began, headMs } = stream;
    if (!response.ok || !(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) return response.ok ? bad(say.notPassed(response.status), 'notPassed') : notCarried(response);
    const encoding = response.headers.get('content-encoding');
    const first = await Promise.race([reader.read(), late]);
    if (!first) return bad(encoding ? say.compressed(encoding, FIRST_MS / 1000) : say.heldBack(FIRST_MS / 1000), 'buffering');
    const firstMs = Math.round(performance.now() - began);
    return good(say.first(headMs, firstMs));
  } finally {
    abort.abort();
  }
}

async function longPoll(_, signal, { silence, progress }) {
  const held = Math.min(HELD_S, silence);
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  const timer = setInterval(() => progress((performance.now() - began) / 1000 / held), 500);
  try {
    const response = await get('poll', { stream: 'tool:doctor', since: 'now', wait: held }, within(signal, held * 1000 + HELD_EXTRA_MS));
    const answer = await response.json().catch(() => null);
    if (response.ok && answer?.next) return good(say.held(seconds()));
    return seconds() > 0 ? bad(say.cutWith(seconds(), response.status), 'cut') : response.ok ? bad(say.notPassed(response.status), 'notPassed') : notCarried(response);
  } catch (error) {
    if (signal.aborted) throw error;
    return bad(say.cut(seconds()), 'cut');
  } finally {
    clearInterval(timer);
  }
}

/** How long a socket lives on which this page says nothing: null, to the end; else seconds; undefined, none was opened. */
async function silentSocket(signal, until, heard) {
  const { socket, first } = await native(signal);
  if (!socket) return undefined;
  heard(first.heartbeatMs);
  const began = performance.now();
  const lived = await new Promise((resolve) => {
    socket.onclose = () => resolve(Math.round((performance.now() - began) / 1000));
    until.then(() => resolve(null));
  });
  socket.onclose = null;
  socket.close();
  return lived;
}

/** The same of a stream, with the time between its heartbeats: {lived, gaps}, or undefined. */
async function silentStream(signal, until) {
  const abort = new AbortController();
  const gaps = [];
  until.then(() => abort.abort());
  try {
    const { response, reader } = await openStream(AbortSignal.any([signal, abort.signal]));
    if (!response.ok) return undefined;
    const began = performance.now();
    let at = began;
    for (;;) {
      const piece = await Promise.race([reader.read().catch(() => ({ done: true })), until.then(() => null)]);
      const now = performance.now();
      if (!piece || signal.aborted) return { lived: null, gaps: [...gaps, now - at] };
      if (piece.done) return { lived: Math.round((now - began) / 1000), gaps };
      gaps.push(now - at);
      at = now;
    }
  } catch {
    return undefined;
  } finally {
    abort.abort();
  }
}

async function idle(_, signal, { silence, progress, works }) {
  const began = performance.now();
  const timer = setInterval(() => progress((performance.now() - began) / 1000 / silence), 500);
  const until = Promise.race([pause(silence * 1000), new Promise((resolve) => signal.addEventListener('abort', resolve))]);
  let heartbeatMs;
  try {
    const [socket, stream] = await Promise.all([
      works('websocket') ? silentSocket(signal, until, (ms) => (heartbeatMs = ms)) : undefined,
      works('sse') ? silentStream(signal, until) : undefined,
    ]);
    signal.throwIfAborted();
    if (socket === undefined && !stream) return warning(say.nothingOpen);
    const cut = [socket, stream?.lived].filter((seconds) => typeof seconds === 'number');
    if (cut.length) return bad(say.cut(Math.min(...cut)), 'cut');
    const longest = stream ? Math.max(...stream.gaps) : 0;
    if (heartbeatMs && longest > heartbeatMs * LATE + LATE_MS) return bad(say.beatsHeld(Math.round(longest / 1000), heartbeatMs / 1000), 'buffering');
    return good(say.lived(silence, stream && heartbeatMs ? heartbeatMs / 1000 : 0));
  } finally {
    clearInterval(timer);
  }
}

const QUICK = {
  clock,
  prefix,
  authorization: authorizationPasses,
  polls,
  websocket: socketCheck('ws', native),
  assistant: socketCheck('api/workflow/stream', (signal) => openSocket('api/workflow/stream', [], '{"type":"ping"}', signal)),
  sse,
};
const SLOW = { longPoll, idle };
export const CHECKS = ['rest', ...Object.keys(QUICK), ...Object.keys(SLOW)];

/** Measures all of it; rejects when `signal` stops it. silence: seconds. told(check, finding or {progress}) at each news;
 * began(what measureClock gives) when the server has answered. */
export async function measure({ silence, signal, told, began }) {
  let known;
  try {
    known = await measureClock(signal);
  } catch (error) {
    if (signal.aborted) throw error;
    told('rest', bad(error.status ? say.restStatus(error.status) : say.noAnswer));
    return;
  }
  began(known);
  told('rest', good(say.rest(known.roundMs, known.server)));
  const found = {};
  const works = (check) => found[check].level === 'good';
  const run = (checks) =>
    Promise.all(Object.entries(checks).map(async ([check, look]) => {
      const progress = (share) => signal.aborted || told(check, { progress: Math.min(1, share) });
      progress(0);
      found[check] = await Promise.resolve(look(known, signal, { silence, progress, works })).catch((error) => failed(error, signal));
      told(check, found[check]);
    }));
  await run(QUICK);
  await run(SLOW);
}
