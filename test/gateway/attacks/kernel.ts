import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAs } from '../agent.ts';
import type { RawPacket } from '../agent-tasks.ts';
import { type Attempt, allowed, denied, residual } from '../attempt.ts';
import { must } from '../commands.ts';
import { HOST, UNTOUCHED } from '../outer.ts';
import { AGENT, CAPABLE, FLOWS, GATEWAY, NEIGHBOUR, PROXY, policyText, reasonIn, type World } from '../world.ts';

const REMAINS = 'docs/guides/names-for-real.md#what-remains';
const REFUSED = /^curl 7$/;
const TO = UNTOUCHED[4];
const NOT_SENT = /^(?:EPERM|EACCES|ECONNREFUSED|EHOSTUNREACH), and nothing arrived$/;

/** Packets that are no connection: as the agent's account may send them, or could where somebody let it open raw sockets. */
const PACKETS: readonly (readonly [what: string, packet: RawPacket, must?: RegExp])[] = [
  ['ICMP echo', { kind: 'protocol', family: 4, protocol: 1, to: TO }],
  ['ICMPv6 echo', { kind: 'protocol', family: 6, protocol: 58, to: UNTOUCHED[6] }],
  ['SCTP', { kind: 'protocol', family: 4, protocol: 132, to: TO }],
  ['GRE', { kind: 'protocol', family: 4, protocol: 47, to: TO }],
  ['IP in IP', { kind: 'protocol', family: 4, protocol: 4, to: TO }],
  ['IPv6 in IPv4', { kind: 'protocol', family: 4, protocol: 41, to: TO }],
  ['ESP', { kind: 'protocol', family: 4, protocol: 50, to: TO }],
  ['a last fragment of UDP', { kind: 'last-fragment', to: TO }, /^(?:EPERM|sent), and nothing arrived$/], // it waits for the others
];

