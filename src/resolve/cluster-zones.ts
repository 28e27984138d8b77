import {
  allOf,
  type ClusterEnd,
  type ClusterPeer,
  EVERYTHING,
  labelled,
  NAMESPACE_NAME,
  namespaceNamed,
  SERVICE_ACCOUNT_NAME,
  type Selector,
  type WorkloadSelector,
} from '../kubernetes/index.ts';
import { wholeFamily } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type {
  BuiltInZone,
  Endpoint,
  Located,
  NameEnforcement,
  PolicyFile,
  Reporter,
  ZoneDeclaration,
} from '../policy/index.ts';
import { CLUSTER_PROBLEMS } from './cluster-problems.ts';
import type { NameGroups } from './name-groups.ts';
import { INTERNET, PRIVATE } from './special-purpose.ts';

/** What a zone is to a cluster. */
export interface ClusterMeaning {
  readonly ends: readonly ClusterEnd[];
  readonly noMeaning: readonly string[]; // the zones, itself or among its members, that no cluster recognises
}

const EVERYWHERE = [wholeFamily(4), wholeFamily(6)];

const BUILT_IN: Readonly<Record<BuiltInZone, readonly ClusterPeer[] | undefined>> = {
  host: undefined, // one machine, and its accounts
  loopback: undefined, // within a pod nobody asks
  private: [{ kind: 'addresses', ranges: PRIVATE }],
  internet: [{ kind: 'addresses', ranges: INTERNET.ranges() }],
  any: [{ kind: 'everybody' }],
};

/** Turns the ends of flows into those of a cluster: by `kubernetes` where a zone has it, else by its addresses and names. */
export class ClusterZones {
  readonly #declared: ReadonlyMap<string, ZoneDeclaration>;
  readonly #names: NameGroups;
  readonly #report: Reporter;
  readonly #known = new Map<string, ClusterMeaning>();

  /** @param policy that has been resolved without errors about its zones: all are there, and none contains itself */
  constructor(policy: PolicyFile, names: NameGroups, report: Reporter) {
    this.#declared = new Map(policy.zones.map((zone) => [zone.name, zone]));
    this.#names = names;
    this.#report = report;
    for (const [name, peers] of Object.entries(BUILT_IN)) this.#known.set(name, meaningOf(name, peers));
  }

  ends(endpoints: readonly Located<Endpoint>[]): ClusterMeaning {
    const found = endpoints.map((endpoint) => this.#one(endpoint));
    return {
      ends: found.flatMap(({ ends }) => ends),
      noMeaning: found.flatMap(({ noMeaning }) => noMeaning),
    };
  }

  #one({ value, span }: Located<Endpoint>): ClusterMeaning {
    switch (value.kind) {
      case 'zone':
        return this.#zone(value.name);
      case 'addresses':
        return meaningOf(textOf(span), [{ kind: 'addresses', ranges: [value.range] }]);
      case 'domain':
        return this.#named(this.#names.ofPattern(value.pattern, span));
      case 'catalog':
        return this.#named(this.#names.ofEntry(value.name, span));
    }
  }

  #named(key: string | undefined): ClusterMeaning {
    const group = this.#names.all().find((each) => each.key === key);
    return group === undefined
      ? { ends: [], noMeaning: [] }
      : { ends: [named(group.key, group.patterns, group.enforcement)], noMeaning: [] };
  }

  #zone(name: string): ClusterMeaning {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const zone = this.#declared.get(name);
    const meaning = zone === undefined ? { ends: [], noMeaning: [] } : this.#build(zone);
    this.#known.set(name, meaning);
    return meaning;
  }

  #build(zone: ZoneDeclaration): ClusterMeaning {
    const members = zone.zones.map(({ value }) => this.#zone(value));
    const own = this.#own(zone);
    const noMeaning = members.flatMap((member) => member.noMeaning);
    if (own.length === 0 && zone.zones.length === 0) noMeaning.push(zone.name);
    // Whoever is in the zone by another is called by the zone that the flow names: rules are about that one.
    const whole = [...own, ...members.flatMap(({ ends }) => ends.map((end) => ({ ...end, zone: zone.name })))];
    const ends = zone.except.reduce<readonly ClusterEnd[]>((left, exception) => {
      const taken: readonly ClusterPeer[] =
        exception.value.kind === 'addresses'
          ? [{ kind: 'addresses', ranges: [exception.value.range] }]
          : this.#zone(exception.value.name).ends.map(({ peer }) => peer);
      return taken.reduce((rest, peer) => this.#without(rest, peer, exception), left);
    }, whole);
    return { ends, noMeaning };
  }

  #own(zone: ZoneDeclaration): ClusterEnd[] {
    const { kubernetes } = zone.elsewhere;
    if (kubernetes !== undefined)
      return [{ zone: zone.name, peer: { kind: 'workloads', workloads: workloadsOf(kubernetes) } }];
    const ranges = AddressSet.of(zone.addresses.map(({ value }) => value)).ranges();
    const group = zone.domains.length === 0 ? undefined : this.#named(this.#names.ofZone(zone));
    return [
      ...(ranges.length === 0 ? [] : [{ zone: zone.name, peer: { kind: 'addresses', ranges } } as const]),
      ...(group?.ends ?? []),
    ];
  }

  #without(ends: readonly ClusterEnd[], taken: ClusterPeer, at: Located<unknown>): readonly ClusterEnd[] {
    return ends.flatMap((end) => {
      const left = peerWithout(end.peer, taken);
      if (left !== undefined) return left.map((peer) => ({ ...end, peer }));
      this.#report.say(CLUSTER_PROBLEMS.exceptNotExact, at.span, textOf(at.span));
      return [];
    });
  }
}

