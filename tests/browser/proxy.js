// A web server in front of an instance that does to live connections what real ones do: it passes everything through,
// refuses upgrades, swallows the bodies of streams, compresses them, cuts connections after cutMs, does not pass the bridge's
// paths on, or answers 502 because the bridge is away.

import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { createGzip } from 'node:zlib';

const STREAMS = /^\/(ws|sse)(\/|\?|$)/;
const BRIDGE = /^\/(ws|sse|poll|healthz|metrics|api\/workflow\/stream)(\/|\?|$)/;

export const WAYS = {
  websocket: {},
  sse: { refuseUpgrade: true },
  'long-poll': { mute: true },
  polling: { noBridge: true },
};

export class Proxy {
  #server = createServer((incoming, response) => this.#http(incoming, response));
  #sockets = new Set();

  constructor(target, way) {
    this.target = new URL(target);
    Object.assign(this, way);
  }

  async start() {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.#server.on('upgrade', (incoming, socket, head) => this.#upgrade(incoming, socket, head));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}${this.prefix ?? ''}${this.target.pathname}`;
    return this;
  }

  /** End all connections; with `down` no new one gets anywhere. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Below a sub-path: what is passed on has none, and a header that tells it. */
  #strip(incoming) {
    if (!this.prefix) return;
    incoming.url = incoming.url.slice(this.prefix.length);
    incoming.headers['x-forwarded-prefix'] = this.prefix;
    incoming.rawHeaders.push('X-Forwarded-Prefix', this.prefix);
  }

  #http(incoming, response) {
    this.#strip(incoming);
    if (this.down) return incoming.socket.destroy();
    if (this.notPassed && BRIDGE.test(incoming.url)) return response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not found</h1>');
    if (this.noBridge && BRIDGE.test(incoming.url)) return response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad gateway</h1>');
    const { method, headers, url } = incoming;
    if (this.compress) delete headers['accept-encoding']; // a server that compresses asks for what is not
    if (this.server) response.setHeader('Server', this.server);
    if (this.cutMs && BRIDGE.test(url)) setTimeout(() => response.destroy(), this.cutMs);
    const onward = request({ host: this.target.hostname, port: this.target.port, method, headers, path: url }, (answer) => {
      if (this.compress && STREAMS.test(url)) {
        response.writeHead(answer.statusCode, { ...answer.headers, 'content-encoding': 'gzip' });
        return answer.pipe(createGzip()).pipe(response); // which gives when it has enough
      }
      response.writeHead(answer.statusCode, { ...answer.headers, ...this.headers });
      if (this.mute && STREAMS.test(url)) return answer.resume(); // the head passes, the body never does
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  #upgrade(incoming, socket, head) {
    this.#strip(incoming);
    if (this.down) return socket.destroy();
    if (this.dropUpgrade) return socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    if (this.refuseUpgrade || this.noBridge || this.notPassed) return socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    if (this.mute) return; // accepted, and never heard of again
    const lines = [`GET ${incoming.url} HTTP/1.1`];
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
    const onward = connect(this.target.port, this.target.hostname, () => {
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
      if (this.cutMs) setTimeout(() => socket.destroy(), this.cutMs);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  }
}
