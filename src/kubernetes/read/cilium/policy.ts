import { type ClusterPolicy, formatRef, type ObjectRef, type PolicySide } from '../../policy.ts';
import type { Manifest } from '../manifest.ts';
import type { Part } from '../part.ts';
import type { CiliumFacts } from './facts.ts';
import { CILIUM_PROBLEMS } from './problems.ts';
import { readRule } from './rule.ts';
import { readEndpointSelector, readNodeSelector, subjectOf } from './selector.ts';

const FIELDS = [
  'endpointSelector',
  'nodeSelector',
  'ingress',
  'ingressDeny',
  'egress',
  'egressDeny',
  'enableDefaultDeny',
  'labels',
  'description',
  'log',
];

/** CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: `spec` is one policy, `specs` are several. */
export function readPolicies(manifest: Manifest, facts: CiliumFacts): ClusterPolicy[] {
  const isOfNamespace = manifest.kind === 'CiliumNetworkPolicy';
  const { name, namespace } = manifest.ref;
  const ref: ObjectRef = {
    kind: manifest.kind,
    ...(isOfNamespace ? { namespace: namespace ?? 'default' } : {}),
    name,
  };
  const { body } = manifest;
  const specs = [...(body.at('spec').exists ? [body.at('spec')] : []), ...body.at('specs').items()];
  if (specs.length === 0) body.missing('spec');
  return specs.flatMap((spec) => readSpec(spec, manifest, ref, facts) ?? []);
}

function readSpec(spec: Part, manifest: Manifest, ref: ObjectRef, facts: CiliumFacts): ClusterPolicy | undefined {
  spec.only(FIELDS);
  const endpoints = spec.at('endpointSelector');
  const nodes = spec.at('nodeSelector');
  if (endpoints.exists === nodes.exists) {
    const why = endpoints.exists
      ? '`endpointSelector` and `nodeSelector` exclude each other'
      : 'it needs an `endpointSelector`; `endpointSelector: {}` means every pod';
    spec.report.say(CILIUM_PROBLEMS.refused, spec.span, spec.path, why);
  }
  const sides = {
    ingress: readSide(spec, 'ingress', ref, facts),
    egress: readSide(spec, 'egress', ref, facts),
  };
  if (!endpoints.exists) return forNodes(nodes, ref, facts);
  const selector = readEndpointSelector(endpoints);
  if (ref.namespace !== undefined && selector.asksForNamespace) {
    spec.report.say(CILIUM_PROBLEMS.otherNamespace, endpoints.span, endpoints.path, ref.namespace);
  }
  if (selector.cluster !== undefined) {
    facts.opaque.push({
      ref,
      span: endpoints.span,
      text: formatRef(ref),
      reason: `it is for pods of the cluster ${selector.cluster}, which is taken to be this one`,
      bounds: 'either',
    });
  }
  if (selector.reserved.length > 0) return undefined; // pods before they have labels, the endpoints of health checks, ...
  return { ref, span: manifest.span, subject: subjectOf(selector, ref.namespace), ...sides };
}

/** A policy for nodes says what pods in their network may do, which is not followed. */
function forNodes(nodes: Part, ref: ObjectRef, facts: CiliumFacts): undefined {
  if (!nodes.exists) return undefined;
  readNodeSelector(nodes);
  if (ref.namespace !== undefined) {
    const why = '`nodeSelector` belongs in a CiliumClusterwideNetworkPolicy';
    return nodes.report.say(CILIUM_PROBLEMS.refused, nodes.span, nodes.path, why);
  }
  const reason = 'it is a policy for nodes, which is not followed';
  facts.opaque.push({ ref, span: nodes.span, text: formatRef(ref), reason, bounds: 'narrower' });
  return undefined;
}

/** Whether it isolates: where there are rules, unless it says so itself. An empty list is none. */
function readSide(
  spec: Part,
  direction: 'ingress' | 'egress',
  policy: ObjectRef,
  facts: CiliumFacts,
): PolicySide | undefined {
  const allowed = spec.at(direction).items();
  const denied = spec.at(`${direction}Deny`).items();
  const defaults = spec.at('enableDefaultDeny');
  defaults.only(['ingress', 'egress']);
  const isolates = defaults.at(direction).flag() ?? allowed.length + denied.length > 0;
  const rules = [
    ...allowed.flatMap((rule) => readRule(rule, { policy, direction, action: 'allow', facts }, isolates)),
    ...denied.flatMap((rule) => readRule(rule, { policy, direction, action: 'deny', facts }, isolates)),
  ];
  return isolates || rules.length > 0 ? { isolates, rules } : undefined;
}