function named(
  zone: string,
  patterns: Extract<ClusterPeer, { kind: 'names' }>['patterns'],
  enforcement: NameEnforcement,
): ClusterEnd {
  return { zone, peer: { kind: 'names', patterns }, enforcement };
}

function meaningOf(zone: string, peers: readonly ClusterPeer[] | undefined): ClusterMeaning {
  return peers === undefined
    ? { ends: [], noMeaning: [zone] }
    : { ends: peers.map((peer) => ({ zone, peer })), noMeaning: [] };
}

function textOf({ file, start, end }: Located<unknown>['span']): string {
  return file.text.slice(start, end);
}

function workloadsOf(asked: NonNullable<ZoneDeclaration['elsewhere']['kubernetes']>): WorkloadSelector {
  const { namespace, namespaceSelector, podSelector, serviceAccount } = asked;
  return {
    namespaces: allOf([
      namespace === undefined ? EVERYTHING : namespaceNamed(namespace),
      namespaceSelector === undefined ? EVERYTHING : labelled(namespaceSelector),
    ]),
    pods: podSelector === undefined ? EVERYTHING : labelled(podSelector),
    ...(serviceAccount === undefined
      ? {}
      : { serviceAccounts: { kind: 'in', key: SERVICE_ACCOUNT_NAME, values: [serviceAccount] } }),
  };
}

/** Exactly, or `undefined`. */
function peerWithout(peer: ClusterPeer, taken: ClusterPeer): readonly ClusterPeer[] | undefined {
  if (taken.kind === 'everybody') return [];
  if (peer.kind === 'everybody') return EVERYBODY.flatMap((each) => peerWithout(each, taken) ?? []);
  if (peer.kind === 'names') return taken.kind === 'workloads' ? [peer] : undefined;
  if (taken.kind === 'names') return peer.kind === 'workloads' ? [peer] : undefined;
  if (peer.kind === 'addresses' && taken.kind === 'addresses') {
    const ranges = AddressSet.of(peer.ranges).subtract(AddressSet.of(taken.ranges)).ranges();
    return ranges.length === 0 ? [] : [{ kind: 'addresses', ranges }];
  }
  if (peer.kind === 'workloads' && taken.kind === 'workloads') return workloadsWithout(peer.workloads, taken.workloads);
  return [peer];
}

const EVERYBODY: readonly ClusterPeer[] = [
  { kind: 'workloads', workloads: { namespaces: EVERYTHING, pods: EVERYTHING } },
  { kind: 'addresses', ranges: EVERYWHERE },
];

/** `A - (b1 and b2) = (A and not b1) or (A and not b2)` */
function workloadsWithout(from: WorkloadSelector, taken: WorkloadSelector): ClusterPeer[] {
  const narrowed: WorkloadSelector[] = [
    ...partsOf(taken.namespaces).map((part) => ({ ...from, namespaces: and(from.namespaces, part) })),
    ...partsOf(taken.pods).map((part) => ({ ...from, pods: and(from.pods, part) })),
    ...partsOf(taken.serviceAccounts ?? EVERYTHING).map((part) => ({
      ...from,
      serviceAccounts: and(from.serviceAccounts ?? EVERYTHING, part),
    })),
  ];
  const isApart = narrowed.some((each) => JSON.stringify(each) === JSON.stringify(from));
  return (isApart ? [from] : narrowed)
    .filter((each) => [each.namespaces, each.pods, each.serviceAccounts].every((part) => part?.kind !== 'nothing'))
    .map((workloads) => ({ kind: 'workloads', workloads }));
}

function partsOf(selector: Selector): readonly Selector[] {
  if (selector.kind === 'everything') return [];
  return selector.kind === 'all' ? selector.of : [selector];
}

/** Somebody who is in one namespace is in no other. */
function and(selector: Selector, without: Selector): Selector {
  const own = partsOf(selector);
  const isSame = own.some((part) => JSON.stringify(part) === JSON.stringify(without));
  if (isSame) return { kind: 'nothing' };
  const isApart = own.some(
    (part) =>
      part.kind === 'in' &&
      without.kind === 'in' &&
      part.key === without.key &&
      !part.values.some((value) => without.values.includes(value)),
  );
  return isApart ? selector : allOf([...own, { kind: 'not', of: without }]);
}

/** Whether a zone is told by other labels of its namespace than its name. */
export function isByNamespaceLabels({ peer }: ClusterEnd): boolean {
  return (
    peer.kind === 'workloads' &&
    partsOf(peer.workloads.namespaces).some((part) => part.kind === 'in' && part.key !== NAMESPACE_NAME)
  );
}
