import { formatRef, namespacesNamed } from '../../kubernetes/index.ts';
import { covering, isEverybody, isWithin } from './cluster-coverage.ts';
import { placesOf } from './cluster-place.ts';
import { selectsWithin } from './cluster-selectors.ts';
import { type ClusterView, DIRECTIONS, idsText, type PlacedPolicy, type PlacedRule, ruleText } from './cluster-view.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_POLICIES } from './kinds-cluster-policies.ts';

/** Rules and policies that others say already, and stricter ones that wider ones beside them make void. */
export function redundancyFindings(view: ClusterView): Finding[] {
  return [...Map.groupBy(view.rules, ({ stage }) => stage)].flatMap(([stage, rules]) => {
    const policies = view.policies.filter((placed) => placed.stage === stage);
    return stage.combine === 'ordered' ? shadowed(rules) : new UnionStage(view, policies, rules).findings();
  });
}

/** By the namespace that a policy is about: only those of the same one, and those of all, can cover it. */
class Neighbours<T extends PlacedPolicy> {
  readonly #own: ReadonlyMap<string, readonly T[]>;
  readonly #wide: readonly T[];

  constructor(all: readonly T[]) {
    const scoped = Map.groupBy(all, ({ policy }) => onlyNamespace(policy.subject) ?? '');
    this.#wide = scoped.get('') ?? [];
    this.#own = scoped;
  }

  of({ policy }: PlacedPolicy): readonly T[] {
    const name = onlyNamespace(policy.subject);
    return name === undefined ? this.#wide : [...(this.#own.get(name) ?? []), ...this.#wide];
  }
}

function onlyNamespace({ namespaces }: PlacedPolicy['policy']['subject']): string | undefined {
  const named = namespacesNamed(namespaces);
  return named?.length === 1 ? named[0] : undefined;
}

class UnionStage {
  readonly #view: ClusterView;
  readonly #policies: readonly PlacedPolicy[];
  readonly #rules: readonly PlacedRule[];
  readonly #rulesNear: Neighbours<PlacedRule>;
  readonly #policiesNear: Neighbours<PlacedPolicy>;
  readonly #covered = new Map<PlacedRule, readonly PlacedRule[]>();

  constructor(view: ClusterView, policies: readonly PlacedPolicy[], rules: readonly PlacedRule[]) {
    this.#view = view;
    this.#policies = policies;
    this.#rules = rules;
    this.#rulesNear = new Neighbours(rules.filter(({ rule }) => rule.action === 'allow'));
    this.#policiesNear = new Neighbours(policies);
  }

