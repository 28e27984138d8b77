import { RULESET_PROBLEMS } from '../../src/analysis/index.ts';
import { APPLY_PROBLEMS } from '../../src/cli/apply/problems.ts';
import { LIVE_CLUSTER_PROBLEMS } from '../../src/cli/cluster/live-problems.ts';
import { CLUSTER_COMMAND_PROBLEMS } from '../../src/cli/cluster/problems.ts';
import { DOCKER_WATCH_PROBLEMS } from '../../src/cli/docker/problems.ts';
import { GATEWAY_PROBLEMS } from '../../src/cli/gateway/problems.ts';
import { IMPORT_PROBLEMS } from '../../src/cli/import/problems.ts';
import { INIT_PROBLEMS } from '../../src/cli/init/problems.ts';
import { LIVE_PROBLEMS } from '../../src/cli/live/problems.ts';
import { NODE_PROBLEMS } from '../../src/cli/node/problems.ts';
import { CLI_PROBLEMS } from '../../src/cli/problems.ts';
import type { DiagnosticKind } from '../../src/diagnostic/index.ts';
import { DISCOVERY_PROBLEMS } from '../../src/discover/index.ts';
import { DOCKER_PROBLEMS } from '../../src/docker/index.ts';
import { ENFORCER_PROBLEMS } from '../../src/enforcer/index.ts';
import { HOST_PROBLEMS } from '../../src/host/index.ts';
import { CALICO_PROBLEMS, CILIUM_PROBLEMS, ISTIO_PROBLEMS, MANIFEST_PROBLEMS } from '../../src/kubernetes/index.ts';
import { AUDIT_FILE_PROBLEMS, FLOW_PROBLEMS, POLICY_PROBLEMS } from '../../src/policy/index.ts';
import { CLUSTER_PROBLEMS, FLOW_RESOLVE_PROBLEMS, RESOLVE_PROBLEMS } from '../../src/resolve/index.ts';
import {
  CLUSTER_TARGET_PROBLEMS,
  DOCKER_RENDER_PROBLEMS,
  IPTABLES_PROBLEMS,
  NFTABLES_PROBLEMS,
  UFW_PROBLEMS,
} from '../../src/target/index.ts';
import { VERIFY_PROBLEMS } from '../../src/verify/index.ts';

type Kinds = Readonly<Record<string, DiagnosticKind<never>>>;

/** Every catalogue of the program, with what it speaks of. */
export const CATALOGUES: readonly (readonly [title: string, kinds: Kinds])[] = [
  ['The policy file', POLICY_PROBLEMS],
  ['What a policy means', RESOLVE_PROBLEMS],
  ['Flow expressions', { ...FLOW_PROBLEMS, ...FLOW_RESOLVE_PROBLEMS }],
  ['Containers', { ...DOCKER_PROBLEMS, ...DOCKER_WATCH_PROBLEMS, ...DOCKER_RENDER_PROBLEMS }],
  ['Policies for a cluster', { ...CLUSTER_PROBLEMS, ...CLUSTER_TARGET_PROBLEMS }],
  ['Questions about a cluster', { ...CLUSTER_COMMAND_PROBLEMS, ...LIVE_CLUSTER_PROBLEMS }],
  ['Manifests of Kubernetes', MANIFEST_PROBLEMS],
  ['Policies of Calico', CALICO_PROBLEMS],
  ['Policies of Cilium', CILIUM_PROBLEMS],
  ['Policies of Istio', ISTIO_PROBLEMS],
  ['OpenClaw’s configuration', DISCOVERY_PROBLEMS],
  ['Writing a first policy', INIT_PROBLEMS],
  ['A policy from a firewall', IMPORT_PROBLEMS],
  ['nftables', NFTABLES_PROBLEMS],
  ['iptables', IPTABLES_PROBLEMS],
  ['UFW', UFW_PROBLEMS],
  ['The rules of a firewall', RULESET_PROBLEMS],
  ['Files that an audit reads', AUDIT_FILE_PROBLEMS],
  ['Proofs', VERIFY_PROBLEMS],
  ['The machine', HOST_PROBLEMS],
  ['The live machine', LIVE_PROBLEMS],
  ['The egress gateway', GATEWAY_PROBLEMS],
  ['A change of the live machine', APPLY_PROBLEMS],
  ['A node of a cluster', NODE_PROBLEMS],
  ['The part that runs as root', ENFORCER_PROBLEMS],
  ['The command line', CLI_PROBLEMS],
];

/** docs/reference/diagnostics.md: every code, its words and why it is a problem. */
export function diagnosticsReference(): string {
  const parts = [INTRODUCTION];
  for (const [title, kinds] of CATALOGUES) {
    parts.push(`## ${title}`);
    for (const kind of Object.values(kinds).toSorted((a, b) => (a.code < b.code ? -1 : 1))) parts.push(entry(kind));
  }
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Written by \`npm run reference\`. -->
# Diagnostics

Everything the program has to say of your input carries one of these codes. An error stops; a warning and an info do
not. Words in ‹ › stand for what is yours, ‹...› for words that depend on it.`;

function entry(kind: DiagnosticKind<never>): string {
  const help = kind.help === undefined ? undefined : withPlaceholders(kind.help);
  const lines = [`### ${kind.code}`, '', `**${kind.severity}**: ${withPlaceholders(kind.message)}`];
  if (help !== undefined) lines.push('', `*help*: ${help}`);
  return [...lines, '', kind.explanation].join('\n');
}

/** The words of a message, each argument by its name. A list of one works where a text, a number or a list is asked for. */
function withPlaceholders(
  words: DiagnosticKind<never>['message'] | NonNullable<DiagnosticKind<never>['help']>,
): string {
  const parameters = /^\(?([^)=]*)\)?\s*=>/.exec(String(words))?.[1] ?? '';
  const names = parameters.split(',').map((name) => name.trim().replace(/^_+/, ''));
  const text: unknown = Reflect.apply(
    words,
    undefined,
    names.map((name) => [`‹${name}›`]),
  );
  // Words that are looked up by an argument are not found for a placeholder, and it cannot be calculated with.
  return String(text).replaceAll('undefined', '‹...›').replaceAll('NaN', '‹number›');
}
