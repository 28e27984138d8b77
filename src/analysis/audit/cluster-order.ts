import { formatRef } from '../../kubernetes/index.ts';
import { placesOf } from './cluster-place.ts';
import { type ClusterView, idsText, type PlacedPolicy } from './cluster-view.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_POLICIES } from './kinds-cluster-policies.ts';

/** Where an order decides, and nobody has said which. */
export function orderFindings(view: ClusterView): Finding[] {
  const ordered = view.policies.filter(({ policy }) => policy.order !== undefined);
  return [...Map.groupBy(ordered, ({ stage }) => stage).values()].flatMap((policies) => [
    ...policies.filter(({ policy }) => policy.order === Number.POSITIVE_INFINITY).map(withoutOrder),
    ...sameOrder(view, policies),
  ]);
}

function withoutOrder({ policy, stage }: PlacedPolicy): Finding {
  const name = formatRef(policy.ref);
  return finding(CLUSTER_POLICIES.withoutOrder, { subject: name, origins: placesOf(policy.span) }, name, stage.name);
}

/** Of the same pods, where one refuses or leaves to others what the other may let through. */
function sameOrder(view: ClusterView, policies: readonly PlacedPolicy[]): Finding[] {
  const finite = policies.filter(({ policy }) => policy.order !== Number.POSITIVE_INFINITY);
  return [...Map.groupBy(finite, ({ policy }) => policy.order)].flatMap(([order, alike]) =>
    alike.flatMap((one, at) =>
      alike.slice(at + 1).flatMap((other) => {
        if (formatRef(one.policy.ref) === formatRef(other.policy.ref)) return []; // parts of one manifest
        const selected = new Set(view.matching(one.policy.subject));
        const both = view.matching(other.policy.subject).filter((workload) => selected.has(workload));
        if (both.length === 0 || actionsOf(one).union(actionsOf(other)).size < 2) return [];
        const [name, second] = [formatRef(one.policy.ref), formatRef(other.policy.ref)];
        const particulars = {
          subject: `${name} ${second}`,
          origins: placesOf(one.policy.span, other.policy.span),
        };
        return [finding(CLUSTER_POLICIES.sameOrder, particulars, name, second, String(order), idsText(both))];
      }),
    ),
  );
}

function actionsOf({ policy: { ingress, egress } }: PlacedPolicy): Set<string> {
  return new Set([...(ingress?.rules ?? []), ...(egress?.rules ?? [])].map(({ action }) => action));
}
