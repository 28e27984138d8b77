import type { ClusterPolicy, ContainerPort, PolicyRule, PortMatch } from '../kubernetes/index.ts';
import type { DnsPattern } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import { ConnectionSet } from './connection-set.ts';
import { unnamedPorts } from './unnamed-ports.ts';

/** A rule with its selectors as numbers and its ports as a set, as it is asked millions of times. */
export interface CompiledRule {
  readonly policy: ClusterPolicy;
  readonly rule: PolicyRule;
  readonly action: PolicyRule['action'];
  readonly everybody: boolean;
  readonly selectors: readonly number[]; // any of them
  readonly addresses: AddressSet;
  readonly everywhere: boolean; // every address of both families, by one of its blocks
  readonly names: readonly DnsPattern[];
  readonly nodes: 'all' | 'some' | 'none';
  readonly apiServer: boolean;
  readonly subject: number | undefined; // a selector: it is about these of the policy's subjects only
  readonly ports: ConnectionSet; // of those without a name
  readonly named: readonly Extract<PortMatch, { kind: 'named' }>[];
  readonly isConditional: boolean;
}

export function compileRule(
  policy: ClusterPolicy,
  rule: PolicyRule,
  selectorNumber: (selector: Extract<PolicyRule['peers'][number], { kind: 'workloads' }>['workloads']) => number,
): CompiledRule {
  const selectors = new Set<number>();
  const names: DnsPattern[] = [];
  let [everybody, everywhere, apiServer] = [false, false, false];
  let nodes: CompiledRule['nodes'] = 'none';
  let addresses = AddressSet.empty;
  for (const peer of rule.peers) {
    switch (peer.kind) {
      case 'everybody':
        everybody = true;
        break;
      case 'workloads':
        selectors.add(selectorNumber(peer.workloads));
        break;
      case 'addresses': {
        const set = AddressSet.of(peer.ranges);
        everywhere ||= isEverywhere(set);
        addresses = addresses.isEmpty() ? set : addresses.union(set);
        break;
      }
      case 'names':
        names.push(...peer.patterns);
        break;
      case 'nodes':
        if (peer.nodes.kind === 'everything') nodes = 'all';
        else if (peer.nodes.kind !== 'nothing' && nodes === 'none') nodes = 'some';
        break;
      case 'api-server':
        apiServer = true;
        break;
    }
  }
  const matches = rule.ports === 'any' ? [] : rule.ports;
  return {
    policy,
    rule,
    action: rule.action,
    everybody,
    selectors: [...selectors],
    addresses,
    everywhere,
    names,
    nodes,
    apiServer,
    subject: rule.subject === undefined ? undefined : selectorNumber(rule.subject),
    ports: rule.ports === 'any' ? ConnectionSet.all : unnamedPorts(matches),
    named: matches.filter((port) => port.kind === 'named'),
    isConditional: rule.condition !== undefined,
  };
}

function isEverywhere(set: AddressSet): boolean {
  return set.equals(EVERYWHERE);
}

const EVERYWHERE = AddressSet.of([
  { family: 4, first: 0n, last: (1n << 32n) - 1n },
  { family: 6, first: 0n, last: (1n << 128n) - 1n },
]);

/** The ports that a rule names, as who is reached has them. `unknown`: its ports are not known yet. */
export function namedPorts(
  named: CompiledRule['named'],
  reached: readonly ContainerPort[] | 'unknown',
): { readonly certainly: ConnectionSet; readonly possibly: ConnectionSet } {
  let [certainly, possibly] = [ConnectionSet.none, ConnectionSet.none];
  for (const { name, protocol } of named) {
    if (reached === 'unknown') {
      const asked = protocol === undefined ? (['TCP', 'UDP', 'SCTP'] as const) : [protocol];
      for (const each of asked) if (!each.startsWith('ICMP')) possibly = possibly.union(ConnectionSet.of(each));
    } else {
      for (const port of reached) {
        if (port.name !== name || (protocol !== undefined && port.protocol !== protocol)) continue;
        certainly = certainly.union(ConnectionSet.of(port.protocol, port.port, port.port));
      }
    }
  }
  return { certainly, possibly: possibly.union(certainly) };
}
