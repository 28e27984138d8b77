/**
 * Two ends of a connection that is silent until a file appears: the client speaks once, and then it is the server's turn, whose packet
 * looks new to a conntrack that has not seen the client's. `idle.ts server|client tcp|udp ADDRESS PORT FROM-ADDRESS FROM-PORT FOLDER`
 */
import { createSocket } from 'node:dgram';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const [, , role, protocol, address = '', port = '', from = '', fromPort = '', folder = ''] = process.argv;
const family = address.includes(':') ? 'udp6' : 'udp4';
const PATIENCE_MS = 2_500; // a lost segment is sent again after 200 ms, 400 ms, ...

function say(answer: string): void {
  process.stdout.write(answer);
  process.exit(0);
}

/** The server's part: it is silent, then speaks, and is answered or not. */
function wait(speak: () => void): void {
  writeFileSync(join(folder, 'open'), '');
  const timer = setInterval(() => {
    if (!existsSync(join(folder, 'go'))) return;
    clearInterval(timer);
    speak();
    setTimeout(() => say('silence'), PATIENCE_MS);
  }, 20);
}

if (role === 'server' && protocol === 'tcp') {
  createServer((socket) => {
    socket.once('data', () => {
      wait(() => socket.write('are you there?'));
      socket.once('data', () => say('answered'));
      socket.on('error', () => say('cut'));
    });
  }).listen(Number(port), address, () => writeFileSync(join(folder, 'listening'), ''));
} else if (role === 'server') {
  const socket = createSocket(family);
  socket.on('error', () => say('cut'));
  socket.once('message', (_, peer) => {
    wait(() => socket.send('are you there?', peer.port, peer.address, (error) => error && say('cut')));
    socket.once('message', () => say('answered'));
  });
  socket.bind(Number(port), address, () => writeFileSync(join(folder, 'listening'), ''));
} else if (protocol === 'tcp') {
  const socket = connect({ host: address, port: Number(port), localAddress: from, localPort: Number(fromPort) });
  socket.on('connect', () => socket.write('hello'));
  socket.on('data', (data) => socket.write(data));
  socket.on('error', () => say('cut'));
} else {
  const socket = createSocket(family);
  socket.bind(Number(fromPort), from, () => socket.send('hello', Number(port), address));
  socket.on('message', (data, peer) => socket.send(data, peer.port, peer.address));
}
setTimeout(() => say('too long'), 30_000).unref();
if (role === 'client') setInterval(() => existsSync(join(folder, 'over')) && say('over'), 20);
