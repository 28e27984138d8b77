/**
 * One machine with an agent and a gateway, and the world outside, in namespaces of their own (the test makes them): the policy in the
 * kernel, the real command `portcullis gateway`, real clients. Prints a JSON line for each attack: what was tried, and what came of it.
 * `world-main.ts FOLDER`, an empty folder.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '../lab/certificate.ts';
import { Going, must, run } from './commands.ts';
import { HOST, OUTER, RESOLVER } from './outer.ts';

const AGENT = 61_000;
const GATEWAY = 61_001;
const [folder = ''] = process.argv.slice(2);
const NODE = process.execPath;
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const at = (name: string): string => join(folder, name);
const key = at('key.pem');
const certificate = at('certificate.pem');
const policy = at('policy.yaml');
const log = at('log/decisions.jsonl');
const socket = at('run/control.sock');
const RUN = [MAIN, 'gateway', 'run', policy, '--log', log, '--state', at('state'), '--socket', socket];

const FLOWS = `  - { name: web, from: agent, to: allowed.example, service: [https, http], purpose: the service that the agent works with }
  - { name: rebinding, from: agent, to: [rebind.example, metadata.example, own.example], service: [https, http], purpose: names that lie }
`;

function policyText(flows: string): string {
  return `portcullis: 1
name: attacked
gateway: { upstream: ${RESOLVER}, user: ${GATEWAY} }
zones: { agent: { host: { users: [${AGENT}] } } }
flows:
${flows}`;
}

async function network(): Promise<void> {
  await must('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  await must('mount', ['-t', 'tmpfs', 'tmpfs', '/var/lib']);
  writeFileSync(at('resolv.conf'), 'nameserver 8.8.8.8\noptions timeout:1 attempts:1\n');
  await must('mount', ['--bind', at('resolv.conf'), '/etc/resolv.conf']);
  await must('ip', ['netns', 'add', 'outer']);
  const lines = `link set lo up
link add out type veth peer name in netns outer
addr add ${HOST.way4}/24 dev out
addr add ${HOST.way6}/64 dev out nodad
link set out up
route add default via ${OUTER.way4}
route add default via ${OUTER.way6}
`;
  const outer = `link set lo up
addr add ${OUTER.way4}/24 dev in
addr add ${OUTER.way6}/64 dev in nodad
link set in up
${OUTER.addresses.map((address) => `addr add ${address}/${address.includes(':') ? 128 : 32} dev lo`).join('\n')}
`;
  await must('ip', ['-batch', '-'], lines);
  await must('ip', ['-n', 'outer', '-batch', '-'], outer);
}

async function outside(): Promise<Going> {
  const made = await selfSigned(['allowed.example', 'evil.example']);
  writeFileSync(key, made.key);
  writeFileSync(certificate, made.cert);
  const going = new Going('ip', [
    'netns',
    'exec',
    'outer',
    NODE,
    join(import.meta.dirname, 'outer-main.ts'),
    key,
    certificate,
  ]);
  await going.says('ready');
  return going;
}

/** Puts what the policy asks of the kernel in force, as a person does who loads it by hand. */
async function enforce(): Promise<void> {
  await must('nft', ['-f', '-'], await must(NODE, [MAIN, 'render', 'nftables', policy]));
}

async function gateway(): Promise<Going> {
  const going = new Going(NODE, RUN);
  await going.says('dns ');
  return going;
}

function asAgent(program: string, ...args: readonly string[]) {
  return run('setpriv', [`--reuid=${AGENT}`, `--regid=${AGENT}`, '--clear-groups', program, ...args]);
}

const PROXY = 'http://127.0.0.1:3128';

/** What a fetch came to: the first line of the body, or curl's own number of the error. */
async function curl(...args: readonly string[]): Promise<string> {
  const { code, out } = await asAgent('curl', '-sS', '-m', '6', '--noproxy', '', '--cacert', certificate, ...args);
  const text = out.trim();
  const refused = /"reason": "([a-z-]+)"/.exec(text)?.[1];
  return code === 0 ? (refused ?? text.split('\n')[0] ?? '') : `curl ${code}`;
}

function tell(row: string, what: string, came: string): void {
  process.stdout.write(`${JSON.stringify({ row, what, came })}\n`);
}

function portcullis(...args: readonly string[]): Promise<string> {
  return must(NODE, [MAIN, ...args, '--socket', socket]);
}

writeFileSync(policy, policyText(FLOWS));
await network();
const world = await outside();

const early = await run(NODE, RUN);
tell(
  'K7',
  'the gateway is started, and the kernel does not enforce the policy',
  `exit ${early.code}: ${/error\[(G\d+)\]/.exec(early.err)?.[1]}`,
);
await enforce();
let going = await gateway();