/** What no name is asked for. */
export const KERNEL: readonly Attempt[] = [
  denied('K1', 'straight to an address, another port, IPv4', REFUSED, (world) => world.curl(`http://${TO}:8443/`)),
  denied('K1', 'straight to an address, another port, IPv6', REFUSED, (world) =>
    world.curl(`http://[${UNTOUCHED[6]}]:8443/`),
  ),
  denied('K1', 'SSH to an address, IPv4', REFUSED, (world) => world.curl(`telnet://${TO}:22`)),
  denied('K1', 'netcat from a source port of DNS’ own kind', /^exit 1$/, async () => {
    const { code } = await runAs(AGENT, 'nc', '-w', '3', '-p', '5353', TO, '8443');
    return `exit ${code}`;
  }),
  denied('K1', 'as a DHCP client would, whom the rules let out', /^EACCES$/, async (world) => {
    const { end } = await world.udp({ host: TO, port: 67, fromPort: 68, data: 'lease' });
    return end; // ports below 1024 are not the account's to send from
  }),
  denied('K2', 'ping', /^exit [12], and nothing arrived$/, (world) =>
    lookingOutside(world, async () => `exit ${(await runAs(AGENT, 'ping', '-n', '-c', '1', '-W', '1', TO)).code}`),
  ),
  ...PACKETS.flatMap(([what, packet, must = NOT_SENT]) => [
    denied('K2', `${what}, as the account may`, /^no socket: EPERM, and nothing arrived$/, (world) =>
      sent(world, packet),
    ),
    denied('K2', `${what}, with CAP_NET_RAW`, must, (world) => sent(world, packet, CAPABLE)),
  ]),
  denied(
    'K2',
    'SCTP, as the account may',
    /^(?:no socket: E\w+|ECONNREFUSED|EPERM|EACCES), and nothing arrived$/,
    (world) => sent(world, { kind: 'socket', type: 'stream', protocol: 132, to: TO }),
  ),
  denied('K2', 'UDP-Lite', /^(?:no socket: E\w+|EPERM|EACCES|ECONNREFUSED), and nothing arrived$/, (world) =>
    sent(world, { kind: 'socket', type: 'datagram', protocol: 136, to: TO }),
  ),
  denied('K2', 'a datagram of 4,000 bytes, in fragments', NOT_SENT, (world) =>
    lookingOutside(world, async () => (await world.udp({ host: TO, port: 8_443, data: 'x'.repeat(4_000) })).end),
  ),
  denied('K2', 'TCP Fast Open: data in the first packet', /^ECONNREFUSED, and nothing arrived$/, (world) =>
    sent(world, { kind: 'fast-open', to: TO, port: 8_443 }),
  ),
  residual(
    'K2',
    'a frame of a packet socket, with CAP_NET_RAW',
    REMAINS,
    /^sent, and untouched arrived$/,
    async (world) => {
      const device = Number(/^(\d+):/.exec(await must('ip', ['link', 'show', 'out']))?.[1]);
      return sent(world, { kind: 'frame', device, to: TO }, CAPABLE);
    },
  ),
  denied('K2', 'the same, as the account may', /^no socket: EPERM, and nothing arrived$/, (world) =>
    sent(world, { kind: 'frame', device: 2, to: TO }),
  ),
  denied('K2', 'what of these the kernel has counted as denied', /^at least 20$/, async () => {
    const [, packets = '0'] =
      /packets (\d+)/.exec(await must('nft', ['list', 'counter', 'inet', 'portcullis', 'denied_output'])) ?? [];
    return Number(packets) >= 20 ? 'at least 20' : packets;
  }),
  allowed(
    'K3',
    'no proxy configured: an allowed name, TLS, IPv4',
    /^https allowed\.example allowed\.example \/$/,
    (world) => world.curl('-4', 'https://allowed.example/'),
  ),
  allowed(
    'K3',
    'no proxy configured: an allowed name, TLS, IPv6',
    /^https allowed\.example allowed\.example \/$/,
    (world) => world.curl('-6', 'https://allowed.example/'),
  ),
  allowed('K3', 'no proxy configured: an allowed name, plain', /^http allowed\.example \/$/, (world) =>
    world.curl('http://allowed.example/'),
  ),
  ...([4, 6] as const).map((family) =>
    allowed(
      'K3',
      `the same from a port that goes elsewhere, too: both are one connection behind the redirect, IPv${family}`,
      /^http allowed\.example \/$/,
      (world) => fromSharedPort(world, 47_100 + family, family),
    ),
  ),
  denied(
    'K3',
    'the same while another account is connected there: nobody can tell whose it is',
    /^no-identity$/,
    async (world) => {
      const { host, port } = SHARED[4];
      const neighbour = world.tcp({ host, port, pieces: [], waitMs: 3_000 }, NEIGHBOUR);
      await sleep(300);
      const came = await fromSharedPort(world, 47_102, 4);
      return (await neighbour).end === 'open' ? came : 'the neighbour was not connected';
    },
  ),
  denied('K3', 'no proxy configured: an unlisted name, plain, at an allowed address', /^unlisted-name$/, (world) =>
    world.curl('--resolve', 'three.unlisted.example:80:93.184.216.34', 'http://three.unlisted.example/'),
  ),
  denied('K4', 'the metadata address', /^(?:unlisted-address|curl (?:7|52|56))$/, (world) =>
    world.curl('http://169.254.169.254/'),
  ),
  denied('K4', 'the metadata address through the proxy', /^unlisted-address$/, (world) =>
    world.curl('-x', PROXY, 'http://169.254.169.254/'),
  ),
  denied('K4', 'the socket of the gateway’s operators', REFUSED, (world) =>
    world.curl('--unix-socket', world.socket, 'http://localhost/requests'),
  ),
  ...['/metrics', '/health', '/requests', '/connections'].map((path) =>
    denied('K4', `${path} of each port that the gateway listens on`, /^of \d+ none$/, async (world) => {
      const ports = await portsOf(world);
      const answers = await Promise.all(
        ports.map((port) =>
          world.tcp({
            host: '127.0.0.1',
            port,
            pieces: [`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
            halfClose: true,
          }),
        ),
      );
      const open = answers.filter(({ said }) => /^HTTP\/1\.1 (?!400)/.test(said));
      return `of ${ports.length} ${open.length === 0 ? 'none' : open.map(({ said }) => said).join()}`;
    }),
  ),
  denied('K4', 'its operators’ interface through the proxy', /^(?:own|unlisted)-address$/, (world) =>
    world.curl('-x', PROXY, '-X', 'POST', 'http://127.0.0.1:3128/reload'),
  ),
  denied('K4', 'Docker’s API through the proxy', /^(?:own|unlisted)-address$/, (world) =>
    world.curl('-x', PROXY, `http://${HOST.way4}:2375/`),
  ),
  residual(
    'K4',
    'Docker’s API on this machine, where the policy leaves the loopback open',
    REMAINS,
    /^containers$/,
    (world) => withDocker(world),
  ),
  denied('K5', 'a mark on its connection', /^mark: EPERM, and nothing arrived$/, (world) =>
    sent(world, { kind: 'marked', mark: 1, to: TO, port: 8_443 }),
  ),
  denied('K5', 'a mark on its connection, with CAP_NET_RAW', /^ECONNREFUSED, and nothing arrived$/, (world) =>
    sent(world, { kind: 'marked', mark: 0xffff_ffff, to: TO, port: 8_443 }, CAPABLE),
  ),
  denied('K5', 'it becomes the gateway’s account', /^exit (?:1|127): .*Operation not permitted$/, async () => {
    const { code, err } = await runAs(
      AGENT,
      'setpriv',
      `--reuid=${GATEWAY.uid}`,
      '--keep-groups',
      'curl',
      `http://${TO}:443/`,
    );
    return `exit ${code}: ${err.trim()}`;
  }),
  denied('K5', 'it becomes root in a namespace of users of its own', /^(?:exit 1|exit 7)$/, async () => {
    const { code } = await runAs(
      AGENT,
      'unshare',
      '--user',
      '--map-root-user',
      'curl',
      '-q',
      '-sS',
      '-m',
      '3',
      `http://${TO}:8443/`,
    );
    return `exit ${code}`;
  }),
  denied('K5', 'it ends the gateway', /^exit 1: .*(?:not permitted|No such process)/, async (world) => {
    const { code, err } = await runAs(AGENT, 'kill', '-9', String(world.gateway.child.pid));
    return `exit ${code}: ${err.trim()}`;
  }),
  denied('K5', 'it changes the rules', /^exit 1: .*not permitted/, async () => {
    const { code, err } = await runAs(AGENT, 'nft', 'flush', 'ruleset');
    return `exit ${code}: ${err.trim().split('\n')[0]}`;
  }),
];

/** With other rules in the kernel. */
export const KERNEL_STRICTER: readonly Attempt[] = [
  denied('K4', 'the same as Docker’s API above, with `baseline: { loopback: false }`', REFUSED, async (world) => {
    world.writePolicy(policyText(FLOWS, 'baseline: { loopback: false }\n'));
    await world.enforce();
    const came = await withDocker(world);
    const works = await world.curl('https://allowed.example/');
    return works.startsWith('https') ? came : `an allowed name: ${works}`;
  }),
];

/** Before anything is enforced: that the counters outside see what they should never see. */
export const UNGUARDED: readonly Attempt[] = [
  denied(
    'K7',
    'the gateway is started, and the kernel does not enforce the policy',
    /^exit 3: G0004$/,
    async (world) => {
      const { code, err } = await world.tryToStart();
      return `exit ${code}: ${/error\[(G\d+)\]/.exec(err)?.[1]}`;
    },
  ),
  ...PACKETS.map(([what, packet]) =>
    allowed('-', `${what}, where nothing is enforced`, /^sent, and untouched6? arrived$/, (world) =>
      sent(world, packet, CAPABLE),
    ),
  ),
];

/** All packets that came outside in a whole run to where nothing leads. */
export const KERNEL_AFTERWARDS: readonly Attempt[] = [
  denied(
    'D5, K1, K2, T11',
    'packets that have arrived outside where nothing leads, all attempts together',
    /^none$/,
    async (world) => {
      const all = [...world.strayed, ...(await world.takeArrivals())];
      return all.length === 0 ? 'none' : all.join(', ');
    },
  ),
];

/** Sends a packet and looks outside. */
async function sent(world: World, packet: RawPacket, account = AGENT): Promise<string> {
  return lookingOutside(world, async () => (await world.as(account).does({ do: 'raw', packet })).end);
}

/** What comes of something, and whether anything of it arrives outside. */
async function lookingOutside(world: World, attempt: () => Promise<string>): Promise<string> {
  world.strayed.push(...(await world.takeArrivals()));
  const came = await attempt();
  const counters = await world.takeArrivals();
  return `${came}, and ${counters.length === 0 ? 'nothing' : counters.join(', ')} arrived`;
}

/** Where nobody dials: the name is asked for. */
const SHARED = {
  4: { host: '93.184.216.99', port: 80, beside: '93.184.216.98' },
  6: { host: '2606:2800:220:1::99', port: 80, beside: '2606:2800:220:1::98' },
} as const;

/** A request from a port that another connection of the same account has: the kernel gives it another port, behind its redirect. */
async function fromSharedPort(world: World, fromPort: number, family: 4 | 6): Promise<string> {
  const { host, port, beside } = SHARED[family];
  const held = world.tcp({ host: beside, port, fromPort, pieces: [], waitMs: 1_500 });
  await sleep(300);
  const request = 'GET / HTTP/1.1\r\nHost: allowed.example\r\nConnection: close\r\n\r\n';
  const { said } = await world.tcp({ host, port, fromPort, pieces: [request] });
  if ((await held).end !== 'open') return 'the first was not connected';
  return reasonIn(said) ?? said.split('\r\n\r\n').at(-1)?.trim() ?? '';
}

/** TCP ports on which the gateway's account listens. */
async function portsOf(world: World): Promise<readonly number[]> {
  const out = await must('ss', ['-Hltnp']);
  const own = out.split('\n').filter((line) => line.includes(`pid=${world.gateway.child.pid},`));
  return [...new Set(own.map((line) => Number(/:(\d+)\s/.exec(line)?.[1])))];
}

/** Asks for the containers of a Docker that listens on one of this machine's own addresses. */
async function withDocker(world: World): Promise<string> {
  const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncontainers'));
  await new Promise<void>((done) => server.listen(2_375, HOST.way4, done));
  const came = await world.curl(`http://${HOST.way4}:2375/containers/json`);
  server.close();
  return came;
}
