import {
  type ClusterEnd,
  type ClusterGateway,
  type ClusterGrant,
  type GatewayFlow,
  governedPart,
  labelled,
  namespaceNamed,
  objectName,
  type PortMatch,
} from '../kubernetes/index.ts';
import { addressRange, matchesDnsPattern } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { GatewayDeclaration, PolicyFile, Reporter } from '../policy/index.ts';
import { CLUSTER_PROBLEMS } from './cluster-problems.ts';
import { INTERNET } from './special-purpose.ts';

/** What flows by name come to where gateways enforce names. */
export interface ThroughGateways {
  readonly grants: readonly ClusterGrant[];
  readonly gateways: readonly ClusterGateway[];
}

/**
 * Whoever may reach names that the gateway enforces reaches a gateway of its own zone instead, and nobody else does: by the gateway it is
 * told who asks. The gateway reaches the public internet on the ports of those flows, the resolvers that it asks, and the addresses of names
 * that the policy itself has addresses for.
 */
export function throughGateways(
  grants: readonly ClusterGrant[],
  governed: readonly string[],
  { gateway }: PolicyFile,
  report: Reporter,
): ThroughGateways {
  const byName = grants.filter(({ to }) => to.some(isByGateway));
  if (byName.length === 0) return { grants, gateways: [] };
  if (gateway === undefined) {
    for (const zone of new Set(byName.flatMap(({ to }) => to.filter(isByGateway).map((end) => end.zone))))
      report.say(CLUSTER_PROBLEMS.noGateway, byName.find(({ to }) => to.some((end) => end.zone === zone))?.span, zone);
    return { grants, gateways: [] };
  }
  for (const { name, ports, span } of byName)
    if (ports !== 'any' && ports.some((port) => port.kind !== 'ports' || port.protocol !== 'TCP'))
      report.say(CLUSTER_PROBLEMS.gatewayCarriesTcp, span, name);
  const places = clientsOf(byName, governed);
  const made = places.map((place) => ({ place, gateway: gatewayOf(place, gateway) }));
  const kept = grants.flatMap((grant): ClusterGrant[] => {
    const to = grant.to.filter((end) => !isByGateway(end));
    return to.length === 0 ? [] : [{ ...grant, to }];
  });
  return {
    grants: [...kept, ...made.flatMap(({ place, gateway: each }) => grantsOf(place, each, gateway))],
    gateways: made.map((each) => each.gateway),
  };
}

function isByGateway({ peer, enforcement }: ClusterEnd): boolean {
  return peer.kind === 'names' && enforcement === 'gateway';
}

/** A zone in a namespace, with its flows by name. */
interface Clients {
  readonly zone: string;
  readonly namespace: string;
  readonly ends: readonly ClusterEnd[];
  readonly grants: readonly ClusterGrant[];
}

function clientsOf(byName: readonly ClusterGrant[], governed: readonly string[]): Clients[] {
  const zones = new Map<string, ClusterEnd[]>();
  for (const end of byName.flatMap(({ from }) => from)) {
    if (end.peer.kind !== 'workloads' && end.peer.kind !== 'everybody') continue; // no pods of ours
    const known = zones.get(end.zone) ?? [];
    if (!known.some((each) => JSON.stringify(each) === JSON.stringify(end))) zones.set(end.zone, [...known, end]);
  }
  return [...zones].flatMap(([zone, all]) =>
    governed.flatMap((namespace) => {
      const ends = all.flatMap((end) => governedPart(end, namespace) ?? []);
      const grants = byName.filter(({ from }) => from.some((end) => end.zone === zone));
      return ends.length === 0 ? [] : [{ zone, namespace, ends, grants }];
    }),
  );
}

