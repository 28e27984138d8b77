import { ConnectionSet, type End, formatEnd } from '../../cluster/index.ts';
import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import { similar } from '../../diagnostic/similar.ts';
import type { Cluster, ClusterService, ServicePort, Workload } from '../../kubernetes/index.ts';
import { type PortRange, PROTOCOLS, parseDnsPattern } from '../../net/index.ts';
import { type FlowEnd, type FlowExpression, parseFlowExpression } from '../../policy/index.ts';
import { CLUSTER_COMMAND_PROBLEMS } from './problems.ts';

interface FoundEnd extends Omit<FlowPart, 'from' | 'to'> {
  readonly end: End;
}

/** A flow expression as a question about a cluster: of a service, one part for each workload behind it. */
export interface ClusterFlow {
  readonly flow: FlowExpression;
  readonly parts: readonly FlowPart[];
}

export interface FlowPart {
  readonly from: End;
  readonly to: End;
  readonly asked: ConnectionSet;
  readonly via?: string; // the service that led to `to`
}

export type ReadFlow = ClusterFlow | { readonly diagnostics: readonly Diagnostic[] };

export function clusterFlow(text: string, cluster: Cluster): ReadFlow {
  const { flow, diagnostics } = parseFlowExpression(text);
  if (flow === undefined) return { diagnostics };
  return new FlowReader(cluster, flow).read();
}

class FlowReader {
  readonly #cluster: Cluster;
  readonly #flow: FlowExpression;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(cluster: Cluster, flow: FlowExpression) {
    this.#cluster = cluster;
    this.#flow = flow;
  }

  read(): ReadFlow {
    const { inInterface, outInterface, account, state } = this.#flow;
    for (const word of [inInterface, outInterface, account, state])
      if (word !== undefined) this.#diagnostics.push(diagnose(CLUSTER_COMMAND_PROBLEMS.noSuffix, word.span, word.text));
    const from = this.#ends(this.#flow.from).map(({ end }) => end);
    const to = this.#ends(this.#flow.to);
    if (this.#diagnostics.length > 0) return { diagnostics: this.#diagnostics };
    return {
      flow: this.#flow,
      parts: from.flatMap((each) => to.map(({ end, ...rest }) => ({ from: each, to: end, ...rest }))),
    };
  }

  #ends(end: FlowEnd): readonly FoundEnd[] {
    const asked = askedConnections(this.#flow, end.ports);
    const alone = (found: End) => [{ end: found, asked }];
    if (end.kind === 'addresses') return alone({ kind: 'addresses', range: end.range });
    const special = SPECIAL.find((kind) => kind === end.name);
    if (special !== undefined) return alone({ kind: special });
    const service = this.#service(end.name);
    if (service !== undefined) return this.#behind(service, end);
    const workloads = this.#cluster.workloads.filter(({ id }) => id === end.name || id.startsWith(`${end.name}[`));
    if (workloads.length > 0)
      return workloads.map((workload) => ({ end: { kind: 'workload', workload }, asked }) as const);
    const name = end.kind === 'name' && end.name.includes('.') ? parseDnsPattern(end.name) : undefined;
    if (name !== undefined) return alone({ kind: 'name', name });
    const known = [...this.#cluster.workloads.map(({ id }) => id), ...SPECIAL];
    this.#diagnostics.push(
      diagnose(CLUSTER_COMMAND_PROBLEMS.unknownWorkload, end.span, end.name, similar(end.name, known)),
    );
    return [];
  }

  /** By `shop/db[Service]`, or by its name in the cluster's DNS. */
  #service(name: string): ClusterService | undefined {
    const written = /^([^/]+)\/(.+)\[Service\]$/.exec(name);
    const dns = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local\.?)?)?$/.exec(name);
    const [namespace, called] = written !== null ? [written[1], written[2]] : [dns?.[2], dns?.[1]];
    return this.#cluster.services.find((each) => each.namespace === namespace && each.ref.name === called);
  }

  #behind(service: ClusterService, end: FlowEnd): readonly FoundEnd[] {
    const via = `${service.namespace}/${service.ref.name}[Service]`;
    const nobody = (reason: string) => {
      this.#diagnostics.push(diagnose(CLUSTER_COMMAND_PROBLEMS.noBackend, end.span, via, reason));
      return [];
    };
    const { selector } = service;
    if (selector === undefined || selector.size === 0) return nobody('it has no selector');
    const workloads = this.#cluster.workloads.filter(
      ({ namespace, labels }) =>
        namespace === service.namespace && [...selector].every(([key, value]) => labels.get(key) === value),
    );
    if (workloads.length === 0) return nobody('no workload has the labels of its selector');
    const ports = service.ports.filter(
      ({ port, protocol }) =>
        PROTOCOL_OF[protocol] === this.#flow.protocol &&
        (end.ports === undefined || (end.ports.first <= port && port <= end.ports.last)),
    );
    if (ports.length === 0) return nobody('it has no such port');
    return workloads.map((workload) => ({
      end: { kind: 'workload', workload } as const,
      asked: ports.map((port) => targetOf(port, workload)).reduce((all, each) => all.union(each), ConnectionSet.none),
      via,
    }));
  }
}

