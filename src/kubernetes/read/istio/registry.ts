import { AddressSet } from '../../../packetset/index.ts';
import type { PortMatch } from '../../policy.ts';
import { labelled, namespaceNamed } from '../../selector.ts';
import { blockOf } from '../address-meaning.ts';
import type { ConditionalPeers } from '../conditional.ts';
import type { Manifest } from '../manifest.ts';
import { namePattern, namePeers } from '../name-patterns.ts';
import type { Part } from '../part.ts';
import { serviceTargets } from '../service-targets.ts';
import { ISTIO_PROBLEMS } from './problems.ts';

/** What a proxy may know by name: a Service or a host of a ServiceEntry. */
export interface RegistryEntry {
  readonly namespace: string;
  readonly host: string; // `db.shop.svc.cluster.local`, `api.example.com`, `*.example.com`
  readonly peers: readonly ConditionalPeers[];
  readonly ports: readonly PortMatch[];
  readonly isVisibleTo: (namespace: string) => boolean;
}

export function registryOf(manifests: readonly Manifest[], entries: readonly Manifest[]): RegistryEntry[] {
  const services = serviceTargets(manifests).flatMap(({ namespace, name, selector, ports }): RegistryEntry[] => {
    if (selector === undefined) return [];
    const workloads = { namespaces: namespaceNamed(namespace), pods: labelled(selector) };
    const host = `${name}.${namespace}.svc.cluster.local`;
    return [
      { namespace, host, peers: [{ peers: [{ kind: 'workloads', workloads }] }], ports, isVisibleTo: () => true },
    ];
  });
  return [...services, ...entries.flatMap(readServiceEntry)];
}

const FIELDS = [
  'hosts',
  'addresses',
  'ports',
  'location',
  'resolution',
  'endpoints',
  'workloadSelector',
  'exportTo',
  'subjectAltNames',
];

function readServiceEntry({ ref, body }: Manifest): RegistryEntry[] {
  const spec = body.at('spec');
  spec.only(FIELDS);
  const namespace = ref.namespace ?? 'default';
  const hosts = spec.at('hosts');
  if (hosts.items().length === 0) {
    spec.report.say(ISTIO_PROBLEMS.refused, hosts.span, 'spec.hosts', 'it needs at least one host');
  }
  const ports = spec.at('ports').items().flatMap(readPort);
  const exported = spec.at('exportTo').texts();
  const isVisibleTo = (from: string): boolean =>
    exported.length === 0 || exported.some((each) => each === '*' || (each === '.' ? namespace : each) === from);
  const addresses = readAddresses(spec);
  // Of TCP that is nothing more, connections are told by these addresses: the host is a name for them (istio.io, ServiceEntry, `addresses`).
  const isByAddress =
    spec.at('addresses').items().length > 0 &&
    spec
      .at('ports')
      .items()
      .every((port) => port.at('protocol').text() === 'TCP');
  return hosts.items().flatMap((item): RegistryEntry[] => {
    const host = item.text();
    if (host === undefined) return [];
    const pattern = namePattern(host, 'labels');
    if (pattern === undefined || host === '*') {
      const expected = 'a name such as `api.example.com` or `*.example.com`';
      return item.report.say(ISTIO_PROBLEMS.badValue, item.span, item.path, host, expected) ?? [];
    }
    const peers = [
      ...(isByAddress ? [] : namePeers([pattern])),
      ...(addresses.isEmpty() ? [] : [{ peers: [{ kind: 'addresses', ranges: addresses.ranges() } as const] }]),
    ];
    return [{ namespace, host, peers, ports, isVisibleTo }];
  });
}

function readPort(part: Part): PortMatch[] {
  part.only(['number', 'name', 'protocol', 'targetPort']);
  const at = part.at('number');
  const port = at.integer();
  if (port === undefined) return at.exists ? [] : (part.missing('number') ?? []);
  if (port >= 1 && port <= 65_535) return [{ kind: 'ports', protocol: 'TCP', first: port, last: port }];
  return at.report.say(ISTIO_PROBLEMS.badValue, at.span, at.path, String(port), 'a port from 1 to 65535') ?? [];
}

/** Addresses of the service and of its endpoints; names among the endpoints are left to its hosts. */
function readAddresses(spec: Part): AddressSet {
  const written = [
    ...spec.at('addresses').items(),
    ...spec
      .at('endpoints')
      .items()
      .map((endpoint) => endpoint.at('address')),
  ];
  return AddressSet.of(written.flatMap((part) => blockOf(part.text() ?? '') ?? []));
}
