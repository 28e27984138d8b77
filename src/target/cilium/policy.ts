import { diagnose } from '../../diagnostic/index.ts';
import type { ClusterEnd, ClusterGrant, ClusterIntent, ClusterPeer } from '../../kubernetes/index.ts';
import { type DnsPattern, formatDnsPattern } from '../../net/index.ts';
import { blocksOf } from '../cluster/blocks.ts';
import { Findings } from '../cluster/findings.ts';
import { type ManifestObject, Noted, type ObjectTree, type Tree } from '../cluster/manifest.ts';
import { flowNote, metadata, nameParts, ObjectNames } from '../cluster/names.ts';
import { type ObjectDeny, type ObjectSide, objectsOf } from '../cluster/objects.ts';
import { CLUSTER_TARGET_PROBLEMS } from '../cluster/problems.ts';
import type { SideRule } from '../cluster/sides.ts';
import type { ClusterTargetOptions } from '../cluster/target.ts';
import { peerSelector, subjectSelector } from './selectors.ts';
import { type Traffic, trafficOf, unsaidPorts } from './traffic.ts';

export const TITLE = 'Cilium';

export interface CiliumWritten {
  readonly objects: readonly ManifestObject[];
  readonly findings: Findings;
}

/** Policies of namespaces, or of the whole cluster: default deny of every governed namespace, and for each side what is let through. */
export function ciliumPolicies(intent: ClusterIntent, options: ClusterTargetOptions): CiliumWritten {
  const writer = new Writer(intent);
  const { denied, sides } = objectsOf(intent, options);
  const written = [...denied.map((each) => writer.defaultDeny(each)), ...sides.flatMap((side) => writer.policy(side))];
  return { objects: written, findings: writer.findings };
}

class Writer {
  readonly findings = new Findings(TITLE);
  readonly #names = new ObjectNames();
  readonly #intent: ClusterIntent;

  constructor(intent: ClusterIntent) {
    this.#intent = intent;
  }

