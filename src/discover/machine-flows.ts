import { escapeControls } from '../diagnostic/index.ts';
import { formatAddress, formatDnsPattern, isLoopback, parseAddress, parseDnsName } from '../net/index.ts';
import type { Draft } from './draft.ts';
import type { FlowBlock } from './flow-blocks.ts';
import type { ListeningSocket } from './machine.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import { list } from './yaml-writer.ts';

/** What the machine itself needs, whatever runs on it: a way in, names, time, updates. */
export function machineFlows(draft: Draft): void {
  draft.section('The way in', [sshFlow(draft)]);
  draft.section('What the machine itself needs', [
    dnsFlow(draft),
    timeFlow(draft),
    ...updateFlows(draft),
    ...tailscaleFlows(draft),
  ]);
}

/** What else listens here, closed unless the user says otherwise. */
export function otherListeners(draft: Draft, ownPorts: ReadonlySet<number>): void {
  const { sockets, ssh } = draft.input.machine;
  const outside = distinct(sockets.filter(({ loopback }) => !loopback));
  const published = outside.filter(({ program }) => program === DOCKER_PROXY);
  if (published.length > 0) draft.say(DISCOVERY_PROBLEMS.publishedPorts, published.map(socketText).join(', '));
  const others = outside.filter(
    ({ port, program }) => program !== DOCKER_PROXY && port !== ssh.port && !ownPorts.has(port),
  );
  if (others.length === 0) return;
  draft.say(
    DISCOVERY_PROBLEMS.otherListeners,
    others
      .map((socket) => socketText(socket) + (socket.program === undefined ? '' : ` (${socket.program})`))
      .join(', '),
  );
  draft.section(
    'What else listens on this machine: closed',
    others.map((socket) => ({
      name: `${socket.protocol}-${socket.port}`,
      from: 'private',
      to: ['host'],
      service: [socketText(socket)],
      purpose: escapeControls(socket.program ?? 'a program of this machine'),
      comments: [],
      offered: 'for others to reach it, and name who',
    })),
  );
}

/** The program that holds a published port for Docker. */
const DOCKER_PROXY = 'docker-proxy';

function socketText({ protocol, port }: ListeningSocket): string {
  return `${protocol}/${port}`;
}

