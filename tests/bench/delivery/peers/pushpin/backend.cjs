// The backend Pushpin asks (WebSocket-over-HTTP, GRIP): accepts everybody, who then follows the channel named in the path.
// Usage: node backend.cjs PORT
'use strict';
const http = require('node:http');

http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/websocket-events');
    if (!Buffer.concat(parts).toString().startsWith('OPEN\r\n')) return response.end();
    const channel = request.url.slice(request.url.lastIndexOf('/') + 1);
    const control = `c:${JSON.stringify({ type: 'subscribe', channel })}`;
    response.setHeader('Sec-WebSocket-Extensions', 'grip');
    response.end(`OPEN\r\nTEXT ${control.length.toString(16)}\r\n${control}\r\n`);
  });
}).listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
