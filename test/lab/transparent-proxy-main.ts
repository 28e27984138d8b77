/**
 * Runs in a network namespace of its own (test/lab/transparent-proxy.test.ts): the kernel redirects what goes to the addresses of an
 * attacker, both families, to a proxy that knows a name's own. Prints what came of each client, and the records, as JSON.
 */
import { createServer as createHttp } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createServer } from 'node:net';
import { originalDestination } from '../../src/gateway/proxy/original-destination.ts';
import { ignore, listening, policyOf, startWorld, UID } from '../../src/gateway/proxy/support.ts';
import { run, runChecked } from '../../src/host/index.ts';
import { selfSigned } from './certificate.ts';

const REAL = '127.0.0.5'; // what the gateway finds for the name
const CHOSEN = { 4: '203.0.113.66', 6: '2001:db8::66' } as const; // what the client was told
const GRANTED = '203.0.113.77'; // an address that a flow leads to by itself
const TLS_PORT = 443;
const HTTP_PORT = 80;
const SSH_PORT = 22;

const asked = originalDestination();
if (typeof asked !== 'function') {
  process.stdout.write(JSON.stringify({ missing: asked.sentence }));
  process.exit(0);
}

const addresses = [`${CHOSEN[4]}/32`, `${GRANTED}/32`, `${CHOSEN[6]}/128`];
await runChecked('ip', ['link', 'set', 'lo', 'up'], { timeoutMs: 5_000 });
for (const each of addresses) await runChecked('ip', ['address', 'add', each, 'dev', 'lo'], { timeoutMs: 5_000 });

const own = await selfSigned(['site.example', 'evil.example']);
const answerFrom =
  (who: string) => (request: { url?: string | undefined }, response: { end: (text: string) => void }) =>
    response.end(`${who} ${request.url}`);
await listening(createTls(own, answerFrom('the real one')), REAL, TLS_PORT);
await listening(createHttp(answerFrom('the real one')), REAL, HTTP_PORT);
for (const host of [CHOSEN[4], CHOSEN[6]]) {
  await listening(createTls(own, answerFrom('an attacker')), host, TLS_PORT);
  await listening(createHttp(answerFrom('an attacker')), host, HTTP_PORT);
}
await listening(
  createServer((socket) => socket.on('error', ignore).end('SSH-2.0-granted\r\n')),
  GRANTED,
  SSH_PORT,
);

const world = await startWorld(
  policyOf({ to: ['site.example'], ports: [TLS_PORT, HTTP_PORT] }, { to: [GRANTED], ports: [SSH_PORT] }),
  {
    listeners: [
      { kind: 'transparent', at: { host: '127.0.0.1', port: 0 }, originalDestination: asked },
      { kind: 'transparent', at: { host: '::1', port: 0 }, originalDestination: asked },
    ],
    names: { 'site.example': [REAL] },
    whoAsks: (_, client) => ({ agent: 'openclaw', account: UID, ...client }), // it comes from whatever address it goes to
  },
);
const [four, six] = world.proxy.endpoints.map(({ port }) => port);
// Only what comes from the clients' ports is redirected: the gateway's own connections go where it says.
const rules = `table inet t {
  chain output { type nat hook output priority -100;
    ip daddr 203.0.113.0/24 tcp dport { 22, 80, 443 } tcp sport 20000-29999 redirect to :${four}
    ip6 daddr 2001:db8::/32 tcp dport { 22, 80, 443 } tcp sport 20000-29999 redirect to :${six}
  }
}
`;
await runChecked('nft', ['-f', '-'], { input: rules, timeoutMs: 10_000 });

async function curl(url: string, to: string, ...more: string[]): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  const resolve = `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}:${to}`;
  const args = [
    '-q',
    '-sS',
    '-k',
    '--max-time',
    '5',
    '--local-port',
    '20000-29999',
    '--resolve',
    resolve,
    ...more,
    url,
  ];
  const { exitCode, stdout, stderr } = await run('curl', args, { timeoutMs: 10_000, env: {} });
  return `${exitCode} ${stdout}${stderr}`.trim();
}

const outcomes = {
  allowed4: await curl('https://site.example/a', CHOSEN[4]),
  allowed6: await curl('https://site.example/a', `[${CHOSEN[6]}]`),
  plain4: await curl('http://site.example/b', CHOSEN[4]),
  plain6: await curl('http://site.example/b', `[${CHOSEN[6]}]`),
  unlisted: await curl('https://evil.example/', CHOSEN[4]),
  unlistedPlain: await curl('http://evil.example/', CHOSEN[4]),
  address: await curl(`https://${CHOSEN[4]}/`, CHOSEN[4]),
  ssh: await curl(`telnet://${CHOSEN[4]}:22`, CHOSEN[4], '--max-time', '1'),
  granted: await curl(`telnet://${GRANTED}:22`, GRANTED, '--max-time', '1'),
  direct: await curl(`https://site.example:${four}/`, '127.0.0.1'),
};
process.stdout.write(JSON.stringify({ outcomes, records: world.records }));
process.exit(0);
