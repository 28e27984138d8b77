import {
  bridgesOf,
  type ListeningSocket,
  type MachineFacts,
  parseDistribution,
  parseResolvers,
  parseSshPorts,
  parseTimeServers,
} from '../../discover/index.ts';
import type { DockerFacts } from '../../docker/index.ts';
import type { Machine } from '../../host/index.ts';
import {
  type Address,
  ESTABLISHED,
  formatAddress,
  isLoopback,
  LISTEN,
  parseProcSockets,
  parseSshConnection,
} from '../../net/index.ts';
import { accountsOf } from './find-config.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Looks at the machine. Whatever cannot be read is taken as absent; the policy then says what is not known. */
export async function machineFacts(
  machine: Machine,
  env: Variables,
  configPath: string | undefined,
  containers: () => DockerFacts | undefined,
): Promise<MachineFacts> {
  const agentUid = configPath === undefined ? undefined : machine.ownerOf(configPath);
  const interfaces = machine.list('/sys/class/net').map((path) => path.slice(path.lastIndexOf('/') + 1));
  const docker = bridgesOf(interfaces).length === 0 ? undefined : containers();
  const distribution = parseDistribution(textOf(machine, '/etc/os-release'));
  return {
    hostName: textOf(machine, '/etc/hostname').trim() || machine.hostName,
    accounts: new Map(accountsOf(machine).map(({ name, uid }) => [name, uid])),
    ...(agentUid === undefined ? {} : { agentUid }),
    ...(distribution === undefined ? {} : { distribution }),
    resolvers: resolversOf(machine),
    timeServers: timeServersOf(machine),
    ssh: sshOf(machine, env),
    sockets: listeningSockets(machine),
    interfaces,
    ...(docker === undefined ? {} : { containers: docker }),
    inContainer: machine.exists('/.dockerenv') || machine.exists('/run/.containerenv'),
    firewalls: await firewallsOf(machine),
  };
}

function textOf(machine: Machine, path: string): string {
  const reading = machine.read(path);
  return 'text' in reading ? reading.text : '';
}

/**
 * Where the name servers stand. A resolver of this machine often stands between; the servers behind it are named by
 * systemd-resolved (resolved.conf(5)), NetworkManager's dnsmasq, or Tailscale, which sets /etc/resolv.conf aside.
 */
const RESOLVER_FILES = [
  '/etc/resolv.conf',
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
  '/etc/resolv.pre-tailscale-backup.conf',
];

export function resolversOf(machine: Machine): Address[] {
  return parseResolvers(RESOLVER_FILES.map((path) => textOf(machine, path)).join('\n'));
}

const TIME_FILES = [
  '/etc/systemd/timesyncd.conf',
  '/etc/chrony/chrony.conf',
  '/etc/chrony.conf',
  '/etc/ntpsec/ntp.conf',
  '/etc/ntp.conf',
];
const TIME_FOLDERS = ['/etc/systemd/timesyncd.conf.d', '/etc/chrony/sources.d', '/etc/chrony/conf.d'];

export function timeServersOf(machine: Machine): string[] {
  const files = [...TIME_FILES, ...TIME_FOLDERS.flatMap((folder) => machine.list(folder))];
  return parseTimeServers(files.map((path) => textOf(machine, path)).join('\n'));
}

/** Who is logged in over SSH now: this very session, and every other that is open. `sudo` hides SSH_CONNECTION, the kernel does not. */
function sshOf(machine: Machine, env: Variables): MachineFacts['ssh'] {
  const own = env.SSH_CONNECTION === undefined ? undefined : parseSshConnection(env.SSH_CONNECTION);
  const configs = ['/etc/ssh/sshd_config', ...machine.list('/etc/ssh/sshd_config.d')];
  const ports = parseSshPorts(configs.map((path) => textOf(machine, path)).join('\n'));
  const port = own?.server.port ?? ports[0] ?? 22;
  const open = tcpSockets(machine).filter(({ state, local }) => state === ESTABLISHED && local.port === port);
  const peers = [...(own === undefined ? [] : [own.client.address]), ...open.map(({ remote }) => remote.address)];
  const byText = new Map(peers.filter((peer) => !isLoopback(peer)).map((peer) => [formatAddress(peer), peer]));
  return { port, peers: [...byText.values()] };
}

function tcpSockets(machine: Machine) {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => parseProcSockets(textOf(machine, path)));
}

/** Below this, a UDP port is bound to be found; above are the ports of clients (ip-sysctl: ip_local_port_range). */
const FIRST_CLIENT_PORT = 32768;
const DHCP_CLIENTS: readonly number[] = [68, 546];

function listeningSockets(machine: Machine): ListeningSocket[] {
  const programs = machine.socketPrograms();
  const udp = ['/proc/net/udp', '/proc/net/udp6'].flatMap((path) => parseProcSockets(textOf(machine, path)));
  const listening = [
    ...tcpSockets(machine)
      .filter(({ state }) => state === LISTEN)
      .map((socket) => ({ ...socket, protocol: 'tcp' as const })),
    ...udp
      .filter(({ local, remote }) => remote.port === 0 && local.port < FIRST_CLIENT_PORT)
      .filter(({ local }) => !DHCP_CLIENTS.includes(local.port))
      .map((socket) => ({ ...socket, protocol: 'udp' as const })),
  ];
  return listening.map(({ protocol, local, uid, inode }) => {
    const program = programs.get(inode);
    return {
      protocol,
      port: local.port,
      uid,
      loopback: isLoopback(local.address),
      ...(program === undefined ? {} : { program }),
    };
  });
}

/** Our own table is none of the others; those of iptables-nft and Docker show in both lists. */
async function firewallsOf(machine: Machine): Promise<string[]> {
  const firewalls: string[] = [];
  if (/^ENABLED=yes/m.test(textOf(machine, '/etc/ufw/ufw.conf'))) firewalls.push('ufw');
  if (machine.exists('/run/firewalld')) firewalls.push('firewalld');
  const tables = ['/proc/net/ip_tables_names', '/proc/net/ip6_tables_names'].map((path) => textOf(machine, path));
  if (firewalls.length === 0 && tables.some((text) => /^filter$/m.test(text))) firewalls.push('iptables');
  const others = (await machine.nftTables()).filter((table) => table !== OWN_TABLE);
  if (others.length > 0) firewalls.push(`nftables (${others.join(', ')})`);
  return firewalls;
}

const OWN_TABLE = 'inet portcullis';
