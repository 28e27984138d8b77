import { type ClusterPolicy, formatRef, type ObjectRef, type PolicySide, type WorkloadSelector } from '../../policy.ts';
import { allOf, EVERYTHING, type Selector } from '../../selector.ts';
import { DEFAULT_TIER, type OrderedPolicy } from '../layers.ts';
import type { Manifest } from '../manifest.ts';
import type { Part } from '../part.ts';
import { overNamespace, overServiceAccount, workloadSelectors } from './endpoints.ts';
import { readSelector } from './entity.ts';
import type { CalicoFacts } from './facts.ts';
import { NAMESPACE_LABEL } from './labels.ts';
import { CALICO_PROBLEMS } from './problems.ts';
import { readRule } from './rule.ts';

const FIELDS = [
  'tier',
  'order',
  'selector',
  'serviceAccountSelector',
  'types',
  'ingress',
  'egress',
  'performanceHints',
];
const GLOBAL_FIELDS = [...FIELDS, 'namespaceSelector', 'doNotTrack', 'preDNAT', 'applyOnForward'];

/** A policy of Calico's, by the tier that it is in. */
export interface ReadPolicy {
  readonly tier: string;
  readonly policies: readonly OrderedPolicy[]; // several where its subjects cannot be said by one selector
}

/** NetworkPolicy and GlobalNetworkPolicy. `undefined`: it holds nobody back that is followed here. */
export function readPolicy(manifest: Manifest, facts: CalicoFacts): ReadPolicy | undefined {
  const isGlobal = manifest.kind === 'GlobalNetworkPolicy';
  const { name, namespace } = manifest.ref;
  const ref: ObjectRef = isGlobal
    ? { kind: manifest.kind, name }
    : { kind: manifest.kind, namespace: namespace ?? 'default', name };
  const spec = manifest.body.at('spec');
  spec.only(isGlobal ? GLOBAL_FIELDS : FIELDS);
  const tier = spec.at('tier').text() ?? DEFAULT_TIER.name;
  const order = readOrder(spec.at('order'));
  const subjects = readSubjects(spec, ref);
  const types = readTypes(spec);
  const side = (direction: 'ingress' | 'egress'): PolicySide | undefined => {
    const rules = spec
      .at(direction)
      .items()
      .flatMap((rule) => readRule(rule, direction, ref, facts));
    return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress') ? { isolates: true, rules } : undefined;
  };
  const sides = { ingress: side('ingress'), egress: side('egress') };
  if (isGlobal && isForNodes(spec, ref, facts)) return undefined;
  return {
    tier,
    policies: subjects.map(
      (subject): OrderedPolicy => ({
        order,
        name,
        policy: { ref, span: manifest.span, subject, ...sides, order } satisfies ClusterPolicy,
      }),
    ),
  };
}

/** Absent: the last. */
export function readOrder(part: Part): number {
  return part.number() ?? Number.POSITIVE_INFINITY;
}

function readSubjects(spec: Part, { namespace }: ObjectRef): readonly WorkloadSelector[] {
  for (const key of ['selector', 'serviceAccountSelector', 'namespaceSelector']) {
    const field = spec.at(key);
    if (field.text()?.includes('global(') !== true) continue;
    spec.report.say(
      CALICO_PROBLEMS.refused,
      field.span,
      field.path,
      '`global()` belongs in the `namespaceSelector` of a rule',
    );
  }
  const accounts = readSelector(spec.at('serviceAccountSelector'));
  const namespaces = namespace === undefined ? readSelector(spec.at('namespaceSelector')) : undefined;
  const asked: Selector[] = [readSelector(spec.at('selector')) ?? EVERYTHING];
  if (namespace !== undefined) asked.push({ kind: 'in', key: NAMESPACE_LABEL, values: [namespace] });
  if (accounts !== undefined) asked.push(overServiceAccount(accounts));
  if (namespaces !== undefined) asked.push(overNamespace(namespaces));
  const found = workloadSelectors(allOf(asked));
  if (found !== undefined) return found;
  spec.report.say(CALICO_PROBLEMS.tooManyParts, spec.at('selector').span, spec.at('selector').path);
  return [];
}

/** What Calico sets where none are written (docs.tigera.io, resource `NetworkPolicy`, types). */
function readTypes(spec: Part): readonly string[] {
  const part = spec.at('types');
  const written = part.items();
  if (written.length === 0) {
    const hasIngress = spec.at('ingress').items().length > 0;
    const hasEgress = spec.at('egress').items().length > 0;
    if (!hasEgress) return ['Ingress'];
    return hasIngress ? ['Ingress', 'Egress'] : ['Egress'];
  }
  return written.flatMap((item) => {
    const text = item.text();
    if (text === undefined || text === 'Ingress' || text === 'Egress') return text ?? [];
    return item.report.say(CALICO_PROBLEMS.badValue, item.span, item.path, text, 'Ingress or Egress') ?? [];
  });
}

/** `doNotTrack` and `preDNAT` make a policy for the interfaces of nodes alone, before what is followed here. */
function isForNodes(spec: Part, ref: ObjectRef, facts: CalicoFacts): boolean {
  const doNotTrack = spec.at('doNotTrack').flag() === true;
  const preDnat = spec.at('preDNAT').flag() === true;
  const applyOnForward = spec.at('applyOnForward').flag() === true;
  if (!doNotTrack && !preDnat) return false;
  const refused = (why: string) => spec.report.say(CALICO_PROBLEMS.refused, spec.span, spec.path, why);
  if (doNotTrack && preDnat) refused('`doNotTrack` and `preDNAT` exclude each other');
  if (!applyOnForward) refused('`doNotTrack` and `preDNAT` need `applyOnForward: true`');
  if (preDnat && spec.at('egress').items().length > 0) refused('`preDNAT` knows no egress rules');
  facts.opaque.push({
    ref,
    span: spec.span,
    text: formatRef(ref),
    reason: `it holds for the interfaces of nodes, before ${preDnat ? 'addresses are translated' : 'connections are tracked'}, which is not followed`,
    bounds: 'narrower',
  });
  return true;
}