  findings(): Finding[] {
    // From the last to the first: of two that say the same, the later one is told, and is not a reason for the first.
    for (const placed of this.#rules.toReversed()) {
      if (placed.rule.action !== 'allow') continue;
      const others = this.#rulesNear.of(placed).filter((other) => other !== placed && !this.#covered.has(other));
      const by = covering(placed, others);
      if (by !== undefined && by.length > 0) this.#covered.set(placed, by);
    }
    const defeated = this.#defeated();
    const narrowed = new Map<PlacedPolicy['policy'], Finding[]>();
    for (const [placed, by] of this.#covered) {
      if (!this.#isNarrowed(placed, by)) continue;
      narrowed.set(placed.policy, [this.#narrowed(placed, by[0]!), ...(narrowed.get(placed.policy) ?? [])]);
    }
    const idle = [...this.#idlePolicies()].filter(([policy]) => !defeated.has(policy) && !narrowed.has(policy));
    const told = new Set([...defeated.keys(), ...narrowed.keys(), ...idle.map(([policy]) => policy)]);
    const rules = [...this.#covered].reverse().filter(([{ policy }]) => !told.has(policy));
    return [
      ...rules.map(([placed, by]) => redundant(placed, by)),
      ...[...narrowed].flatMap(([policy, findings]) => (defeated.has(policy) ? [] : findings)),
      ...idle.map(([, each]) => each),
      ...defeated.values(),
    ];
  }

  /** Policies that could go: what they let through and whom they isolate, others do. */
  #idlePolicies(): Map<PlacedPolicy['policy'], Finding> {
    const found = new Map<PlacedPolicy['policy'], Finding>();
    const rulesOf = Map.groupBy(this.#rules, ({ policy }) => policy);
    for (const placed of this.#policies.toReversed()) {
      const { policy } = placed;
      const own = rulesOf.get(policy) ?? [];
      if (own.some((each) => !this.#covered.has(each)) || this.#view.matching(policy.subject).length === 0) continue;
      const by = new Set(own.flatMap((each) => this.#covered.get(each)!.map((other) => other.policy)));
      const isCovered = DIRECTIONS.every((direction) => {
        const side = policy[direction];
        if (side?.isolates !== true) return true;
        // A default deny holds whatever becomes of the others: only another one makes it idle.
        const isDefault = side.rules.length === 0;
        const other = this.#policiesNear
          .of(placed)
          .find(
            (each) =>
              each.policy !== policy &&
              !found.has(each.policy) &&
              each.policy[direction]?.isolates === true &&
              (!isDefault || each.policy[direction].rules.length === 0) &&
              each.policy.networks?.join() === policy.networks?.join() &&
              selectsWithin(policy.subject, each.policy.subject),
          );
        if (other !== undefined) by.add(other.policy);
        return other !== undefined;
      });
      if (!isCovered || by.size === 0 || by.has(policy)) continue;
      const name = formatRef(policy.ref);
      const names = [...by].map(({ ref }) => formatRef(ref)).join(', ');
      const origins = placesOf(policy.span, ...[...by].map(({ span }) => span));
      found.set(policy, finding(CLUSTER_POLICIES.redundantPolicy, { subject: name, origins }, name, names));
    }
    return found;
  }

  /** Policies beside one that lets everything through to the same pods. */
  #defeated(): Map<PlacedPolicy['policy'], Finding> {
    const found = new Map<PlacedPolicy['policy'], Finding>();
    const wide = new Neighbours(this.#rules.filter(({ rule }) => letsAllThrough(rule)));
    for (const placed of this.#policies) {
      const { policy } = placed;
      for (const direction of DIRECTIONS) {
        const side = policy[direction];
        if (side?.isolates !== true || side.rules.some(letsAllThrough)) continue;
        const by = wide
          .of(placed)
          .find((each) => each.direction === direction && this.#selectsAll(each.policy, policy));
        const selected = this.#view.matching(policy.subject);
        if (by === undefined || selected.length === 0) continue;
        const [name, other] = [formatRef(policy.ref), formatRef(by.policy.ref)];
        const particulars = { subject: `${name} ${direction}`, origins: placesOf(policy.span, by.rule.span) };
        const whom = idsText(selected);
        found.set(policy, finding(CLUSTER_POLICIES.defeated, particulars, name, direction, other, whom));
      }
    }
    return found;
  }

  #selectsAll(wide: PlacedPolicy['policy'], strict: PlacedPolicy['policy']): boolean {
    if (selectsWithin(strict.subject, wide.subject)) return true;
    const selected = new Set(this.#view.matching(wide.subject));
    return this.#view.matching(strict.subject).every((workload) => selected.has(workload));
  }

  /** What somebody allowed to a few, another policy allows to all: that is not the same as saying it twice. */
  #isNarrowed(placed: PlacedRule, by: readonly PlacedRule[]): boolean {
    if (by.length !== 1 || by[0]!.policy === placed.policy) return false;
    return (
      by[0]!.rule.peers.some(isEverybody) &&
      !placed.rule.peers.some((peer) => by[0]!.rule.peers.some((each) => isWithin(each, peer)))
    );
  }

  #narrowed(placed: PlacedRule, by: PlacedRule): Finding {
    const [name, other] = [formatRef(placed.policy.ref), formatRef(by.policy.ref)];
    const subject = `${name} ${placed.direction} ${placed.index + 1}`;
    const origins = placesOf(placed.rule.span, by.rule.span);
    const whom = idsText(this.#view.matching(placed.policy.subject));
    return finding(CLUSTER_POLICIES.defeated, { subject, origins }, name, placed.direction, other, whom);
  }
}

function redundant(placed: PlacedRule, by: readonly PlacedRule[]): Finding {
  const name = formatRef(placed.policy.ref);
  const particulars = {
    subject: `${name} ${placed.direction} ${placed.index + 1}`,
    origins: placesOf(placed.rule.span, ...by.map(({ rule }) => rule.span)),
  };
  return finding(CLUSTER_POLICIES.redundantRule, particulars, name, ruleText(placed), othersText(placed, by));
}

function othersText(placed: PlacedRule, by: readonly PlacedRule[]): string {
  return by
    .map((each) =>
      each.policy === placed.policy ? ruleText(each) : `${ruleText(each)} of ${formatRef(each.policy.ref)}`,
    )
    .join(' and ');
}

function letsAllThrough(rule: PlacedRule['rule']): boolean {
  return (
    rule.action === 'allow' &&
    rule.ports === 'any' &&
    rule.condition === undefined &&
    rule.subject === undefined &&
    rule.peers.some(({ kind }) => kind === 'everybody')
  );
}

/** Where an order decides: rules that earlier ones leave nothing of. */
function shadowed(rules: readonly PlacedRule[]): Finding[] {
  return DIRECTIONS.flatMap((direction) => {
    const own = rules.filter((each) => each.direction === direction);
    const place = new Map(own.map((placed, at) => [placed, at]));
    const near = new Neighbours(own);
    return own.flatMap((placed, at) => {
      const earlier = near.of(placed).filter((other) => place.get(other)! < at);
      const by = covering(
        placed,
        earlier.sort((a, b) => place.get(a)! - place.get(b)!),
      );
      if (by === undefined || by.length === 0) return [];
      const name = formatRef(placed.policy.ref);
      const particulars = {
        subject: `${name} ${direction} ${placed.index + 1}`,
        origins: placesOf(placed.rule.span, ...by.map(({ rule }) => rule.span)),
      };
      const isOpposed = by.some(({ rule }) => rule.action !== placed.rule.action);
      const kind = isOpposed ? CLUSTER_POLICIES.contradicted : CLUSTER_POLICIES.shadowed;
      return [finding(kind, particulars, name, ruleText(placed), othersText(placed, by))];
    });
  });
}
