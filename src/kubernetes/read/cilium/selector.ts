import { SERVICE_ACCOUNT_NAME, type WorkloadSelector } from '../../policy.ts';
import { allOf, EVERYTHING, NAMESPACE_NAME, NOTHING, namespaceNamed, type Selector } from '../../selector.ts';
import type { Part } from '../part.ts';
import { CILIUM_PROBLEMS } from './problems.ts';

/**
 * A selector of endpoints. Its keys are labels with the source that they come from (`k8s:app`, `reserved:host`; none: any source), and to
 * Cilium the labels of a pod include its namespace, the labels of that and its service account.
 */
export interface EndpointSelector {
  readonly workloads: WorkloadSelector;
  /** Whom it means by a reserved label, as entities are called; then it means no pods. */
  readonly reserved: readonly string[];
  /** It asks for a cluster of a mesh by name, which is not known here. */
  readonly cluster: string | undefined;
  readonly asksForNamespace: boolean; // by name
  readonly asksForNamespaceLabels: boolean;
}

interface Requirement {
  readonly source: string;
  readonly name: string; // of the label, without its source
  readonly test: (key: string) => Selector;
  readonly values: readonly string[];
  readonly isPositive: boolean;
}

/** Labels that Cilium puts on pods (pkg/k8s/apis/cilium.io, const.go). */
const NAMESPACE = 'io.kubernetes.pod.namespace';
const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.';
const SERVICE_ACCOUNT = 'io.cilium.k8s.policy.serviceaccount';
const CLUSTER = 'io.cilium.k8s.policy.cluster';

export function readEndpointSelector(part: Part): EndpointSelector {
  const requirements = readRequirements(part);
  const of: Record<'namespaces' | 'pods' | 'accounts', Selector[]> = { namespaces: [], pods: [], accounts: [] };
  const reserved: string[] = [];
  let cluster: string | undefined;
  for (const { source, name, test, values, isPositive } of requirements) {
    if (source === 'reserved') {
      if (isPositive) reserved.push(name);
    } else if (source !== 'any' && source !== 'k8s') {
      of.pods.push(isPositive ? NOTHING : EVERYTHING); // no pod has labels of such a source
    } else if (name === NAMESPACE) of.namespaces.push(test(NAMESPACE_NAME));
    else if (name.startsWith(NAMESPACE_LABELS)) of.namespaces.push(test(name.slice(NAMESPACE_LABELS.length)));
    else if (name === SERVICE_ACCOUNT) of.accounts.push(test(SERVICE_ACCOUNT_NAME));
    else if (name === CLUSTER) cluster = values.join(', ');
    else of.pods.push(test(name));
  }
  return {
    workloads: {
      namespaces: allOf(of.namespaces),
      pods: allOf(of.pods),
      ...(of.accounts.length === 0 ? {} : { serviceAccounts: allOf(of.accounts) }),
    },
    reserved,
    cluster,
    asksForNamespace: requirements.some(({ name }) => name === NAMESPACE),
    asksForNamespaceLabels: requirements.some(({ name }) => name.startsWith(NAMESPACE_LABELS)),
  };
}

/** Who is meant at the other end: pods of the policy's own namespace, unless the selector asks for namespaces itself. */
export function peersOf(selector: EndpointSelector, namespace: string | undefined): WorkloadSelector {
  const { workloads } = selector;
  if (namespace === undefined || selector.asksForNamespace || selector.asksForNamespaceLabels) return workloads;
  return { ...workloads, namespaces: namespaceNamed(namespace) };
}

/** Whom a policy is about: pods of its own namespace, whatever the selector says of namespaces. */
export function subjectOf(selector: EndpointSelector, namespace: string | undefined): WorkloadSelector {
  if (namespace === undefined) return selector.workloads;
  const { namespaces } = selector.workloads;
  const named = namespaceNamed(namespace);
  return {
    ...selector.workloads,
    namespaces: selector.asksForNamespace ? named : allOf([named, namespaces]),
  };
}

/** Labels of nodes have no source. */
export function readNodeSelector(part: Part): Selector {
  return allOf(readRequirements(part).map(({ name, test }) => test(name)));
}

function readRequirements(part: Part): Requirement[] {
  part.only(['matchLabels', 'matchExpressions']);
  const labels = part
    .at('matchLabels')
    .entries()
    .map(([key, value]): Requirement => {
      const values = [value.text() ?? ''];
      return { ...apart(value, key), test: (of) => ({ kind: 'in', key: of, values }), values, isPositive: true };
    });
  const expressions = part.at('matchExpressions').items().flatMap(readExpression);
  return [...labels, ...expressions];
}

function readExpression(part: Part): Requirement[] {
  part.only(['key', 'operator', 'values']);
  const key = part.at('key').text();
  if (key === undefined) return part.missing('key') ?? [];
  const operator = part.at('operator');
  const values = part.at('values').texts();
  const written = operator.text();
  const named = apart(part.at('key'), key);
  const hasValues = written === 'In' || written === 'NotIn';
  if (hasValues !== values.length > 0 && (hasValues || written === 'Exists' || written === 'DoesNotExist')) {
    const why = hasValues ? `\`${written}\` needs values` : `\`${written}\` takes no values`;
    part.report.say(CILIUM_PROBLEMS.refused, part.span, part.path, why);
  }
  switch (written) {
    case 'In':
      return [{ ...named, test: (of) => ({ kind: 'in', key: of, values }), values, isPositive: true }];
    case 'NotIn':
      return [
        { ...named, test: (of) => ({ kind: 'not', of: { kind: 'in', key: of, values } }), values, isPositive: false },
      ];
    case 'Exists':
      return [{ ...named, test: (of) => ({ kind: 'has', key: of }), values, isPositive: true }];
    case 'DoesNotExist':
      return [{ ...named, test: (of) => ({ kind: 'not', of: { kind: 'has', key: of } }), values, isPositive: false }];
    case undefined:
      return part.missing('operator') ?? [];
    default: {
      const expected = 'In, NotIn, Exists or DoesNotExist';
      return part.report.say(CILIUM_PROBLEMS.badValue, operator.span, operator.path, written, expected) ?? [];
    }
  }
}

/** `k8s:app` is `app` of the source `k8s`; `app` is of any (pkg/labels, `GetExtendedKeyFrom`). */
function apart(part: Part, key: string): { readonly source: string; readonly name: string } {
  const found = /^(?:([a-z0-9-]*):)?(.+)$/.exec(key);
  const source = found?.[1] ?? 'any';
  const name = found?.[2] ?? key;
  if (!/^(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(name)) {
    part.report.say(CILIUM_PROBLEMS.badValue, part.span, part.path, key, 'a label such as `k8s:app` or `app`');
  }
  return { source, name };
}
