import type { ClusterEnd, ClusterGrant, ClusterIntent } from '../../kubernetes/index.ts';
import { formatDnsPattern } from '../../net/index.ts';
import { type Block, blocksOf } from '../cluster/blocks.ts';
import { Findings } from '../cluster/findings.ts';
import { remarkInside } from '../cluster/inside.ts';
import { type ManifestObject, Noted, type ObjectTree } from '../cluster/manifest.ts';
import { flowNote, metadata, nameParts, ObjectNames } from '../cluster/names.ts';
import { type ObjectDeny, type ObjectSide, objectsOf } from '../cluster/objects.ts';
import type { Direction, SideRule } from '../cluster/sides.ts';
import type { ClusterTargetOptions } from '../cluster/target.ts';
import { entityOf, setLabels, setSelector, subjectOf } from './selectors.ts';
import { type Traffic, trafficOf } from './traffic.ts';

export const TITLE = 'Calico';
const API_VERSION = 'projectcalico.org/v3';
const DEFAULT_TIER = 'default';
/** Before the tiers of Kubernetes' own policies, which are at 1,000 and later (docs.tigera.io, Get started with policy tiers). */
const TIER_ORDER = 500;
const ALLOW_ORDER = 1000;
const DENY_ORDER = 10_000; // behind all that lets something through
const INLINE_AT_MOST = 4; // more prefixes become a network set
export interface CalicoWritten {
  readonly objects: readonly ManifestObject[];
  readonly findings: Findings;
}

/** A tier, network sets, and for each governed namespace, or for all, default deny and what each side is let through. */
export function calicoPolicies(intent: ClusterIntent, options: ClusterTargetOptions): CalicoWritten {
  const writer = new Writer(intent, options);
  const { denied, sides } = objectsOf(intent, options);
  const written = [...denied.map((each) => writer.defaultDeny(each)), ...sides.flatMap((side) => writer.policy(side))];
  return { objects: [...writer.tier(), ...writer.sets, ...written], findings: writer.findings };
}

class Writer {
  readonly findings = new Findings(TITLE);
  readonly sets: ManifestObject[] = [];
  readonly #setNames = new Map<string, string>();
  readonly #names = new ObjectNames();
  readonly #intent: ClusterIntent;
  readonly #options: ClusterTargetOptions;

  constructor(intent: ClusterIntent, options: ClusterTargetOptions) {
    this.#intent = intent;
    this.#options = options;
  }

  tier(): ManifestObject[] {
    const { calicoTier: name } = this.#options;
    if (name === DEFAULT_TIER) return [];
    return [
      {
        comment: ['asked before the policies of Kubernetes itself: nothing there opens more'],
        body: object('Tier', metadata(name, undefined, this.#described([])), {
          order: TIER_ORDER,
          defaultAction: 'Deny',
        }),
      },
    ];
  }

