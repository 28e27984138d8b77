/**
 * The world outside of the conversation, in a namespace of its own: a resolver that knows every name, and one server that is Discord and
 * Anthropic, and anybody else. It tells what it has seen, a JSON line each; `outside-main.ts KEY CERTIFICATE`, both files; prints `ready`.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer } from 'node:net';
import dnsPacket from 'dns-packet';
import { WebSocketServer } from 'ws';
import { RESOLVER } from '../../gateway/outer.ts';
import { anthropicMessage, anthropicStream } from './anthropic-stand-in.ts';
import { discordAnswer, gatewayReplies, HELLO, type Payload } from './discord-stand-in.ts';
import type { Seen } from './story.ts';

const [keyFile = '', certificateFile = ''] = process.argv.slice(2);
const ADDRESSES = { A: '93.184.216.34', AAAA: '2606:2800:220:1::1' } as const; // of every name
const TTL = 60; // seconds

function saw(what: Seen): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const resolver = createSocket('udp4');
resolver.on('message', (message, from) => {
  const query = dnsPacket.decode(message);
  const [question] = query.questions ?? [];
  if (question === undefined) return;
  const { name, type } = question;
  saw({ kind: 'lookup', name: name.toLowerCase(), type });
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE;
  const answers = type === 'A' || type === 'AAAA' ? [{ name, type, ttl: TTL, data: ADDRESSES[type] }] : [];
  const response = { type: 'response' as const, id: query.id ?? 0, flags, questions: [question], answers };
  resolver.send(dnsPacket.encode(response), from.port, from.address);
});
resolver.bind(53, RESOLVER);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url: path = '', headers } = request;
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    saw({ kind: 'request', host, method, path, body });
    if (host === 'discord.com') {
      const { status, body: said } = discordAnswer(method, path, body);
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(said));
    } else if (host === 'api.anthropic.com' && path.startsWith('/v1/messages')) {
      const isStream = /"stream":\s*true/.test(body);
      response.writeHead(200, { 'Content-Type': isStream ? 'text/event-stream' : 'application/json' });
      response.end(isStream ? anthropicStream() : JSON.stringify(anthropicMessage()));
    } else response.writeHead(404).end();
  });
}

/** The certificate is the same whatever the name: it is told, too, where no request follows. */
function noted(name: string, done: (error: null) => void): void {
  saw({ kind: 'tls', name });
  done(null);
}

const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
const server = createHttps({ ...tls, SNICallback: noted }, answer);
new WebSocketServer({ server }).on('connection', (socket, { headers: { host = '' } }) => {
  const say = (payload: Payload) => socket.send(JSON.stringify(payload));
  say(HELLO);
  socket.on('message', (data) => {
    const payload: Payload = JSON.parse(String(data));
    saw({ kind: 'socket', host, opcode: payload.op });
    for (const reply of gatewayReplies(payload)) say(reply);
  });
});
server.listen(443, '::');
createHttp(answer).listen(80, '::');
for (const port of [22, 25, 853, 8443]) createServer((socket) => socket.end()).listen(port, '::');
setTimeout(() => process.stdout.write('ready\n'), 300);
