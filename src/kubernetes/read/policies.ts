import type { Reporter } from '../../policy/index.ts';
import { type ClusterPolicy, formatRef } from '../policy.ts';
import { type AdminPolicy, adminPolicy, isAdminPolicy } from './admin-policy.ts';
import { groupOf } from './api.ts';
import type { KubernetesPolicies } from './layers.ts';
import type { Manifest } from './manifest.ts';
import { networkPolicy } from './network-policy.ts';
import { type Networks, networkNames } from './networks.ts';
import type { Part } from './part.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** The policies of Kubernetes' own APIs, those of the administrators in their order. */
export function kubernetesPolicies(
  manifests: readonly Manifest[],
  networks: Networks,
  report: Reporter,
): KubernetesPolicies {
  const network: ClusterPolicy[] = [];
  const ofAdmins: AdminPolicy[] = [];
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest;
    if (isNetworkPolicy(manifest, report)) {
      push(network, networkPolicy(manifest));
    } else if (kind === 'MultiNetworkPolicy') {
      push(network, multiNetworkPolicy(manifest, networks));
    } else if (isAdminPolicy(kind) && groupOf(apiVersion) === 'policy.networking.k8s.io') {
      push(ofAdmins, adminPolicy(manifest));
    }
  }
  return { admin: ordered(ofAdmins, 'admin', report), network, baseline: ordered(ofAdmins, 'baseline', report) };
}

const SERVED = 'networking.k8s.io/v1';

/** Other products have kinds of the same name, in groups of their own. */
function isNetworkPolicy({ apiVersion, kind, body }: Manifest, report: Reporter): boolean {
  if (kind !== 'NetworkPolicy') return false;
  if (apiVersion === SERVED) return true;
  const { span } = body.at('apiVersion');
  const group = groupOf(apiVersion);
  if (group === 'extensions') report.say(MANIFEST_PROBLEMS.notServed, span, apiVersion, kind);
  else if (group === '' || group === 'networking.k8s.io') {
    report.say(MANIFEST_PROBLEMS.unknownVersion, span, apiVersion, kind, SERVED);
  }
  return false;
}

function push<T>(list: T[], value: T | undefined): void {
  if (value !== undefined) list.push(value);
}

function ordered(all: readonly AdminPolicy[], tier: AdminPolicy['tier'], report: Reporter): ClusterPolicy[] {
  const sorted = all.filter((each) => each.tier === tier).sort((a, b) => a.priority - b.priority);
  for (const [at, { priority, policy }] of sorted.entries()) {
    const before = sorted[at - 1];
    if (before?.priority !== priority) continue;
    report.say(
      MANIFEST_PROBLEMS.samePriority,
      policy.span,
      formatRef(policy.ref),
      formatRef(before.policy.ref),
      priority,
    );
  }
  return sorted.map(({ policy }) => policy);
}

const POLICY_FOR = 'k8s.v1.cni.cncf.io/policy-for';

/** Of the form of a NetworkPolicy, for the networks that its annotation names (k8snetworkplumbingwg/multi-networkpolicy). */
function multiNetworkPolicy(manifest: Manifest, networks: Networks): ClusterPolicy | undefined {
  const policy = networkPolicy(manifest);
  const annotation: Part = manifest.body.at('metadata', 'annotations', POLICY_FOR);
  const names = networkNames(POLICY_FOR, annotation, manifest.ref.namespace ?? 'default');
  return policy === undefined ? undefined : { ...policy, networks: names.map((name) => networks.id(name)) };
}
