import type { AddressSet } from '../../../packetset/index.ts';
import type { PortMatch, WorkloadSelector } from '../../policy.ts';
import { labelled, matches, namespaceNamed, type Selector } from '../../selector.ts';
import { meansInside } from '../address-meaning.ts';
import { addressPeers, briefly, INSIDE, insideCondition } from '../address-peers.ts';
import type { ConditionalPeers } from '../conditional.ts';
import { namePeers } from '../name-patterns.ts';
import { workloadSelectors } from './endpoints.ts';
import { addressesOf, type Entity, labelsOf } from './entity.ts';
import type { CalicoFacts } from './facts.ts';
import { CALICO_PROBLEMS } from './problems.ts';

export type Action = 'allow' | 'deny' | 'pass';

/** What a rule is about: who is at the other end, by which way each, and the ports where a Service tells them. */
export interface Meant {
  readonly peers: readonly ConditionalPeers[];
  readonly ports?: readonly PortMatch[];
}

/** `undefined`: it cannot be said here who is meant, which has been told. */
export function meantBy(
  entity: Entity,
  families: AddressSet,
  rule: { readonly action: Action; readonly isEgress: boolean },
  facts: CalicoFacts,
): Meant | undefined {
  if (entity.service !== undefined) return byService(entity, rule, facts);
  if (entity.domains !== undefined) return { peers: namePeers(entity.domains) };
  const addresses = addressesOf(entity, families);
  const labels = labelsOf(entity);
  if (labels === undefined) return { peers: addressPeers(addresses, rule.action) };
  const workloads = workloadSelectors(labels);
  if (workloads === undefined) {
    return entity.part.report.say(CALICO_PROBLEMS.tooManyParts, entity.part.span, entity.part.path);
  }
  return { peers: [...byLabels(workloads, addresses, rule.action), ...others(entity, labels, addresses, rule, facts)] };
}

function byLabels(workloads: readonly WorkloadSelector[], addresses: AddressSet, action: Action): ConditionalPeers[] {
  if (workloads.length === 0) return [];
  const inside = insideCondition(addresses, action);
  // Whoever asks for labels and addresses means that pods have these addresses, however unusual they are.
  const condition = inside === 'none' ? { condition: `where its address is in ${briefly(addresses)}` } : inside;
  return [{ peers: workloads.map((each) => ({ kind: 'workloads', workloads: each })), ...condition }];
}

/** Those of the same labels that are no pods: network sets. Without a positive selector also everybody else. */
function others(
  entity: Entity,
  labels: Selector,
  addresses: AddressSet,
  rule: { readonly action: Action; readonly isEgress: boolean },
  { sets }: CalicoFacts,
): ConditionalPeers[] {
  const peers: ConditionalPeers[] = [];
  const { notSelector } = entity;
  const excluded = sets.filter((set) => notSelector !== undefined && matches(notSelector, set.labels));
  let rest = addresses;
  for (const set of excluded) rest = rest.subtract(set.addresses);
  if (entity.selector === undefined) {
    if (!rest.isEmpty()) peers.push({ peers: [{ kind: 'addresses', ranges: rest.ranges() }] });
    if (meansInside(addresses) !== 'none') peers.push({ peers: INSIDE.slice(1), ...insideOf(addresses, rule.action) });
    return peers;
  }
  for (const set of sets.filter((each) => matches(labels, each.labels))) {
    const found = set.addresses.intersect(rest);
    if (!found.isEmpty()) peers.push(...addressPeers(found, rule.action));
    // Names have an effect in egress rules that allow, and nowhere else (docs.tigera.io, DNS policy).
    if (rule.isEgress && rule.action === 'allow') peers.push(...namePeers(set.names));
  }
  return peers;
}

function insideOf(addresses: AddressSet, action: Action): { readonly condition?: string } {
  const inside = insideCondition(addresses, action);
  return inside === 'none' ? {} : inside;
}

function byService({ service }: Entity, rule: { readonly isEgress: boolean }, facts: CalicoFacts): Meant | undefined {
  const { namespace, name, part } = service!;
  // Its endpoints are the API servers (docs.tigera.io, service-based policy), which listen where the cluster was told to.
  if (namespace === 'default' && name === 'kubernetes') {
    return { peers: [{ peers: [{ kind: 'api-server' }], condition: 'the port that the API server listens on only' }] };
  }
  const found = facts.services.find((each) => each.namespace === namespace && each.name === name);
  if (found?.selector === undefined) {
    return part.report.say(CALICO_PROBLEMS.missingService, part.span, part.path, `${namespace}/${name}`);
  }
  const workloads = { namespaces: namespaceNamed(namespace), pods: labelled(found.selector) };
  const peers: ConditionalPeers[] = [{ peers: [{ kind: 'workloads', workloads }] }];
  return rule.isEgress ? { peers, ports: found.ports } : { peers };
}