function distinct(sockets: readonly ListeningSocket[]): ListeningSocket[] {
  const byPort = new Map(sockets.map((socket) => [`${socket.protocol}/${socket.port}`, socket]));
  return [...byPort.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

function sshFlow(draft: Draft): FlowBlock {
  const { port, peers } = draft.input.machine.ssh;
  const known = peers.length > 0;
  if (known) draft.say(DISCOVERY_PROBLEMS.sessionAddress, peers.map(formatAddress).join(', '));
  else draft.say(DISCOVERY_PROBLEMS.noAdmin);
  const from = draft.zone({
    name: 'admin',
    comments: [
      known
        ? 'Where the SSH sessions came from that were open when this was written. An address that can change (a home line, a phone) locks you out when it does: put the prefix of your provider or your VPN here then.'
        : 'ATTENTION: no SSH session was open when this was written, so every private address may come in and nobody else. If you administer this machine from elsewhere, put that address here BEFORE you apply the policy.',
    ],
    lines: known ? [`addresses: ${list(peers.map(formatAddress))}`] : [`zones: ${list(unknownAdmin(draft))}`],
  });
  return {
    name: 'ssh',
    from,
    to: ['host'],
    service: [port === 22 ? 'ssh' : `tcp/${port}`],
    purpose: 'maintenance',
    required: true,
    comments: [],
  };
}

/** Where an administrator may be who is not logged in: the local network, and the tailnet where there is one. */
function unknownAdmin(draft: Draft): string[] {
  return hasTailscale(draft) ? ['private', tailnetZone(draft)] : ['private'];
}

function hasTailscale(draft: Draft): boolean {
  return draft.input.machine.interfaces.includes('tailscale0');
}

/** Tailscale's addresses, both families, and only through its interface. */
export function tailnetZone(draft: Draft): string {
  return draft.zone({
    name: 'tailnet',
    comments: ['Your own machines, through Tailscale.'],
    lines: ['addresses: [100.64.0.0/10, "fd7a:115c:a1e0::/48"]', `host: { interfaces: ${list(['tailscale0'])} }`],
  });
}

/** The agent's own lookups are among these: its resolver is the machine's. */
function dnsFlow(draft: Draft): FlowBlock {
  const { resolvers } = draft.input.machine;
  if (resolvers.length === 0) draft.say(DISCOVERY_PROBLEMS.noResolver);
  const flow: Omit<FlowBlock, 'to'> = {
    name: 'dns',
    from: 'host',
    service: ['dns'],
    purpose: 'looking names up',
    required: true,
    comments: ['Only to the name servers of this machine: any other could carry data out in its questions.'],
  };
  if (resolvers.length === 0)
    return { ...flow, to: ['resolvers'], offered: 'with your name servers in a zone `resolvers`' };
  const to = draft.zone({
    name: 'resolvers',
    comments: ['The name servers of /etc/resolv.conf.'],
    lines: [`addresses: ${list(resolvers.map(formatAddress))}`],
  });
  return { ...flow, to: [to] };
}

function timeFlow(draft: Draft): FlowBlock {
  const { timeServers, distribution } = draft.input.machine;
  const addresses = timeServers.flatMap((server) => remoteAddress(server) ?? []);
  const names = timeServers.flatMap((server) => hostName(server) ?? []);
  const isConfigured = addresses.length + names.length > 0;
  const usual = distribution === undefined ? 'ntp-pool' : `${distribution}-ntp`;
  return {
    name: 'time',
    from: 'host',
    to:
      isConfigured && names.length === 0
        ? addresses
        : [notByGateway(draft, 'time-servers', isConfigured ? { addresses, names } : { names: namesOf(draft, usual) })],
    service: ['ntp'],
    purpose: 'the right time, without which certificates fail',
    comments: isConfigured
      ? ['The time servers that this machine is set up with.']
      : ['unverified: the usual time servers of this distribution.'],
  };
}

function remoteAddress(text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined || isLoopback(address) ? undefined : formatAddress(address);
}

/** Of one label it is nobody's on the internet. */
function hostName(text: string): string | undefined {
  const name = parseAddress(text) === undefined ? parseDnsName(text) : undefined;
  return name?.includes('.') === true ? name : undefined;
}

function namesOf({ input: { catalog } }: Draft, entry: string): readonly string[] {
  return (catalog.entry(entry)?.endpoints ?? []).map(({ pattern }) => formatDnsPattern(pattern));
}

/** A zone of names that are asked for something else than TCP: the policy is good with an egress gateway as it is without. */
function notByGateway(
  draft: Draft,
  name: string,
  { addresses = [], names }: { readonly addresses?: readonly string[]; readonly names: readonly string[] },
): string {
  return draft.zone({
    name,
    comments: ['An egress gateway carries TCP alone: these names are enforced by address with one, too.'],
    lines: [
      ...(addresses.length === 0 ? [] : [`addresses: ${list(addresses)}`]),
      `domains: ${list(names)}`,
      'enforce: resolved',
    ],
  });
}

/** Only the accounts that fetch packages, so that the agent does not reach the mirrors. */
function updateFlows(draft: Draft): FlowBlock[] {
  const { distribution } = draft.input.machine;
  if (distribution === undefined) return [];
  return [
    {
      name: 'system-updates',
      from: systemZone(draft),
      to: [`catalog:${distribution}`],
      service: ['http', 'https'],
      purpose: 'security updates',
      comments: [
        'unverified: the usual mirrors of this distribution. Packages are signed, so plain HTTP is safe here.',
      ],
    },
  ];
}

function systemZone(draft: Draft): string {
  const users = ['root', '_apt'].filter((name) => name === 'root' || draft.input.machine.accounts.has(name));
  return draft.zone({
    name: 'system',
    comments: ['The accounts that keep the machine up to date.'],
    lines: [`host: { users: ${list(users)} }`],
  });
}

function tailscaleFlows(draft: Draft): FlowBlock[] {
  if (!hasTailscale(draft)) return [];
  const from = systemZone(draft);
  return [
    {
      name: 'tailscale',
      from,
      to: [notByGateway(draft, 'tailscale', { names: namesOf(draft, 'tailscale') })],
      service: ['https', 'stun'],
      purpose: 'Tailscale: control and relays',
      required: true,
      comments: ['unverified: without it this machine leaves your tailnet.'],
    },
    {
      name: 'tailscale-direct',
      from,
      to: ['internet'],
      service: ['udp/1024-65535'],
      purpose: 'Tailscale: direct connections',
      comments: [],
      offered: 'for direct connections between your machines; without it they go by relays',
    },
  ];
}

/** Interfaces that containers and virtual machines hang on. */
export function bridgesOf(interfaces: readonly string[]): string[] {
  return interfaces.filter((name) =>
    /^(?:docker\d|br-[0-9a-f]{12}$|podman\d|cni\d|virbr\d|lxcbr\d|lxdbr\d|incusbr\d|flannel|cilium_|cali)/.test(name),
  );
}

export function accountName(uid: number, accounts: ReadonlyMap<string, number>): string | undefined {
  for (const [name, own] of accounts) if (own === uid) return name;
  return undefined;
}
