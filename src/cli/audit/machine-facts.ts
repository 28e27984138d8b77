import {
  type AttachedNetwork,
  type DockerPort,
  dockerPortsOf,
  type HostFacts,
  type ListeningService,
  type OpenClawFacts,
  type PersistentUnit,
} from '../../analysis/index.ts';
import { parseSshPorts } from '../../discover/index.ts';
import type { DockerFacts } from '../../docker/index.ts';
import type { Machine } from '../../host/index.ts';
import { LISTEN, type ProcSocket, parseAddress, parseProcSockets } from '../../net/index.ts';

/** Looks at the machine for what an audit wants to know. What cannot be read is left out. */
export async function hostFacts(
  machine: Machine,
  openclaw: OpenClawFacts | undefined,
  docker: DockerFacts | undefined,
): Promise<HostFacts> {
  const forwarding = forwardingOf(machine);
  const dockerPorts = docker === undefined ? recordedPorts(machine) : dockerPortsOf(docker);
  return {
    ...(forwarding === undefined ? {} : { forwarding }),
    iptablesBackends: await backendsOf(machine),
    listeners: listenersOf(machine),
    sshPorts: sshPortsOf(machine),
    networks: networksOf(machine),
    ...(dockerPorts.length === 0 ? {} : { dockerPorts }),
    persistence: persistenceOf(machine),
    ...(openclaw === undefined ? {} : { openclaw }),
  };
}

function textOf(machine: Machine, path: string): string | undefined {
  const reading = machine.read(path);
  return 'text' in reading ? reading.text : undefined;
}

function forwardingOf(machine: Machine): HostFacts['forwarding'] {
  const ipv4 = textOf(machine, '/proc/sys/net/ipv4/ip_forward');
  if (ipv4 === undefined) return undefined;
  const ipv6 = textOf(machine, '/proc/sys/net/ipv6/conf/all/forwarding'); // absent where there is no IPv6
  return { ipv4: ipv4.trim() === '1', ipv6: ipv6?.trim() === '1' };
}

/**
 * What the routing table of IPv4 says to lie right behind an interface: routes without a gateway (/proc/net/route, net/ipv4/fib_trie.c:
 * hexadecimal, the bytes of an address in the machine's order).
 */
function networksOf(machine: Machine): AttachedNetwork[] {
  const lines = (textOf(machine, '/proc/net/route') ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [name = '', to = '', gateway, , , , , mask = ''] = line.trim().split(/\s+/);
    if (name === 'lo' || gateway !== '00000000' || !/^[0-9A-F]{8}$/.test(to) || !/^[0-9A-F]{8}$/.test(mask)) return [];
    const [first, bits] = [fromHostOrder(to), fromHostOrder(mask)];
    if (bits === 0n) return []; // the default route
    return [{ interface: name, addresses: { family: 4 as const, first, last: first | (~bits & 0xffff_ffffn) } }];
  });
}

/** Of machines whose lowest byte comes first, as all are that Node 24 runs on with Linux, but for IBM Z. */
function fromHostOrder(hex: string): bigint {
  const bytes = hex.match(/../g) ?? [];
  return BigInt(`0x${bytes.toReversed().join('')}`);
}

/** Tables of the legacy backend are listed there (net/ipv4/netfilter); those of the other are tables of nft, by iptables' own names. */
async function backendsOf(machine: Machine): Promise<('legacy' | 'nft')[]> {
  const legacy = ['/proc/net/ip_tables_names', '/proc/net/ip6_tables_names'].some(
    (path) => (textOf(machine, path) ?? '').trim() !== '',
  );
  const nft = (await machine.nftTables()).some((table) => /^ip6? (?:filter|nat|mangle|raw|security)$/.test(table));
  return [...(legacy ? ['legacy' as const] : []), ...(nft ? ['nft' as const] : [])];
}

/** Below this, a UDP port is bound to be found; above are the ports of clients (ip-sysctl: ip_local_port_range). */
const FIRST_CLIENT_PORT = 32_768;

