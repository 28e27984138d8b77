import {
  NAMESPACE_NAME,
  renamed,
  SERVICE_ACCOUNT_NAME,
  type Selector,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';
import { labelSelector } from '../cluster/label-selector.ts';
import type { ObjectTree } from '../cluster/manifest.ts';

/** Labels by which Cilium knows where a pod comes from (pkg/k8s/apis/cilium.io, const.go); `k8s:` is their source. */
const NAMESPACE = 'k8s:io.kubernetes.pod.namespace';
const NAMESPACE_LABELS = 'k8s:io.cilium.k8s.namespace.labels.';
const SERVICE_ACCOUNT = 'k8s:io.cilium.k8s.policy.serviceaccount';

/** Pods of a policy's own namespace; `undefined` where Cilium cannot say it. */
export function subjectSelector({ pods, serviceAccounts }: WorkloadSelector): ObjectTree | undefined {
  return endpointSelector([renamed(pods, ofPod), ...accounts(serviceAccounts)]);
}

/**
 * Pods at the other end, or those that a policy of the whole cluster is about. The namespace is always said: without it a selector means
 * the policy's own, or every one.
 */
export function peerSelector({ namespaces, pods, serviceAccounts }: WorkloadSelector): ObjectTree | undefined {
  const where: Selector =
    namespaces.kind === 'everything' ? { kind: 'has', key: NAMESPACE } : renamed(namespaces, ofNamespace);
  return endpointSelector([where, renamed(pods, ofPod), ...accounts(serviceAccounts)]);
}

function accounts(selector: Selector | undefined): Selector[] {
  return selector === undefined ? [] : [renamed(selector, ofAccount)];
}

function endpointSelector(parts: readonly Selector[]): ObjectTree | undefined {
  const flat = parts.flatMap((part) => (part.kind === 'all' ? part.of : part.kind === 'everything' ? [] : [part]));
  return labelSelector({ kind: 'all', of: flat });
}

function ofPod(key: string): string {
  return `k8s:${key}`;
}

function ofNamespace(key: string): string {
  return key === NAMESPACE_NAME ? NAMESPACE : `${NAMESPACE_LABELS}${key}`;
}

function ofAccount(key: string): string {
  return key === SERVICE_ACCOUNT_NAME ? SERVICE_ACCOUNT : key;
}
