import { type ConnectionSet, unnamedPorts } from '../../cluster/index.ts';
import { formatRef, type PortMatch, type Workload } from '../../kubernetes/index.ts';
import { parseAddress } from '../../net/index.ts';
import { placesOf } from './cluster-place.ts';
import {
  type ClusterView,
  DIRECTIONS,
  type Direction,
  idsText,
  isSystem,
  type PlacedRule,
  ruleText,
} from './cluster-view.ts';
import { addressEnd, shown, workloadEnd } from './cluster-witness.ts';
import { STRANGER } from './docker-flows.ts';
import { type ConnectionWitness, type Finding, type Fix, finding } from './finding.ts';
import { CLUSTER_REACH } from './kinds-cluster-reach.ts';
import { isWeb, sensitiveServices } from './well-known.ts';

/** Who is held back by no policy, and which policies hold back nobody. */
export function isolationFindings(view: ClusterView): Finding[] {
  const namespaces = [...Map.groupBy(view.judged(), ({ namespace }) => namespace)];
  return [
    ...namespaces.flatMap(([name, workloads]) =>
      DIRECTIONS.flatMap((direction) => open(view, name, workloads, direction)),
    ),
    ...view.rules.flatMap((placed) => everybody(view, placed)),
  ];
}

function open(view: ClusterView, namespace: string, workloads: readonly Workload[], direction: Direction): Finding[] {
  const free = workloads.filter((workload) => !view.isHeldBack(workload, direction));
  const [first] = free;
  if (first === undefined) return [];
  const held = workloads.filter((workload) => !free.includes(workload));
  const by = held
    .slice(0, 1)
    .flatMap((workload) => view.selecting(workload).filter(({ policy }) => policy[direction]?.isolates));
  const particulars = {
    subject: `${namespace} ${direction}`,
    connection: example(view, first, direction),
    origins: placesOf(...(by.length > 0 ? by.map(({ policy }) => policy.span) : free.map(({ span }) => span))).slice(
      0,
      4,
    ),
    fix: defaultDeny(namespace, direction),
  };
  if (held.length > 0) return [finding(CLUSTER_REACH.partlyIsolated, particulars, namespace, direction, idsText(free))];
  const kind = direction === 'ingress' ? CLUSTER_REACH.noIngressPolicy : CLUSTER_REACH.noEgressPolicy;
  return [finding(kind, particulars, namespace, idsText(free))];
}

/** With somebody whom nobody has thought of: a workload elsewhere, or an address outside. */
function example(view: ClusterView, workload: Workload, direction: Direction): ConnectionWitness {
  const self = workloadEnd(workload);
  const other = view.workloads.find(
    ({ namespace, hostNetwork }) => namespace !== workload.namespace && !hostNetwork && !isSystem(namespace),
  );
  const stranger = addressEnd(parseAddress(STRANGER[4])!);
  const [from, to] =
    direction === 'egress' ? [self, stranger] : [other === undefined ? stranger : workloadEnd(other), self];
  const port = direction === 'egress' ? 443 : (workload.ports.find(({ protocol }) => protocol === 'TCP')?.port ?? 443);
  return shown(view, from, to, { protocol: 'TCP', port }).connection;
}

/** What is needed has to be allowed beside it. */
function defaultDeny(namespace: string, direction: Direction): Fix {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress';
  const add = [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    `metadata: { name: default-deny-${direction}, namespace: ${JSON.stringify(namespace)} }`,
    `spec: { podSelector: {}, policyTypes: [${type}] }`,
  ];
  return { language: 'kubernetes', remove: [], add };
}

/** Rules for everybody: of every port, or of one that is for few. */
function everybody(view: ClusterView, placed: PlacedRule): Finding[] {
  const { rule, policy, direction, stage } = placed;
  const isForAll =
    rule.action === 'allow' && rule.condition === undefined && rule.peers.some(({ kind }) => kind === 'everybody');
  const isLast = stage.isolated === 'deny'; // what an earlier stage lets through is decided there, too; `next` only goes on
  const selected = view.matching(policy.subject).filter((workload) => !isSystem(workload.namespace));
  if (!isForAll || selected.length === 0) return [];
  const name = formatRef(policy.ref);
  const whom = idsText(selected);
  const particulars = {
    subject: `${name} ${direction}`,
    connection: example(view, selected[0]!, direction),
    origins: placesOf(rule.span),
  };
  if (rule.ports === 'any') {
    if (!isLast) return [];
    const kind = direction === 'ingress' ? CLUSTER_REACH.allowsAllIngress : CLUSTER_REACH.allowsAllEgress;
    return [finding(kind, particulars, name, whom)];
  }
  if (direction === 'egress') return []; // judged by what of the internet it opens
  const services = portsAt(rule.ports, selected)
    .allowed()
    .flatMap(({ protocol, ports }) =>
      protocol === 'SCTP' ? [] : sensitiveOf(protocol === 'TCP' ? 'tcp' : 'udp', ports),
    );
  if (services.length === 0) return [];
  const what = services.slice(0, 3).join(', ');
  return [
    finding(
      CLUSTER_REACH.openToEverybody,
      { ...particulars, subject: `${name} ${direction} ${what}` },
      name,
      ruleText(placed),
      what,
      whom,
    ),
  ];
}

/** Names stand for what the workloads call so. */
function portsAt(ports: readonly PortMatch[], workloads: readonly Workload[]): ConnectionSet {
  const named = ports.flatMap((match) =>
    match.kind !== 'named'
      ? []
      : workloads.flatMap((workload) =>
          workload.ports.flatMap(({ name, protocol, port }): PortMatch[] =>
            name === match.name ? [{ kind: 'ports', protocol, first: port, last: port }] : [],
          ),
        ),
  );
  return unnamedPorts([...ports, ...named]);
}

/** @param ports `80`, `80-443`, `80,443`; absent: all */
function sensitiveOf(protocol: 'tcp' | 'udp', ports = '1-65535'): string[] {
  return ports.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return isWeb(protocol, { first, last }) ? [] : sensitiveServices(protocol, { first, last });
  });
}