  defaultDeny({ namespace, subject, where }: ObjectDeny): ManifestObject {
    return {
      comment: [`every pod of ${where}: nothing in, nothing out, but for what is let through below`],
      body: this.#body(namespace, ['portcullis-default-deny'], [], {
        order: DENY_ORDER,
        ...subjectOf(subject, namespace === undefined ? subject.namespaces : undefined),
        types: ['Ingress', 'Egress'],
      }),
    };
  }

  policy(side: ObjectSide): ManifestObject[] {
    const { zone, namespace, direction, subject } = side;
    const rules = side.rules.flatMap((rule) => this.#rules(rule, side));
    if (rules.length === 0) return [];
    const isEgress = direction === 'egress';
    const flows = side.rules.map(({ grant }) => grant);
    return [
      {
        comment: [`what ${zone} ${isEgress ? 'may reach' : 'may be reached by'}`],
        body: this.#body(namespace, [zone, direction], flows, {
          order: ALLOW_ORDER,
          ...subjectOf(subject, namespace === undefined ? subject.namespaces : undefined),
          types: [isEgress ? 'Egress' : 'Ingress'],
          [direction]: rules,
        }),
      },
    ];
  }

  /** Policies of a tier carry its name before theirs (docs.tigera.io, resource NetworkPolicy). */
  #body(
    namespace: string | undefined,
    parts: readonly string[],
    flows: readonly ClusterGrant[],
    spec: ObjectTree,
  ): ObjectTree {
    const { calicoTier: tier } = this.#options;
    const name = this.#names.unique(namespace ?? '', ...nameParts(namespace, this.#intent.name, ...parts));
    const full = tier === DEFAULT_TIER ? name : `${tier}.${name}`;
    const kind = namespace === undefined ? 'GlobalNetworkPolicy' : 'NetworkPolicy';
    return object(kind, metadata(full, namespace, this.#described(flows)), { tier, ...spec });
  }

  #described(flows: readonly ClusterGrant[]) {
    return { policy: this.#intent.name, flows };
  }

  #rules({ grant, peers }: SideRule, { direction, namespace }: ObjectSide): Noted[] {
    const isEverybody = peers.some(({ peer }) => peer.kind === 'everybody');
    const others = isEverybody ? [{}] : peers.flatMap((end) => this.#entities(end, grant, { direction, namespace }));
    const rules = trafficOf(grant.ports).flatMap((traffic) => others.map((end) => rule(traffic, end, direction)));
    return rules.map((each, index) => new Noted(index === 0 ? flowNote(grant) : `flow ${grant.name}, likewise`, each));
  }

  #entities(end: ClusterEnd, grant: ClusterGrant, at: Pick<ObjectSide, 'direction' | 'namespace'>): ObjectTree[] {
    const { peer, zone } = end;
    switch (peer.kind) {
      case 'everybody':
        return []; // has been seen to
      case 'workloads':
        return [entityOf(peer.workloads)];
      case 'addresses': {
        remarkInside(this.findings, TITLE, end, grant, at.direction);
        const blocks = blocksOf(peer.ranges);
        const isPlain = blocks.every(({ except }) => except.length === 0);
        return isPlain && blocks.length > INLINE_AT_MOST
          ? [this.#bySet(end, blocks, at.namespace)]
          : ofFamilies(blocks);
      }
      case 'names':
        if (this.#options.calicoDomains && end.enforcement !== 'ranges' && at.direction === 'egress')
          return [{ domains: peer.patterns.map(formatDnsPattern) }];
        this.findings.byRanges(end, grant);
        return [];
      case 'nodes':
      case 'api-server':
        this.findings.unsaid(zone);
        return [];
    }
  }

  #bySet({ zone }: ClusterEnd, blocks: readonly Block[], namespace: string | undefined): ObjectTree {
    const nets = blocks.map(({ cidr }) => cidr);
    const key = `${namespace ?? ''} ${nets.join(' ')}`;
    let name = this.#setNames.get(key);
    if (name === undefined) {
      name = this.#names.unique(`sets of ${namespace ?? ''}`, ...nameParts(namespace, this.#intent.name, zone));
      this.#setNames.set(key, name);
      const kind = namespace === undefined ? 'GlobalNetworkSet' : 'NetworkSet';
      const { labels, ...rest } = metadata(name, namespace, this.#described([]));
      this.sets.push({
        comment: [`the addresses of ${zone}`],
        body: object(kind, { ...rest, labels: { ...(labels as ObjectTree), ...setLabels(name) } }, { nets }),
      });
    }
    // A global one alone: whoever may write network sets in a namespace could add addresses by its label otherwise (docs.tigera.io, `global()`).
    return { namespaceSelector: namespace === undefined ? 'global()' : undefined, selector: setSelector(name) };
  }
}

function object(kind: string, meta: ObjectTree, spec: ObjectTree): ObjectTree {
  return { apiVersion: API_VERSION, kind, metadata: meta, spec };
}

/** A rule has blocks of one family; those without exceptions can stand together. */
function ofFamilies(blocks: readonly Block[]): ObjectTree[] {
  const groups = Map.groupBy(blocks, ({ cidr, except }) =>
    except.length === 0 ? String(cidr.includes(':')) : `${cidr} except`,
  );
  return [...groups.values()].map((same) => {
    const except = same.flatMap((block) => block.except);
    return { nets: same.map(({ cidr }) => cidr), notNets: except.length === 0 ? undefined : except };
  });
}

function rule({ protocol, ports, icmpType }: Traffic, end: ObjectTree, direction: Direction): ObjectTree {
  const isEmpty = Object.keys(end).length === 0;
  const destination = direction === 'egress' ? { ...end, ports } : { ports };
  const hasDestination = ports !== undefined || (direction === 'egress' && !isEmpty);
  return {
    action: 'Allow',
    protocol,
    icmp: icmpType === undefined ? undefined : { type: icmpType },
    source: direction === 'ingress' && !isEmpty ? end : undefined,
    destination: hasDestination ? destination : undefined,
  };
}