  /** An empty rule lets nobody through and makes the policy one of its direction, also for versions that do not know the field. */
  defaultDeny({ namespace, subject, where }: ObjectDeny): ManifestObject {
    return {
      comment: [`every pod of ${where}: nothing in, nothing out, but for what is let through below`],
      body: this.#body(namespace, ['portcullis-default-deny'], [], {
        endpointSelector: namespace === undefined ? peerSelector(subject) : {},
        enableDefaultDeny: { ingress: true, egress: true },
        ingress: [{}],
        egress: [{}],
      }),
    };
  }

  policy(side: ObjectSide): ManifestObject[] {
    const { zone, namespace, direction, subject } = side;
    const endpoints = namespace === undefined ? peerSelector(subject) : subjectSelector(subject);
    if (endpoints === undefined) this.findings.unsaid(zone);
    const rules = side.rules.flatMap((rule) => this.#rules(rule, side));
    if (rules.length === 0 || endpoints === undefined) return [];
    const isEgress = direction === 'egress';
    const flows = side.rules.map(({ grant }) => grant);
    return [
      {
        comment: [`what ${zone} ${isEgress ? 'may reach' : 'may be reached by'}`],
        body: this.#body(namespace, [zone, direction], flows, {
          endpointSelector: endpoints,
          enableDefaultDeny: { ingress: !isEgress, egress: isEgress },
          [direction]: rules,
        }),
      },
    ];
  }

  #body(
    namespace: string | undefined,
    parts: readonly string[],
    flows: readonly ClusterGrant[],
    spec: ObjectTree,
  ): ObjectTree {
    const name = this.#names.unique(namespace ?? '', ...nameParts(namespace, this.#intent.name, ...parts));
    const described = { policy: this.#intent.name, flows };
    return {
      apiVersion: 'cilium.io/v2',
      kind: namespace === undefined ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
      metadata: metadata(name, namespace, described),
      spec,
    };
  }

  #rules(rule: SideRule, side: ObjectSide): Noted[] {
    const { grant, peers } = rule;
    this.#unsaid(grant);
    const isEverybody = peers.some(({ peer }) => peer.kind === 'everybody');
    const all = isEverybody
      ? [{ [`${end(side)}Entities`]: ['all'] }]
      : groupsOf(peers).flatMap((some) => this.#peers(some, grant, side));
    const lookups = lookedUp(rule, side);
    if (lookups !== undefined) this.#remarkLookups(grant, side);
    const found = trafficOf(grant.ports).flatMap((traffic) =>
      all.map((peer) => ({ ...peer, ...(lookups === undefined ? traffic : withLookups(traffic, lookups)) })),
    );
    return found.map((each, index) => new Noted(index === 0 ? flowNote(grant) : `flow ${grant.name}, likewise`, each));
  }

  #unsaid(grant: ClusterGrant): void {
    const unsaid = unsaidPorts(grant.ports);
    if (unsaid.length > 0)
      this.findings.approximate(grant, {
        effect: 'narrower',
        ports: unsaid,
        sentence: `Cilium lets through TCP, UDP, SCTP and single types of ICMP: the rest of the flow ${grant.name} is not`,
        help: 'name the types of ICMP: `icmp/echo-request`',
      });
  }

  /** Ends of one kind, which one rule can hold. */
  #peers(ends: readonly ClusterEnd[], grant: ClusterGrant, side: ObjectSide): ObjectTree[] {
    const field = end(side);
    const of = <Kind extends ClusterPeer['kind']>(kind: Kind) =>
      ends.flatMap(({ peer }) => (peer.kind === kind ? [peer as Extract<ClusterPeer, { kind: Kind }>] : []));
    const [first] = ends;
    switch (first?.peer.kind) {
      case 'workloads': {
        const selectors = ends.flatMap(({ peer, zone }): ObjectTree[] => {
          const selector = peer.kind === 'workloads' ? peerSelector(peer.workloads) : undefined;
          if (selector === undefined) this.findings.unsaid(zone);
          return selector === undefined ? [] : [selector];
        });
        return selectors.length === 0 ? [] : [{ [`${field}Endpoints`]: selectors }];
      }
      case 'addresses': {
        const ranges = of('addresses').flatMap((peer) => peer.ranges);
        if (ends.some(({ zone }) => zone === 'node-local-dns') && this.findings.first('node-local-dns'))
          this.findings.diagnostics.push(diagnose(CLUSTER_TARGET_PROBLEMS.nodeLocal, undefined));
        return [
          {
            [`${field}CIDRSet`]: blocksOf(ranges).map(({ cidr, except }) => ({
              cidr,
              except: except.length === 0 ? undefined : except,
            })),
          },
        ];
      }
      case 'names': {
        const own = ends.filter(({ enforcement }) => enforcement !== 'ranges');
        for (const each of ends) if (each.enforcement === 'ranges') this.findings.byRanges(each, grant);
        const patterns = own.flatMap(({ peer }) => (peer.kind === 'names' ? peer.patterns : []));
        return patterns.length === 0 || side.direction === 'ingress' ? [] : [{ toFQDNs: patterns.map(nameSelector) }];
      }
      default:
        return [];
    }
  }

  #remarkLookups(grant: ClusterGrant, { subject }: ObjectSide): void {
    this.findings.approximate(grant, {
      effect: 'narrower',
      from: [{ kind: 'workloads', workloads: subject }],
      sentence: `of the cluster’s DNS only the names of flows are asked, which is how Cilium learns their addresses`,
      help: 'names are refused with the search domains of the pod behind them: set `ndots: 1` in its `dnsConfig`, or `tofqdns-dns-reject-response-code: nameError` in Cilium',
    });
  }
}

function end({ direction }: ObjectSide): 'from' | 'to' {
  return direction === 'egress' ? 'to' : 'from';
}

/** One rule says one kind of peer. */
function groupsOf(peers: readonly ClusterEnd[]): readonly (readonly ClusterEnd[])[] {
  return [...Map.groupBy(peers, ({ peer }) => peer.kind).values()];
}

/** `**.` stands for any number of labels; versions that do not know it take it for one, which lets through less. */
function nameSelector(pattern: DnsPattern): ObjectTree {
  return pattern.wildcard ? { matchPattern: `**.${pattern.name}` } : { matchName: formatDnsPattern(pattern) };
}

/**
 * What may be looked up in the cluster's DNS by a subject that reaches names: Cilium learns addresses from the answers that pass its proxy.
 * The names alone where the subject reaches nothing else; `undefined`: this rule is not about lookups, or nobody needs names.
 */
function lookedUp(rule: SideRule, { direction, rules }: ObjectSide): readonly Tree[] | undefined {
  if (direction !== 'egress' || !isLookup(rule)) return undefined;
  const peers = rules.filter((each) => !isLookup(each)).flatMap((each) => each.peers);
  const patterns = peers.flatMap(({ peer, enforcement }) =>
    peer.kind === 'names' && enforcement !== 'ranges' ? peer.patterns : [],
  );
  if (patterns.length === 0) return undefined;
  return peers.every(({ peer }) => peer.kind === 'names') ? patterns.map(nameSelector) : [{ matchPattern: '*' }];
}

function isLookup({ peers }: SideRule): boolean {
  return peers.some(({ zone }) => zone === 'cluster-dns');
}

function withLookups(traffic: Traffic | undefined, dns: readonly Tree[]): Traffic | undefined {
  if (traffic?.toPorts === undefined) return traffic;
  return { toPorts: traffic.toPorts.map((entry) => ({ ...entry, rules: { dns } })) };
}
