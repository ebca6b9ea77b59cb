// An instance for tests of the client and the pages: the protocol over an event log in memory, and doors that can be
// closed, made mute or cut one by one. Nothing in it runs workflows.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { WebSocketServer } from '../modules.js';
import { Log } from './log.js';

const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', txt: 'text/plain' };
const HEARTBEAT_MS = 25000;
const POLL_MAX = 1000;
const CSP = "default-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const json = (response, status, body) => {
  response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(body));
};
const problem = (response, status, title, errors) => json(response, status, { status, title, detail: title, errors });

export class Instance {
  log = new Log();
  workflows = new Map();
  runs = new Map();
  artifacts = new Map(); // run id -> Map name -> text
  requests = []; // paths asked for, in order
  connections = new Set(); // functions that cut a live connection
  /** Each 'ok', 'refused' (404), 'broken' (502), 'page' (an HTML page with 200), or 'mute' (accepted, never a byte). */
  doors = { websocket: 'ok', sse: 'ok', 'long-poll': 'ok', polling: 'ok' };
  /** What happens at POST .../run; tests replace it. Returns the run's id. */
  onRun = () => {
    throw new Error('no workflow runs here');
  };
  ended = (stream) => {
    const last = this.log.events.findLast((event) => event.stream === stream);
    return ['run.finished', 'run.failed', 'run.cancelled'].includes(last?.type);
  };

  #server = createServer((request, response) => this.#http(request, response));
  #sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] });

  constructor({ webroot, prefix = '/' } = {}) {
    Object.assign(this, { webroot, prefix });
  }

