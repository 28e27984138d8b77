import {
  type Address,
  type AddressRange,
  formatAddress,
  parseAddress,
  parsePrefix,
  prefixRange,
} from '../net/index.ts';
import type { Attachment, DaemonFacts, DockerContainer, DockerNetwork, NetworkMode, PublishedPort } from './facts.ts';
import { capability, isDockerSocket, secretsAmong } from './powers.ts';
import type { Tree } from './tree.ts';

/**
 * What `docker network inspect`, `docker inspect` and `docker info` print as JSON, and the daemon's own settings. Keys as of the
 * Engine API 1.41 to 1.51 (docs.docker.com/reference/api/engine); those that a version does not have are absent.
 */

/** The two networks that are no networks: the machine's own, and none. */
const NO_BRIDGE = new Set(['host', 'null']);

export function networkOf(found: Tree): DockerNetwork | undefined {
  const name = found.at('Name').text();
  const driver = found.at('Driver').text();
  if (name === undefined || driver === undefined) return undefined;
  const id = found.at('Id').text();
  const options = found.at('Options');
  const option = (key: string): string | undefined => options.at(`com.docker.network.${key}`).text();
  const bridge = driver === 'bridge' ? (option('bridge.name') ?? bridgeOf(name, id)) : undefined;
  return {
    name,
    driver,
    subnets: found
      .at('IPAM', 'Config')
      .items()
      .flatMap((config) => subnetOf(config.at('Subnet').text())),
    internal: found.at('Internal').flag() ?? false,
    icc: option('bridge.enable_icc') !== 'false',
    masquerade: option('bridge.enable_ip_masquerade') !== 'false',
    ...(id === undefined ? {} : { id }),
    ...(bridge === undefined || NO_BRIDGE.has(driver) ? {} : { bridge }),
    ...spanOf(found),
  };
}

/** The daemon names bridges after the network's id, but for its first one (libnetwork, drivers/bridge). */
function bridgeOf(name: string, id: string | undefined): string | undefined {
  if (name === 'bridge') return 'docker0';
  return id === undefined ? undefined : `br-${id.slice(0, 12)}`;
}

export function subnetOf(found: string | undefined): AddressRange[] {
  const parsed = parsePrefix(found ?? '');
  if (!('kind' in parsed)) return [prefixRange(parsed)];
  return parsed.kind === 'host-bits' ? [prefixRange(parsed.meant)] : [];
}

export function containerOf(found: Tree): DockerContainer | undefined {
  const name = found.at('Name').text()?.replace(/^\//, '');
  if (name === undefined) return undefined;
  const host = found.at('HostConfig');
  const settings = found.at('NetworkSettings');
  const startedAt = Date.parse(found.at('State', 'StartedAt').text() ?? '');
  const labels = found.at('Config', 'Labels').pairs();
  const sources = [
    ...found
      .at('Mounts')
      .items()
      .map((mount) => mount.at('Source').text() ?? ''),
    ...host
      .at('Binds')
      .words()
      .map((bind) => bind.split(':')[0] ?? ''),
  ];
  return {
    name,
    labels: new Map([...labels].map(([key, value]) => [key, value ?? ''])),
    isRunning: found.at('State', 'Running').flag() ?? false,
    ...(Number.isNaN(startedAt) ? {} : { startedAt }),
    mode: modeOf(host.at('NetworkMode').text() ?? 'default'),
    attachments: settings
      .at('Networks')
      .entries()
      .map(([network, details]) => attachment(network, details)),
    published: publishedOf(settings.at('Ports'), host.at('PortBindings')),
    powers: {
      privileged: host.at('Privileged').flag() ?? false,
      added: host.at('CapAdd').words().map(capability),
      dropped: host.at('CapDrop').words().map(capability),
      readOnly: host.at('ReadonlyRootfs').flag() ?? false,
      socket: sources.some(isDockerSocket),
      secrets: secretsAmong(found.at('Config', 'Env').pairs()),
    },
    ...spanOf(found),
  };
}

export function modeOf(text: string): NetworkMode {
  if (text === 'host') return { kind: 'host' };
  if (text === 'none') return { kind: 'none' };
  const [, of] = /^(?:container|service):(.+)$/.exec(text) ?? [];
  return of === undefined ? { kind: 'own' } : { kind: 'container', of };
}

function attachment(network: string, details: Tree): Attachment {
  const addresses = ['IPAddress', 'GlobalIPv6Address'].flatMap((key) => addressOf(details.at(key)) ?? []);
  return { network, addresses };
}

export function addressOf(found: Tree): Address | undefined {
  return parseAddress(found.text() ?? '');
}

/** Of a running container those that are in use, of another those that it asks for; the same port of both families is one. */
function publishedOf(live: Tree, wanted: Tree): PublishedPort[] {
  const isBound = live.entries().some(([, bindings]) => bindings.items().length > 0);
  const all = (isBound ? live : wanted).entries().flatMap(([key, bindings]): readonly PublishedPort[] => {
    const [, port = '', protocol] = /^(\d{1,5})\/(tcp|udp|sctp)$/.exec(key) ?? [];
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return [];
    return bindings.items().map((binding): PublishedPort => {
      const on = addressOf(binding.at('HostIp'));
      const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(binding.at('HostPort').text() ?? '') ?? [];
      return {
        protocol,
        containerPorts: { first: Number(port), last: Number(port) },
        families: on === undefined ? [4, 6] : [on.family],
        ...(on === undefined || on.value === 0n ? {} : { on }),
        ...(first === undefined ? {} : { ports: { first: Number(first), last: Number(last ?? first) } }),
        ...spanOf(binding),
      };
    });
  });
  return [...Map.groupBy(all, sameKey).values()].map((alike) => ({
    ...alike[0]!,
    families: ([4, 6] as const).filter((family) => alike.some(({ families }) => families.includes(family))),
  }));
}

function sameKey({ protocol, containerPorts, ports, on }: PublishedPort): string {
  return [protocol, containerPorts.first, ports?.first, on === undefined ? '' : formatAddress(on)].join(' ');
}

/** `daemon.json`, and what `docker info` tells. */
export function daemonOf(found: Tree): DaemonFacts {
  const hosts = found.at('hosts').words();
  const flags = {
    iptables: found.at('iptables').flag(),
    ip6tables: found.at('ip6tables').flag(),
    userlandProxy: found.at('userland-proxy').flag(),
    icc: found.at('icc').flag(),
    tlsVerify: found.at('tlsverify').flag(),
    firewallBackend: found.at('firewall-backend').text() ?? found.at('FirewallBackend', 'Driver').text(),
    publishesOn: addressOf(found.at('ip')),
  };
  return {
    ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...spanOf(found),
  };
}

function spanOf({ span }: Tree) {
  return span === undefined ? {} : { span };
}
