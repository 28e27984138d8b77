import { AddressSet } from '../../packetset/index.ts';
import type { ClusterPeer, ClusterPolicy, PolicyRule, PolicySide, WorkloadSelector } from '../policy.ts';
import { EVERYTHING } from '../selector.ts';
import { INSIDE, insideCondition } from './address-peers.ts';
import { adminPeer } from './admin-peer.ts';
import { adminPorts } from './admin-port.ts';
import { versionOf } from './api.ts';
import { badValue, labelSelector, namespacedPods } from './label-selector.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** A policy of the cluster's administrators, with its place among others. */
export interface AdminPolicy {
  readonly tier: 'admin' | 'baseline';
  readonly priority: number; // 0-1000, lower is asked first
  readonly policy: ClusterPolicy;
}

/** What differs between the kinds of the network policy API (kubernetes-sigs/network-policy-api, apis/v1alpha1 and v1alpha2). */
interface Kind {
  readonly fields: readonly string[]; // of `spec`
  readonly actions: Readonly<Record<string, PolicyRule['action']>>;
  readonly rules: number; // at most, in each direction
  readonly peers: number; // at most, in each rule
}

const WITH_PASS = { Allow: 'allow', Deny: 'deny', Pass: 'pass' } as const;

const KINDS: Readonly<Record<string, Kind>> = {
  AdminNetworkPolicy: {
    fields: ['priority', 'subject', 'ingress', 'egress'],
    actions: WITH_PASS,
    rules: 100,
    peers: 100,
  },
  BaselineAdminNetworkPolicy: {
    fields: ['subject', 'ingress', 'egress'],
    actions: { Allow: 'allow', Deny: 'deny' },
    rules: 100,
    peers: 100,
  },
  ClusterNetworkPolicy: {
    fields: ['tier', 'priority', 'subject', 'ingress', 'egress'],
    actions: { Accept: 'allow', Deny: 'deny', Pass: 'pass' },
    rules: 25,
    peers: 25,
  },
};

export function isAdminPolicy(kind: string): boolean {
  return Object.hasOwn(KINDS, kind);
}

const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  AdminNetworkPolicy: ['v1alpha1'],
  BaselineAdminNetworkPolicy: ['v1alpha1'],
  ClusterNetworkPolicy: ['v1alpha2', 'v1beta1'],
};

