import { connections, type End } from '../../cluster/index.ts';
import { type ClusterService, formatRef, type Workload } from '../../kubernetes/index.ts';
import { type AddressRange, formatRange, parseAddress, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { breadthOf } from './address-scope.ts';
import { sizeOf } from './cluster-blocks.ts';
import { placesOf } from './cluster-place.ts';
import { podsOfService, type WayIn, waysIn } from './cluster-services.ts';
import { type ClusterView, idsText, isSystem, ruleText } from './cluster-view.ts';
import { addressEnd, shown, workloadEnd } from './cluster-witness.ts';
import { STRANGER } from './docker-flows.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_EXPOSURE } from './kinds-cluster-exposure.ts';
import { sensitiveServices } from './well-known.ts';
import { list } from './words.ts';

/** What leads in from outside, as far as policies let it. */
export function exposureFindings(view: ClusterView): Finding[] {
  const ways = waysIn(view);
  return [
    ...view.workloads.flatMap(hostNetwork),
    ...ways.flatMap((way) => open(view, way)),
    ...hiddenSources(view, ways),
    ...dangling(view),
  ];
}

function hostNetwork({ hostNetwork, id, namespace, span }: Workload): Finding[] {
  if (!hostNetwork || isSystem(namespace)) return []; // what makes the network has to be in it
  return [finding(CLUSTER_EXPOSURE.hostNetwork, { subject: id, origins: placesOf(span) }, id)];
}

const STRANGERS = [parseAddress(STRANGER[4])!, parseAddress(STRANGER[6])!].map(addressEnd);

/** Who may stand at the other end once it has come in. */
function comers({ kind }: WayIn): End[] {
  return kind === 'entrance'
    ? [{ kind: 'ingress-controller' }]
    : [
        ...STRANGERS,
        ...([4, 6] as const).map((family): End => ({ kind: 'addresses', range: wholeFamily(family) })),
        { kind: 'node' },
      ];
}

function open(view: ClusterView, way: WayIn): Finding[] {
  const { protocol, target } = way;
  const letIn = way.workloads.flatMap((workload) => {
    const to = workloadEnd(workload);
    const from = comers(way).find((end) => connections(view.cluster, end, to).possibly.has({ protocol, port: target }));
    return from === undefined ? [] : [{ workload, from, to }];
  });
  const [first] = letIn;
  if (first === undefined) return [];
  const workloads = letIn.map(({ workload }) => workload);
  const example = shown(view, first.from, first.to, { protocol, port: target });
  const origins = [...placesOf(way.entrance?.span ?? way.service?.span ?? first.workload.span), ...example.origins];
  const port = `${protocol.toLowerCase()}/${way.outside}`;
  const particulars = { subject: `${way.name} ${port}`, connection: example.connection, origins };
  const whom = idsText(workloads);
  const named = protocol === 'TCP' || protocol === 'UDP' ? serviceOn(protocol, target) : undefined;
  const from = way.service === undefined ? 'everybody' : comersText(way.service);
  if (from === undefined && way.kind === 'load-balancer') return []; // narrowed to a few
  if (named !== undefined) {
    const kind = named === GATEWAY ? CLUSTER_EXPOSURE.agentGateway : CLUSTER_EXPOSURE.sensitive;
    return [finding(kind, particulars, `${named} (${protocol.toLowerCase()}/${target})`, how(way, port), whom)];
  }
  switch (way.kind) {
    case 'host-port':
      return [finding(CLUSTER_EXPOSURE.hostPort, particulars, way.name, port)];
    case 'node-port':
      return [finding(CLUSTER_EXPOSURE.nodePort, particulars, way.name, port, whom)];
    case 'load-balancer':
      return [finding(CLUSTER_EXPOSURE.loadBalancer, particulars, way.name, port, from ?? 'everybody', whom)];
    case 'entrance':
      return []; // what an Ingress is for
  }
}

const GATEWAY = 'OpenClaw gateway';

function serviceOn(protocol: 'TCP' | 'UDP', port: number): string | undefined {
  return sensitiveServices(protocol === 'TCP' ? 'tcp' : 'udp', { first: port, last: port })[0];
}

function how({ kind, name }: WayIn, port: string): string {
  switch (kind) {
    case 'host-port':
      return `${port} on the address of its node`;
    case 'node-port':
      return `${port} of every node, by ${name}`;
    case 'load-balancer':
      return `${port} of the load balancer of ${name}`;
    case 'entrance':
      return `through ${name}`;
  }
}

/** Who may come to a load balancer; `undefined`: only a few. */
function comersText({ sourceRanges }: ClusterService): string | undefined {
  if (sourceRanges === undefined || sourceRanges.length === 0) return 'everybody';
  const set = AddressSet.of(sourceRanges);
  const wide = ([4, 6] as const).some((family) => ['world', 'broad'].includes(breadthOf(family, sizeOf(set, family))));
  return wide ? list(sourceRanges.map(formatRange)) : undefined;
}

/** Rules for addresses outside, of pods that are reached through a service that hides them. */
function hiddenSources(view: ClusterView, ways: readonly WayIn[]): Finding[] {
  const hiding = new Map<Workload, ClusterService>();
  for (const { kind, service, workloads } of ways) {
    if (service === undefined || service.keepsClientAddress === true || kind === 'entrance') continue;
    for (const workload of workloads) hiding.set(workload, service);
  }
  if (hiding.size === 0) return [];
  return view.rules.flatMap((placed) => {
    const { rule, policy, direction } = placed;
    const blocks = rule.peers.flatMap((peer) => (peer.kind === 'addresses' ? peer.ranges : []));
    if (direction !== 'ingress' || blocks.length === 0 || isAll(blocks)) return [];
    const service = view.matching(policy.subject).flatMap((workload) => hiding.get(workload) ?? [])[0];
    if (service === undefined) return [];
    const name = formatRef(policy.ref);
    const other = formatRef(service.ref);
    const particulars = { subject: `${name} ${other}`, origins: placesOf(rule.span, service.span) };
    return [finding(CLUSTER_EXPOSURE.sourceHidden, particulars, name, ruleText(placed), other)];
  });
}

function isAll(ranges: readonly AddressRange[]): boolean {
  return AddressSet.of(([4, 6] as const).map(wholeFamily))
    .subtract(AddressSet.of(ranges))
    .isEmpty();
}

/** Services and entrances that lead nowhere, where manifests tell who is there. */
function dangling(view: ClusterView): Finding[] {
  const { services, entrances } = view.cluster;
  const names = new Set(services.map(({ namespace, ref }) => `${namespace}/${ref.name}`));
  const idle = services.filter(
    (service) =>
      service.selector !== undefined &&
      view.isPopulated(service.namespace) &&
      podsOfService(view, service).length === 0,
  );
  return [
    ...idle.map(({ ref, span }) => {
      const name = formatRef(ref);
      return finding(CLUSTER_EXPOSURE.serviceWithoutPods, { subject: name, origins: placesOf(span) }, name);
    }),
    ...entrances.flatMap(({ ref, backends }) =>
      backends.flatMap(({ service, span }) => {
        const name = `${service.namespace}/${service.name}`;
        if (names.has(name) || !view.isPopulated(service.namespace)) return [];
        const from = formatRef(ref);
        const particulars = { subject: `${from} ${name}`, origins: placesOf(span) };
        return [finding(CLUSTER_EXPOSURE.leadsNowhere, particulars, from, name)];
      }),
    ),
  ];
}
