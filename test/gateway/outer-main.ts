/**
 * The outside world of the gateway's tests, in a namespace of its own: a DNS server, and HTTP and HTTPS servers that say which
 * name they were asked for. `outer-main.ts KEY CERTIFICATE`, both files; prints `ready` when all of it listens.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import dnsPacket from 'dns-packet';
import { NAMES, OUTER, RESOLVER } from './outer.ts';

const [keyFile = '', certificateFile = ''] = process.argv.slice(2);
const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };

const socket = createSocket('udp4');
socket.on('message', (message, from) => {
  const query = dnsPacket.decode(message);
  const [question] = query.questions ?? [];
  const addresses = question === undefined ? [] : (NAMES[question.name.toLowerCase()] ?? []);
  const wanted = addresses.filter((address) => address.includes(':') === (question?.type === 'AAAA'));
  const known = question?.type === 'A' || question?.type === 'AAAA' ? wanted : [];
  const answers = known.map((data) => ({
    name: question?.name ?? '',
    type: data.includes(':') ? ('AAAA' as const) : ('A' as const),
    ttl: 60,
    data,
  }));
  // Asked for by the tests: nothing may be looked up that the policy does not name.
  process.stdout.write(`asked ${question?.type} ${question?.name.toLowerCase()}\n`);
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE;
  socket.send(
    dnsPacket.encode({ type: 'response', id: query.id ?? 0, flags, questions: query.questions ?? [], answers }),
    from.port,
    from.address,
  );
});
socket.bind(53, RESOLVER);

createHttp((request, response) => {
  response.end(`http ${request.headers.host ?? ''} ${request.url ?? ''}\n`);
}).listen(80, '::');
createHttps(tls, (request, response) => {
  const name =
    request.socket instanceof TLSSocket && request.socket.servername !== false ? request.socket.servername : '';
  const line = `https ${name} ${request.headers.host ?? ''}\n`;
  if (request.url !== '/slow') response.end(line);
  else setInterval(() => response.write(line), 200); // until it is cut
}).listen(443, '::');
for (const port of [22, 25, 853, 8443]) createServer((socket) => socket.end('hello\n')).listen(port, '::');
setTimeout(() => process.stdout.write(`ready ${OUTER.addresses.length}\n`), 300);