const SPECIAL = ['node', 'api-server', 'ingress-controller'] as const;
const PROTOCOL_OF: Readonly<Record<string, number>> = {
  TCP: PROTOCOLS.tcp,
  UDP: PROTOCOLS.udp,
  SCTP: PROTOCOLS.sctp,
};

function targetOf({ protocol, target }: ServicePort, { ports }: Workload): ConnectionSet {
  if (typeof target === 'number') return ConnectionSet.of(protocol, target, target);
  const named = ports.find((port) => port.name === target && port.protocol === protocol);
  return named === undefined ? ConnectionSet.none : ConnectionSet.of(protocol, named.port, named.port);
}

/** Without a port, every one. */
function askedConnections({ protocol, icmp }: FlowExpression, ports: PortRange | undefined): ConnectionSet {
  switch (protocol) {
    case PROTOCOLS.tcp:
      return ConnectionSet.of('TCP', ports?.first ?? 1, ports?.last);
    case PROTOCOLS.udp:
      return ConnectionSet.of('UDP', ports?.first ?? 1, ports?.last);
    case PROTOCOLS.sctp:
      return ConnectionSet.of('SCTP', ports?.first ?? 1, ports?.last);
    case PROTOCOLS.icmp:
      return ConnectionSet.of('ICMP', icmp?.type ?? ECHO, icmp?.type ?? ECHO);
    case PROTOCOLS.icmpv6:
      return ConnectionSet.of('ICMPv6', icmp?.type ?? ECHO_V6, icmp?.type ?? ECHO_V6);
    default:
      return ConnectionSet.ofNumber(protocol);
  }
}

const ECHO = 8; // RFC 792
const ECHO_V6 = 128; // RFC 4443

/** As the user would ask about one of the connections. */
export function formatConnection(
  { from, to }: FlowPart,
  one: { readonly protocol: string; readonly port: number },
): string {
  const target = formatEnd(to);
  switch (one.protocol) {
    case 'TCP':
    case 'UDP':
    case 'SCTP':
      return `${one.protocol.toLowerCase()} ${formatEnd(from)} -> ${target.includes(':') ? `[${target}]` : target}:${one.port}`;
    case 'ICMP':
    case 'ICMPv6':
      return `${one.protocol.toLowerCase()} ${one.port} ${formatEnd(from)} -> ${target}`;
    default:
      return `${one.port} ${formatEnd(from)} -> ${target}`;
  }
}

/** `:443` of the connections that are asked about, where they are of one range of ports. */
export function formatPorts({ asked }: FlowPart): string {
  const [only, ...others] = asked.allowed();
  return only?.ports === undefined || others.length > 0 ? '' : `:${only.ports}`;
}