function listenersOf(machine: Machine): ListeningService[] {
  const programs = machine.socketPrograms();
  const sockets = (names: readonly string[]): ProcSocket[] =>
    names.flatMap((name) => parseProcSockets(textOf(machine, `/proc/net/${name}`) ?? ''));
  const service = (protocol: 'tcp' | 'udp', { local, inode }: ProcSocket): ListeningService => {
    const program = programs.get(inode);
    return {
      protocol,
      port: local.port,
      ...(local.address.value === 0n ? {} : { address: local.address }),
      ...(program === undefined ? {} : { program }),
    };
  };
  const waiting = sockets(['udp', 'udp6']).filter(
    ({ local, remote }) => remote.port === 0 && local.port < FIRST_CLIENT_PORT,
  );
  return [
    ...sockets(['tcp', 'tcp6'])
      .filter(({ state }) => state === LISTEN)
      .map((socket) => service('tcp', socket)),
    ...waiting.map((socket) => service('udp', socket)),
  ];
}

function sshPortsOf(machine: Machine): number[] {
  const files = ['/etc/ssh/sshd_config', ...machine.list('/etc/ssh/sshd_config.d')];
  return parseSshPorts(files.map((path) => textOf(machine, path) ?? '').join('\n'));
}

const UNITS = [
  'portcullis.service',
  'nftables.service',
  'ufw.service',
  'netfilter-persistent.service',
  'firewalld.service',
];

/** Enabled units are links in folders `*.wants` (systemd.unit(5)). UFW has a switch of its own beside. */
function persistenceOf(machine: Machine): PersistentUnit[] {
  const wanted = machine
    .list('/etc/systemd/system')
    .filter((path) => path.endsWith('.wants') || path.endsWith('.requires'))
    .flatMap((folder) => machine.list(folder))
    .map((path) => path.slice(path.lastIndexOf('/') + 1));
  const installed = UNITS.filter(
    (unit) =>
      wanted.includes(unit) ||
      ['/lib/systemd/system', '/usr/lib/systemd/system', '/etc/systemd/system'].some((folder) =>
        machine.exists(`${folder}/${unit}`),
      ),
  );
  return installed.map((name) => {
    const enabled = wanted.includes(name);
    const isUfw = name === 'ufw.service';
    return { name, enabled: enabled && (!isUfw || /^ENABLED=yes/m.test(textOf(machine, '/etc/ufw/ufw.conf') ?? '')) };
  });
}

const CONTAINERS = '/var/lib/docker/containers';

/** Docker's own record of each container, where no daemon answers; only root may read it. */
function recordedPorts(machine: Machine): DockerPort[] {
  return machine.list(CONTAINERS).flatMap((folder) => {
    const text = textOf(machine, `${folder}/config.v2.json`);
    return text === undefined ? [] : publishedPorts(text);
  });
}

/** @param text a container's config.v2.json; what is not as Docker writes it is passed over */
export function publishedPorts(text: string): DockerPort[] {
  const container = parsed(text);
  const settings = part(container, 'NetworkSettings');
  const networks = Object.entries(part(settings, 'Networks'));
  const attached = networks.find(([, network]) => addressOf(network, 'IPAddress') !== undefined);
  if (part(container, 'State').Running !== true || attached === undefined) return [];
  const [network, details] = attached;
  const containerAddress = addressOf(details, 'IPAddress');
  if (containerAddress === undefined) return [];
  const bridge = network === 'bridge' ? 'docker0' : `br-${words(details, 'NetworkID').slice(0, 12)}`;
  return Object.entries(part(settings, 'Ports')).flatMap(([key, bindings]) => {
    const [, containerPort, protocol] = /^(\d{1,5})\/(tcp|udp)$/.exec(key) ?? [];
    if (containerPort === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return [];
    const all: readonly unknown[] = Array.isArray(bindings) ? bindings : [];
    return all.flatMap((binding): DockerPort[] => {
      const address = addressOf(binding, 'HostIp');
      const port = words(binding, 'HostPort');
      if (!/^\d{1,5}$/.test(port) || address?.family === 6) return []; // the same port again, over IPv6
      return [
        {
          protocol,
          port: Number(port),
          ...(address === undefined || address.value === 0n ? {} : { address }),
          container: words(container, 'Name').replace(/^\//, ''),
          containerAddress,
          containerPort: Number(containerPort),
          bridge,
        },
      ];
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A member that is a mapping; an empty one where there is none. */
function part(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found =
    value !== null && typeof value === 'object' ? Object.entries(value).find(([name]) => name === key) : undefined;
  const member: unknown = found?.[1];
  return member !== null && typeof member === 'object' ? { ...member } : {};
}

function words(value: unknown, key: string): string {
  const found =
    value !== null && typeof value === 'object' ? Object.entries(value).find(([name]) => name === key) : undefined;
  return typeof found?.[1] === 'string' ? found[1] : '';
}

function addressOf(value: unknown, key: string) {
  return parseAddress(words(value, key));
}