function gatewayOf({ zone, namespace, grants }: Clients, settings: GatewayDeclaration): ClusterGateway {
  const name = objectName(`portcullis-gateway-${zone}`);
  return {
    name,
    zone,
    namespace,
    labels: new Map([
      ['app.kubernetes.io/name', 'portcullis-gateway'],
      ['app.kubernetes.io/instance', name],
    ]),
    proxyPort: settings.listeners.proxy[0]?.value.port ?? 3128,
    dnsPort: settings.listeners.dns[0]?.value.port ?? 5300,
    flows: grants.map(
      ({ name: flow, to, ports, purpose }): GatewayFlow => ({
        name: flow,
        patterns: to.flatMap((end) => (isByGateway(end) && end.peer.kind === 'names' ? end.peer.patterns : [])),
        ports,
        ...(purpose === undefined ? {} : { purpose }),
      }),
    ),
    settings,
    span: settings.span,
  };
}

function grantsOf({ ends, grants }: Clients, gateway: ClusterGateway, settings: GatewayDeclaration): ClusterGrant[] {
  const self: ClusterEnd = {
    zone: gateway.name,
    peer: {
      kind: 'workloads',
      workloads: { namespaces: namespaceNamed(gateway.namespace), pods: labelled(gateway.labels) },
    },
  };
  const base = { from: [self], span: undefined };
  const upstreams = [...settings.upstreams, ...settings.domains.flatMap((domain) => domain.upstreams)].map(
    ({ value }) => value,
  );
  const byTransport = Map.groupBy(upstreams, ({ transport, port }) => `${transport} ${port}`);
  return [
    {
      name: gateway.name,
      from: ends,
      to: [self],
      ports: [port('TCP', gateway.proxyPort), port('UDP', gateway.dnsPort), port('TCP', gateway.dnsPort)],
      purpose: 'names are asked of the gateway, which looks them up and dials',
      span: gateway.span,
    },
    ...[...byTransport.values()].map((same, index): ClusterGrant => {
      const { transport, port: number } = same[0]!;
      return {
        ...base,
        name: `${gateway.name}.resolvers${index === 0 ? '' : `-${index + 1}`}`,
        to: [
          {
            zone: 'resolvers',
            peer: {
              kind: 'addresses',
              ranges: AddressSet.of(same.map(({ address }) => addressRange(address))).ranges(),
            },
          },
        ],
        ports: transport === 'tls' ? [port('TCP', number)] : [port('UDP', number), port('TCP', number)],
        purpose: 'the gateway looks names up',
      };
    }),
    {
      ...base,
      name: `${gateway.name}.dials`,
      to: [{ zone: 'internet', peer: { kind: 'addresses', ranges: INTERNET.ranges() } }],
      ports: union(grants.map(({ ports }) => ports)),
      purpose: `the gateway dials for ${grants.map(({ name }) => name).join(', ')}`,
    },
    ...grants.flatMap(({ name, ports, to }): ClusterGrant[] => {
      const known = settings.hosts.filter((host) =>
        to.some(
          ({ peer }) => peer.kind === 'names' && peer.patterns.some((pattern) => matchesDnsPattern(pattern, host.name)),
        ),
      );
      const ranges = AddressSet.of(known.flatMap(({ addresses }) => addresses.map(({ value }) => addressRange(value))));
      if (ranges.isEmpty()) return [];
      const hosts: ClusterEnd = { zone: 'hosts', peer: { kind: 'addresses', ranges: ranges.ranges() } };
      const purpose = `the gateway dials for ${name}, whose addresses the policy has`;
      return [{ ...base, name: `${gateway.name}.hosts.${name}`, to: [hosts], ports, purpose }];
    }),
  ];
}

function union(all: readonly (readonly PortMatch[] | 'any')[]): readonly PortMatch[] | 'any' {
  const ports = all.flatMap((each) => (each === 'any' ? [] : each));
  const distinct = new Map(ports.map((each) => [JSON.stringify(each), each]));
  return all.includes('any') ? 'any' : [...distinct.values()];
}

function port(protocol: 'TCP' | 'UDP', number: number): PortMatch {
  return { kind: 'ports', protocol, first: number, last: number };
}