  async start() {
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}${this.prefix}`;
    return this;
  }

  async close() {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** End every live connection, as a dying bridge does. */
  cut() {
    for (const end of this.connections) end();
    this.connections.clear();
  }

  #cursor(since) {
    return since === 'start' ? '0' : !since || since === 'now' ? this.log.head : since;
  }

  #closedDoor(door, response) {
    const state = this.doors[door];
    if (state === 'refused') problem(response, 404, 'Not found');
    else if (state === 'broken') problem(response, 502, 'Bad gateway');
    else if (state === 'page') response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>It works</p>');
    else if (state !== 'mute') return false;
    return true;
  }

  #upgrade(request, socket, head) {
    const url = new URL(request.url, this.url);
    this.requests.push(url.pathname);
    const state = this.doors.websocket;
    const end = () => socket.destroy();
    this.connections.add(end);
    socket.on('close', () => this.connections.delete(end));
    socket.on('error', end);
    if (state === 'mute') return;
    if (state !== 'ok') return socket.end(`HTTP/1.1 ${state === 'refused' ? 404 : 502} No\r\nConnection: close\r\n\r\n`);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#socket(ws));
  }

  #socket(ws) {
    const send = (message) => ws.send(JSON.stringify(message));
    let stop = () => {};
    send({ op: 'hello', protocol: 'runspool.v1', head: this.log.head, heartbeatMs: HEARTBEAT_MS });
    ws.on('message', (text) => {
      const message = JSON.parse(text);
      if (message.op === 'ping') return send({ op: 'pong' });
      if (message.op !== 'subscribe') return send({ op: 'error', code: 'unknown', message: 'unknown op' });
      send({ op: 'subscribed', streams: message.streams, head: this.log.head });
      let at = this.#cursor(message.since);
      const flow = () => {
        for (const event of this.log.after(message.streams, at)) send(event);
        at = this.log.head;
      };
      flow();
      stop();
      stop = this.log.watch(flow);
    });
    ws.on('close', () => stop());
  }

  #stream(url, request, response) {
    const streams = url.searchParams.getAll('stream');
    let at = this.#cursor(url.searchParams.get('since'));
    if (this.ended(streams[0]) && !this.log.after(streams, at).length) return response.writeHead(204).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`data: ${JSON.stringify({ op: 'hello', head: this.log.head })}\n\n`);
    const flow = () => {
      for (const event of this.log.after(streams, at)) response.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
      at = this.log.head;
      if (this.ended(streams[0])) response.end();
    };
    const stop = this.log.watch(flow);
    const end = () => response.destroy();
    this.connections.add(end);
    response.on('close', () => {
      stop();
      this.connections.delete(end);
    });
    flow();
  }

  #poll(url, response, mayHold) {
    const streams = url.searchParams.getAll('stream');
    const since = this.#cursor(url.searchParams.get('since'));
    const answer = () => {
      const events = this.log.after(streams, since).slice(0, POLL_MAX);
      const full = events.length === POLL_MAX;
      const next = full ? events.at(-1).id : this.log.head;
      json(response, 200, { events, next, ...(!full && this.ended(streams[0]) ? { end: true } : {}) });
    };
    const wait = mayHold ? Number(url.searchParams.get('wait') ?? 0) : 0;
    if (!wait || this.ended(streams[0]) || this.log.after(streams, since).length) return answer();
    const done = () => {
      stop();
      clearTimeout(timer);
      this.connections.delete(end);
      if (!response.destroyed) answer();
    };
    const stop = this.log.watch(() => this.log.after(streams, since).length && done());
    const timer = setTimeout(done, wait * 1000);
    const end = () => {
      stop();
      clearTimeout(timer);
      response.destroy();
    };
    this.connections.add(end);
  }

  #http(request, response) {
    const url = new URL(request.url, this.url);
    this.requests.push(url.pathname);
    if (!url.pathname.startsWith(this.prefix)) return problem(response, 404, 'Not found');
    const path = `/${url.pathname.slice(this.prefix.length)}`;
    if (path === '/sse') return this.#closedDoor('sse', response) || this.#stream(url, request, response);
    if (path === '/poll') return this.#closedDoor('long-poll', response) || this.#poll(url, response, true);
    if (path === '/api/poll') return this.#closedDoor('polling', response) || this.#poll(url, response, false);
    if (path.startsWith('/api/')) return this.#api(request, url, path.slice(5).split('/').map(decodeURIComponent), response);
    return this.#file(path, response);
  }

  async #api(request, url, [kind, id, action, name], response) {
    const list = (items) => {
      const limit = Number(url.searchParams.get('limit') ?? 50);
      json(response, 200, { items: items.slice(0, limit), next: items.length > limit ? String(limit) : null });
    };
    if (this.failure) return problem(response, this.failure, 'The database is locked');
    if (kind === 'workflows' && !id) return list([...this.workflows.values()].map(({ nodes, edges, ...rest }) => ({ ...rest, nodeCount: nodes.length })));
    if (kind === 'auth') return json(response, 200, { auth: 'none' });
    if (kind === 'runs' && !id) {
      const [status, workflow] = ['status', 'workflow'].map((field) => url.searchParams.get(field));
      return list([...this.runs.values()]
        .filter((run) => (!status || run.status === status) && (!workflow || run.workflowId === workflow))
        .map(({ nodes, graph, ...rest }) => rest));
    }
    const found = (kind === 'workflows' ? this.workflows : this.runs).get(id);
    if (!found) return problem(response, 404, `no ${kind.slice(0, -1)} ${id}`);
    if (kind === 'workflows' && action === 'run') {
      let body = '';
      for await (const part of request) body += part;
      try {
        return json(response, 202, { runId: this.onRun(id, JSON.parse(body)), workflowId: id, status: 'queued' });
      } catch (error) {
        return problem(response, 422, error.message, error.errors);
      }
    }
    if (kind === 'runs' && action === 'events') {
      const limit = Number(url.searchParams.get('limit'));
      const items = this.log.after([`run:${id}`], url.searchParams.get('cursor') ?? '0');
      if (url.searchParams.has('last')) return json(response, 200, { items: items.slice(-Number(url.searchParams.get('last'))), next: null });
      return json(response, 200, { items: items.slice(0, limit), next: items.length > limit ? items[limit - 1].id : null });
    }
    if (kind === 'runs' && action === 'artifacts') {
      const files = this.artifacts.get(id) ?? new Map();
      if (!name) return list([...files].map(([file, text]) => ({ name: file, bytes: text.length, type: file.endsWith('.md') ? 'text/markdown' : 'text/plain' })));
      return response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(files.get(name));
    }
    return json(response, 200, found);
  }

  async #file(path, response) {
    const file = normalize(path === '/' ? '/index.html' : path);
    try {
      const content = await readFile(join(this.webroot, file));
      response.writeHead(200, { 'Content-Type': `${TYPES[file.split('.').pop()] ?? 'application/octet-stream'}; charset=utf-8`, 'Content-Security-Policy': CSP });
      response.end(content);
    } catch {
      problem(response, 404, 'Not found');
    }
  }
}
