import { ConnectionSet } from '../../cluster/index.ts';
import {
  type Cluster,
  type ClusterPeer,
  type ClusterPolicy,
  EVERYTHING,
  formatRef,
  matches,
  NAMESPACE_NAME,
  type PolicyRule,
  type PolicySide,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';
import type { Span } from '../../source/index.ts';
import { ANY_POD, meet, type PodZone, zonesOf } from './draft-zone.ts';

/** Who may be at one end of an imported flow. */
export type DraftEnd =
  | { readonly kind: 'pods'; readonly zone: PodZone }
  | { readonly kind: 'everybody' }
  | { readonly kind: 'outside'; readonly peer: Extract<ClusterPeer, { kind: 'addresses' | 'names' }> };

/** What manifests allow between two ends. */
export interface DraftGrant {
  readonly from: DraftEnd;
  readonly to: DraftEnd;
  readonly ports: ConnectionSet;
}

/** What a policy has no words for. */
export interface NotImported {
  readonly text: string; // `NetworkPolicy shop/web, ingress rule 2`
  readonly reason: string;
  readonly span?: Span;
}

export interface FoundGrants {
  readonly grants: readonly DraftGrant[];
  readonly leftOut: readonly NotImported[];
}

const DIRECTIONS = ['egress', 'ingress'] as const;
type Direction = (typeof DIRECTIONS)[number];

/** What one side lets through, whatever the other says. */
interface OneSided {
  readonly subject: PodZone; // in one governed namespace
  readonly peer: DraftEnd;
  readonly ports: ConnectionSet;
}

/**
 * What the policies allow, as grants that only add up: what both the egress of the one and the ingress of the other let through, where both
 * ends are governed; else what the governed end lets through.
 */
export function grantsOf(cluster: Cluster, governed: readonly string[]): FoundGrants {
  const reader = new SideReader(cluster, governed);
  const egress = reader.oneSided('egress');
  const ingress = reader.oneSided('ingress');
  const elsewhere = (end: DraftEnd): DraftEnd[] => outsideOf(end, governed);
  const grants = [
    ...egress.flatMap((out) =>
      ingress.flatMap((into): DraftGrant[] => {
        const ports = out.ports.intersect(into.ports);
        const from = podsIn(into.peer, out.subject);
        const to = podsIn(out.peer, into.subject);
        if (ports.isEmpty || from === undefined || to === undefined) return [];
        return [{ from: { kind: 'pods', zone: from }, to: { kind: 'pods', zone: to }, ports }];
      }),
    ),
    ...egress.flatMap(({ subject, peer, ports }) =>
      elsewhere(peer).map((to): DraftGrant => ({ from: { kind: 'pods', zone: subject }, to, ports })),
    ),
    ...ingress.flatMap(({ subject, peer, ports }) =>
      elsewhere(peer).map((from): DraftGrant => ({ from, to: { kind: 'pods', zone: subject }, ports })),
    ),
  ];
  return { grants: grants.filter(({ ports }) => !ports.isEmpty), leftOut: reader.leftOut };
}

function podsIn(end: DraftEnd, zone: PodZone): PodZone | undefined {
  switch (end.kind) {
    case 'everybody':
      return zone;
    case 'pods':
      return meet(end.zone, zone);
    case 'outside':
      return undefined;
  }
}

/** The part of an end that is in no governed namespace. */
function outsideOf(end: DraftEnd, governed: readonly string[]): DraftEnd[] {
  if (end.kind !== 'pods') return [end]; // everybody: those of governed namespaces are taken out where it is written
  const { namespace } = end.zone;
  if (namespace !== undefined) return governed.includes(namespace) ? [] : [end];
  const except = [...end.zone.except, ...governed.map((each) => ({ ...ANY_POD, namespace: each }))];
  const zone = meet({ ...end.zone, except: [] }, { ...ANY_POD, except });
  return zone === undefined ? [] : [{ kind: 'pods', zone }];
}

class SideReader {
  readonly leftOut: NotImported[] = [];
  readonly #cluster: Cluster;
  readonly #governed: readonly string[];
  readonly #policies: readonly ClusterPolicy[];

  constructor(cluster: Cluster, governed: readonly string[]) {
    this.#cluster = cluster;
    this.#governed = governed;
    this.#policies = cluster.layers.flatMap(({ stages }) => stages.flatMap((stage) => stage.policies));
  }

  oneSided(direction: Direction): OneSided[] {
    return this.#governed.flatMap((name) => {
      const here: PodZone = { ...ANY_POD, namespace: name };
      const about = this.#policies.flatMap((policy) => {
        const side = policy[direction];
        const subjects = side === undefined ? [] : this.#subjects(policy, policy.subject, here);
        return side === undefined || subjects.length === 0 ? [] : [{ policy, side, subjects }];
      });
      const isolated = about.filter(({ side }) => side.isolates).flatMap(({ subjects }) => subjects);
      const open = meet(here, { ...ANY_POD, except: isolated });
      return [
        ...about.flatMap(({ policy, side, subjects }) => this.#allowed(policy, side, subjects, direction)),
        ...(open === undefined
          ? []
          : [{ subject: open, peer: { kind: 'everybody' } as const, ports: ConnectionSet.all }]),
      ];
    });
  }

  #subjects(policy: ClusterPolicy, selector: WorkloadSelector, here: PodZone): PodZone[] {
    const named = new Map([[NAMESPACE_NAME, here.namespace ?? '']]);
    const labels = this.#cluster.namespaces.get(here.namespace ?? '')?.labels ?? named;
    if (!matches(selector.namespaces, labels)) return [];
    const zones = zonesOf({ ...selector, namespaces: EVERYTHING });
    if (zones === undefined) this.#leave(policy, 'its selector asks for more than values of labels', policy.span);
    return (zones ?? []).flatMap((zone) => meet(zone, here) ?? []);
  }

  #allowed(
    policy: ClusterPolicy,
    { rules }: PolicySide,
    subjects: readonly PodZone[],
    direction: Direction,
  ): OneSided[] {
    return rules.flatMap((rule, index) => {
      const text = `${direction} rule ${index + 1}`;
      const leave = (reason: string): [] => {
        this.#leave(policy, reason, rule.span, text);
        return [];
      };
      if (deniesTheRest(rule) && index === rules.length - 1) return []; // as isolation does it
      if (rule.action !== 'allow')
        return leave(`it ${rule.action === 'deny' ? 'denies' : 'leaves it to others'}: flows of a policy only add up`);
      if (rule.condition !== undefined) return leave(`it asks for more than a connection: ${rule.condition}`);
      if (rule.subject !== undefined) return leave('it narrows who it is about');
      const ends = rule.peers.map((peer) => this.#ends(peer));
      if (ends.includes(undefined))
        leave('a selector asks for more than values of labels, or for nodes or API servers');
      return subjects.flatMap((subject) =>
        ends.flatMap((each) =>
          (each ?? []).flatMap((peer): OneSided[] => {
            const reached = direction === 'ingress' ? subject : peer.kind === 'pods' ? peer.zone : undefined;
            const ports = this.#ports(rule, reached);
            if (ports === undefined) leave('it names a port that no workload here has');
            return ports === undefined ? [] : [{ subject, peer, ports }];
          }),
        ),
      );
    });
  }

  #ends(peer: ClusterPeer): readonly DraftEnd[] | undefined {
    switch (peer.kind) {
      case 'everybody':
        return [{ kind: 'everybody' }];
      case 'workloads':
        return zonesOf(peer.workloads)?.map((zone) => ({ kind: 'pods', zone }));
      case 'addresses':
      case 'names':
        return [{ kind: 'outside', peer }];
      case 'nodes':
      case 'api-server':
        return undefined;
    }
  }

  /** Names stand for the numbers that workloads give them. */
  #ports({ ports }: PolicyRule, reached: PodZone | undefined): ConnectionSet | undefined {
    if (ports === 'any') return ConnectionSet.all;
    let sum = ConnectionSet.none;
    for (const port of ports) {
      if (port.kind === 'ports') sum = sum.union(ConnectionSet.of(port.protocol, port.first, port.last));
      else if (port.kind === 'protocol') sum = sum.union(ConnectionSet.ofNumber(port.number));
      else {
        const named = this.#cluster.workloads
          .filter((workload) => reached !== undefined && isOf(workload, reached))
          .flatMap((workload) => workload.ports)
          .filter(({ name, protocol }) => name === port.name && protocol === (port.protocol ?? protocol));
        if (named.length === 0) return undefined;
        for (const { protocol, port: number } of named) sum = sum.union(ConnectionSet.of(protocol, number, number));
      }
    }
    return sum;
  }

  #leave({ ref }: ClusterPolicy, reason: string, span: Span, rule?: string): void {
    const text = rule === undefined ? formatRef(ref) : `${formatRef(ref)}, ${rule}`;
    if (!this.leftOut.some((each) => each.text === text && each.reason === reason))
      this.leftOut.push({ text, reason, span });
  }
}

function deniesTheRest({ action, peers, ports, condition }: PolicyRule): boolean {
  return (
    action === 'deny' && ports === 'any' && condition === undefined && peers.some(({ kind }) => kind === 'everybody')
  );
}

function isOf(
  { namespace, labels }: { readonly namespace: string; readonly labels: ReadonlyMap<string, string> },
  zone: PodZone,
): boolean {
  return (
    (zone.namespace === undefined || zone.namespace === namespace) &&
    [...zone.labels].every(([key, value]) => labels.get(key) === value)
  );
}
