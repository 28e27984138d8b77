import type { Namespace } from '../../cluster.ts';
import type { ClusterPolicy, SERVICE_ACCOUNT_NAME, WorkloadSelector } from '../../policy.ts';
import { allOf, EVERYTHING, type NAMESPACE_NAME, namespaceNamed, type Selector } from '../../selector.ts';

/** Labels by which Istio knows who is in the mesh (istio.io, "Installing the Sidecar", "Ambient: add workloads to the mesh"). */
const INJECTION = 'istio-injection'; // of namespaces
const REVISION = 'istio.io/rev'; // of namespaces and pods
const INJECT = 'sidecar.istio.io/inject'; // of pods
const MODE = 'istio.io/dataplane-mode'; // of namespaces and pods

/** The namespace whose policies hold for the whole mesh, unless its configuration names another. */
export const ROOT_NAMESPACE = 'istio-system';

/** Who is in the mesh, as far as labels tell. Several selectors, of which any is enough. */
export interface Mesh {
  readonly sidecars: readonly WorkloadSelector[];
  readonly ambient: readonly WorkloadSelector[];
  /** Whose namespace is not among the manifests, so that nobody can tell. */
  readonly unknown: readonly WorkloadSelector[];
  readonly unknownNamespaces: readonly string[];
}

export function meshOf(namespaces: ReadonlyMap<string, Namespace>): Mesh {
  const notDisabled = not(is(INJECTION, 'disabled'));
  const injected: Selector = { kind: 'any', of: [is(INJECTION, 'enabled'), has(REVISION)] };
  const asksFor: Selector = { kind: 'any', of: [is(INJECT, 'true'), has(REVISION)] };
  const unknown = [...namespaces.values()].filter(({ span }) => span === undefined).map(({ name }) => name);
  return {
    sidecars: [
      { namespaces: allOf([injected, notDisabled]), pods: not(is(INJECT, 'false')) },
      { namespaces: notDisabled, pods: allOf([asksFor, not(is(INJECT, 'false'))]) },
    ],
    ambient: [
      { namespaces: is(MODE, 'ambient'), pods: not(is(MODE, 'none')) },
      { namespaces: EVERYTHING, pods: is(MODE, 'ambient') },
    ],
    unknown:
      unknown.length === 0
        ? []
        : [
            {
              namespaces: namespaceNamed(...unknown),
              pods: allOf([not(has(INJECT)), not(has(REVISION)), not(has(MODE))]),
            },
          ],
    unknownNamespaces: unknown,
  };
}

/** Whoever has a proxy of Istio's, or may have one. */
function membersOf(mesh: Mesh): readonly WorkloadSelector[] {
  return [...mesh.sidecars, ...mesh.ambient, ...mesh.unknown];
}

function has(key: string): Selector {
  return { kind: 'has', key };
}

export function is(key: string, ...values: readonly string[]): Selector {
  return { kind: 'in', key, values };
}

function not(of: Selector): Selector {
  return { kind: 'not', of };
}

/** Pods of both. */
export function both(a: WorkloadSelector, b: WorkloadSelector): WorkloadSelector {
  const accounts = [a.serviceAccounts, b.serviceAccounts].filter((selector) => selector !== undefined);
  return {
    namespaces: allOf([a.namespaces, b.namespaces]),
    pods: allOf([a.pods, b.pods]),
    ...(accounts.length === 0 ? {} : { serviceAccounts: allOf(accounts) }),
  };
}

/** Pods that are not selected: each of these leaves out some. */
export function complement({ namespaces, pods, serviceAccounts }: WorkloadSelector): WorkloadSelector[] {
  const parts: WorkloadSelector[] = [];
  if (namespaces.kind !== 'everything') parts.push({ namespaces: not(namespaces), pods: EVERYTHING });
  if (pods.kind !== 'everything') parts.push({ namespaces: EVERYTHING, pods: not(pods) });
  if (serviceAccounts !== undefined) {
    parts.push({ namespaces: EVERYTHING, pods: EVERYTHING, serviceAccounts: not(serviceAccounts) });
  }
  return parts;
}

/** One policy for each way of being in the mesh. */
export function forMembers(
  mesh: Mesh,
  policy: ClusterPolicy,
  members: readonly WorkloadSelector[] = membersOf(mesh),
): ClusterPolicy[] {
  return members.map((member) => ({ ...policy, subject: both(policy.subject, member) }));
}

/** Pods of one service account: `undefined` stands for any. */
export function account(namespace: Selector | undefined, name: Selector | undefined): WorkloadSelector {
  return {
    namespaces: namespace ?? EVERYTHING,
    pods: EVERYTHING,
    ...(name === undefined ? {} : { serviceAccounts: name }),
  };
}

/** A text with `*` at one of its ends, as a test of a label. */
export function like(key: typeof NAMESPACE_NAME | typeof SERVICE_ACCOUNT_NAME, text: string): Selector {
  if (text === '*') return EVERYTHING;
  if (text.endsWith('*')) return { kind: 'like', key, how: 'starts', text: text.slice(0, -1) };
  return text.startsWith('*') ? { kind: 'like', key, how: 'ends', text: text.slice(1) } : is(key, text);
}