/** `undefined` where the API server would refuse it; why is reported. */
export function adminPolicy(manifest: Manifest): AdminPolicy | undefined {
  const { ref, span, body, apiVersion } = manifest;
  const kind = KINDS[manifest.kind]!;
  const before = body.report.count;
  const versions = VERSIONS[manifest.kind]!;
  if (!versions.includes(versionOf(apiVersion))) {
    const meant = `policy.networking.k8s.io/${versions[0]}`;
    body.report.say(MANIFEST_PROBLEMS.unknownVersion, body.at('apiVersion').span, apiVersion, manifest.kind, meant);
  }
  if (manifest.kind === 'BaselineAdminNetworkPolicy' && ref.name !== 'default') {
    badValue(body.at('metadata', 'name'), '`default`: a cluster has only one of this kind');
  }
  body.only(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  const spec = body.at('spec');
  if (!spec.exists) return body.missing('spec');
  spec.only(kind.fields);
  const tier = kind.fields.includes('tier')
    ? tierOf(spec)
    : manifest.kind === 'AdminNetworkPolicy'
      ? 'admin'
      : 'baseline';
  const priority = kind.fields.includes('priority') ? priorityOf(spec) : 0;
  const subject = subjectOf(spec);
  const ingress = side(spec.at('ingress'), 'from', kind);
  const egress = side(spec.at('egress'), 'to', kind);
  if (body.report.count > before || tier === undefined || priority === undefined || subject === undefined)
    return undefined;
  return { tier, priority, policy: { ref, span, subject, ingress, egress } };
}

function tierOf(spec: Part): AdminPolicy['tier'] | undefined {
  const tier = spec.at('tier');
  if (!tier.exists) return spec.missing('tier');
  const text = tier.text();
  if (text === 'Admin') return 'admin';
  if (text === 'Baseline') return 'baseline';
  return text === undefined ? undefined : badValue(tier, '`Admin` or `Baseline`');
}

function priorityOf(spec: Part): number | undefined {
  const part = spec.at('priority');
  if (!part.exists) return spec.missing('priority');
  const priority = part.integer();
  if (priority === undefined) return undefined;
  return priority >= 0 && priority <= 1000 ? priority : badValue(part, 'a number from 0 to 1000');
}

function subjectOf(spec: Part): WorkloadSelector | undefined {
  const subject = spec.at('subject');
  if (!subject.exists) return spec.missing('subject');
  subject.only(['namespaces', 'pods']);
  const [namespaces, pods] = [subject.at('namespaces'), subject.at('pods')];
  if (namespaces.exists === pods.exists) {
    return subject.report.say(MANIFEST_PROBLEMS.notOne, subject.span, subject.path, '`namespaces` and `pods`');
  }
  return namespaces.exists ? { namespaces: labelSelector(namespaces), pods: EVERYTHING } : namespacedPods(pods);
}

/** It isolates nobody: what no rule matches is asked of the next stage. */
function side(part: Part, ends: 'from' | 'to', kind: Kind): PolicySide | undefined {
  const listed = part.items();
  if (listed.length > kind.rules) part.report.say(MANIFEST_PROBLEMS.tooMany, part.span, part.path, kind.rules);
  const rules = listed.flatMap((rule) => adminRule(rule, ends, kind));
  return rules.length === 0 ? undefined : { isolates: false, rules };
}

function adminRule(part: Part, ends: 'from' | 'to', kind: Kind): PolicyRule[] {
  part.only(['name', 'action', ends, 'ports', 'protocols']);
  const action = actionOf(part, kind);
  const listed = part.at(ends);
  if (!listed.exists) part.missing(ends);
  else if (listed.items().length === 0) part.report.say(MANIFEST_PROBLEMS.empty, listed.span, listed.path, 'entry');
  if (listed.items().length > kind.peers)
    part.report.say(MANIFEST_PROBLEMS.tooMany, listed.span, listed.path, kind.peers);
  const peers = listed.items().flatMap((each) => adminPeer(each, ends, action) ?? []);
  const ports = adminPorts(part, peers);
  const name = part.at('name').text();
  if (action === undefined) return [];
  const rule: PolicyRule = { action, peers, ports, span: part.span, ...(name === undefined ? {} : { name }) };
  const inside = insideOf(peers, action);
  if (inside === 'none') return [rule];
  if (inside.condition === undefined) return [{ ...rule, peers: [...peers, ...INSIDE] }];
  return [rule, { ...rule, peers: INSIDE, ...inside }];
}

/** Blocks are meant for what is outside, but compared with the addresses of pods, too (network-policy-api, AdminNetworkPolicyEgressPeer.Networks). */
function insideOf(peers: readonly ClusterPeer[], action: PolicyRule['action']): ReturnType<typeof insideCondition> {
  const ranges = peers.flatMap((peer) => (peer.kind === 'addresses' ? peer.ranges : []));
  return ranges.length === 0 ? 'none' : insideCondition(AddressSet.of(ranges), action);
}

function actionOf(part: Part, kind: Kind): PolicyRule['action'] | undefined {
  const action = part.at('action');
  if (!action.exists) return part.missing('action');
  const text = action.text();
  if (text === undefined) return undefined;
  const known = Object.hasOwn(kind.actions, text) ? kind.actions[text] : undefined;
  return (
    known ??
    badValue(
      action,
      Object.keys(kind.actions)
        .map((each) => `\`${each}\``)
        .join(', '),
    )
  );
}