tell('-', 'an allowed name through the proxy, plain', await curl('-x', PROXY, 'http://allowed.example/'));
tell('-', 'an allowed name through the proxy, TLS', await curl('-x', PROXY, 'https://allowed.example/'));
tell('-', 'an allowed name through SOCKS', await curl('-x', 'socks5h://127.0.0.1:1080', 'https://allowed.example/'));
tell('K3', 'no proxy configured: an allowed name, TLS, IPv4', await curl('-4', 'https://allowed.example/'));
tell('K3', 'no proxy configured: an allowed name, TLS, IPv6', await curl('-6', 'https://allowed.example/'));
tell('K3', 'no proxy configured: an allowed name, plain', await curl('http://allowed.example/'));
tell('D1', 'an unlisted name is looked up', await curl('https://evil.example/'));
tell('D7', 'CONNECT to an unlisted name', await curl('-x', PROXY, 'http://evil.example/'));
tell('D1, D7', 'the resolver outside was asked for it', String(world.said.includes('evil.example')));
tell('D12', 'a name that stands for loopback and private addresses', await curl('-x', PROXY, 'http://rebind.example/'));
tell('D12', 'a name that stands for the metadata address', await curl('-x', PROXY, 'http://metadata.example/'));
tell('D12', 'a name that stands for this machine', await curl('-x', PROXY, 'http://own.example/'));
tell(
  'T1',
  'an allowed name at an attacker’s address',
  await curl('--resolve', 'allowed.example:443:93.184.216.66', 'https://allowed.example/'),
);
tell(
  'T2',
  'an unlisted name at an allowed address',
  await curl('--resolve', 'evil.example:443:93.184.216.34', 'https://evil.example/'),
);
tell('T3', 'no name at all', await curl('-k', 'https://93.184.216.34/'));
tell('K1', 'straight to an address, another port, IPv4', await curl('http://8.8.8.8:8443/'));
tell('K1', 'straight to an address, another port, IPv6', await curl('http://[2001:4860:4860::8888]:8443/'));
tell('K4', 'the metadata address', await curl('http://169.254.169.254/'));
tell('K4', 'the metadata address through the proxy', await curl('-x', PROXY, 'http://169.254.169.254/'));
tell('K4', 'the socket of the gateway’s operators', await curl('--unix-socket', socket, 'http://localhost/requests'));
tell('P2', 'loopback in other clothes', await curl('-x', PROXY, '--globoff', 'http://[::ffff:127.0.0.1]/'));
tell('P7', 'CONNECT to port 25 of an allowed name', await curl('-x', PROXY, '-p', 'http://allowed.example:25/'));

const answered: {
  readonly requests: readonly { readonly id: string; readonly host: string; readonly port: number }[];
} = JSON.parse(await portcullis('requests', '--json'));
const wanted = answered.requests.find(({ host, port }) => host === 'evil.example' && port === 443);
await portcullis('requests', 'approve', wanted?.id ?? 'none', '--for', '4s');
tell('-', 'what was refused, when an operator has approved it', await curl('-x', PROXY, 'https://evil.example/'));
const tunnel = asAgent(
  'curl',
  '-sS',
  '-m',
  '20',
  '-p',
  '-x',
  PROXY,
  '--cacert',
  certificate,
  'https://evil.example/slow',
);
await new Promise((resolve) => setTimeout(resolve, 4_500));
tell('K8', 'the same when the approval is over', await curl('-x', PROXY, 'http://evil.example/'));
tell('K8', 'what was open then', String((await tunnel).code !== 0));

const verified = await run(NODE, [MAIN, 'gateway', 'verify', policy, '--json']);
const { tried }: { readonly tried: readonly { readonly isOpen: boolean }[] } = JSON.parse(verified.out);
tell(
  '-',
  'what must not work is tried as the agent',
  `exit ${verified.code}: ${tried.filter(({ isOpen }) => isOpen).length} of ${tried.length}`,
);

writeFileSync(policy, policyText(FLOWS.replace('allowed.example', 'mail.example')));
tell('K8', 'a narrower policy is read', (await portcullis('gateway', 'reload')).trim().split(';')[0] ?? '');
tell('K8', 'a name that it no longer has', await curl('-x', PROXY, 'http://allowed.example/'));
writeFileSync(policy, policyText(FLOWS));
await portcullis('gateway', 'reload');
tell('-', 'and when it has it again', await curl('https://allowed.example/'));

await going.end('SIGKILL');
tell('K6', 'the gateway is killed: the proxy', await curl('-x', PROXY, 'http://allowed.example/'));
tell(
  'K6',
  'the gateway is killed: without a proxy',
  await curl('--resolve', 'allowed.example:443:93.184.216.34', 'https://allowed.example/'),
);
going = await gateway();
tell('K6', 'and when it runs again', await curl('https://allowed.example/'));
await must('nft', ['flush', 'ruleset']);
const unguarded = await run(NODE, [MAIN, 'gateway', 'verify', policy]);
tell(
  '-',
  'the same where the kernel enforces nothing',
  `exit ${unguarded.code}: ${unguarded.out.trim().split('\n').at(-1)}`,
);
tell('-', 'it is told to end', `exit ${await going.end('SIGTERM')}`);

const records = readFileSync(log, 'utf8')
  .trim()
  .split('\n')
  .map((line): { readonly host: string; readonly address?: string } => JSON.parse(line));
const dialled = new Set(
  records.flatMap(({ host, address }) => (host === 'allowed.example' && address !== undefined ? [address] : [])),
);
tell('T1', 'addresses that were ever connected to for the allowed name', [...dialled].toSorted().join(' '));
await world.end('SIGKILL');
