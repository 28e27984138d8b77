/**
 * The outside world of the gateway's tests, in a namespace of its own: a DNS server, and servers that say what they were asked
 * for. `outer-main.ts KEY CERTIFICATE`, both files; prints `ready` when all of it listens, and what comes, a line each.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import dnsPacket from 'dns-packet';
import { CORP_RESOLVER, EVIL, RESOLVER } from './outer.ts';
import { serveNames } from './outer-dns.ts';

const [keyFile = '', certificateFile = ''] = process.argv.slice(2);
const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
const print = (line: string): unknown => process.stdout.write(`${line}\n`);

serveNames(RESOLVER);
serveNames(CORP_RESOLVER);
switching(createHttp((request, response) => void answer('http', request, response))).listen(80, '::');
switching(createHttps(tls, (request, response) => void answer('https', request, response))).listen(443, '::');
for (const port of [25, 853, 2_375, 8_443]) listen(port, (socket) => socket.end('hello\n'));
listen(22, (socket) => {
  socket.write('SSH-2.0-outer\r\n');
  socket.pipe(socket);
});
listen(8_080, (socket) => {
  socket.on('data', (data: Buffer) => {
    print(`relayed ${data.toString('latin1').split('\r\n')[0]}`);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  });
});
setTimeout(() => print('ready'), 300);

async function answer(scheme: 'http' | 'https', request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { socket, headers, url = '' } = request;
  const name = socket instanceof TLSSocket ? `${socket.servername || '(none)'} ` : '';
  const body: Buffer[] = [];
  for await (const chunk of request) body.push(Buffer.from(chunk));
  const bytes = Buffer.concat(body);
  const line = `${scheme} ${name}${headers.host ?? ''} ${url}${bytes.length === 0 ? '' : ` ${bytes.length} bytes`}\n`;
  print(`served ${request.method} ${line.trim()}`);
  if (url === '/slow')
    setInterval(() => response.write(line), 200); // until it is cut
  else if (headers['content-type'] === 'application/dns-message')
    response.end(resolved(bytes)); // RFC 8484
  else response.end(line);
}

/** Switches to whatever it is asked to, WebSockets properly (RFC 6455 4.2.2). */
function switching<S extends Server>(server: S): S {
  server.on('upgrade', ({ headers }: IncomingMessage, socket: Socket) => {
    print(`switched ${headers.host} to ${headers.upgrade}`);
    const key = `${headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('error', () => socket.destroy());
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${headers.upgrade}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.end(Buffer.from([0x81, 2, 0x6f, 0x6b])); // one frame of text: ok
  });
  return server;
}

/** Any name at the attacker's address. */
function resolved(message: Buffer): Buffer {
  const { id = 0, questions = [] } = dnsPacket.decode(message);
  const answers = questions.flatMap(({ name, type }) =>
    type === 'A' ? [{ type: 'A' as const, name, ttl: 60, data: EVIL }] : [],
  );
  return dnsPacket.encode({ type: 'response', id, questions, answers });
}

function listen(port: number, onConnection: (socket: Socket) => void): void {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  }).listen({ port, host: '::', backlog: 4_096 });
}
