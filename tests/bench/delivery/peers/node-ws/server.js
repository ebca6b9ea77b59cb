// What one writes first with the `ws` package: POST /pub/NAME sends its body to everybody who follows /ws/NAME.
// Usage: node server.js PORT
'use strict';
const http = require('node:http');
const { WebSocketServer, WebSocket } = require('ws');

const followers = new Map();

function follow(name, socket) {
  if (!followers.has(name)) followers.set(name, new Set());
  followers.get(name).add(socket);
  socket.on('close', () => followers.get(name).delete(socket));
  socket.on('error', () => {});
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const message = Buffer.concat(parts).toString();
    for (const socket of followers.get(request.url.slice('/pub/'.length)) ?? [])
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
    response.writeHead(202).end();
  });
});
server.keepAliveTimeout = 300000;
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket, request) => follow(request.url.slice('/ws/'.length), socket));
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
