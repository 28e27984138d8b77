import {
  CONTROLS,
  FINDING_KINDS,
  type FindingKind,
  RULE_CONTROLS,
  RULE_SEVERITIES,
  RULESET_PROBLEMS,
} from '../../src/analysis/index.ts';

/** docs/reference/audit.md: every finding of an audit, why it is one, and the controls that it touches. */
export function auditReference(): string {
  const parts = [INTRODUCTION, '## Rules without effect', RULES];
  const severities: Readonly<Record<string, string>> = RULE_SEVERITIES;
  for (const [kind, { code, explanation }] of Object.entries(RULESET_PROBLEMS))
    parts.push(entry(code, severities[kind] ?? '', explanation, undefined, RULE_CONTROLS));
  for (const [title, kinds] of Object.entries(FINDING_KINDS)) {
    parts.push(`## ${title}`);
    const all: readonly FindingKind<never>[] = Object.values(kinds);
    for (const kind of all) parts.push(entry(kind.code, kind.severity, kind.explanation, helpOf(kind), kind.controls));
  }
  parts.push('## Controls', CONTROLS_WORDS, controlTable());
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Written by \`npm run reference\`. -->
# Findings of an audit

\`portcullis audit\` judges what the rules of a policy or a firewall let through *together*, over all packets; nearly every finding comes with a packet
that shows it. How to work with them: [audit a firewall](../guides/audit-a-firewall.md), [audit a cluster](../guides/audit-a-cluster.md).

Severities: \`critical\` (strangers get in), \`high\` (a line of defence is missing), \`medium\`, \`low\`, \`info\`.
"The whole world" is more than half of the public addresses of a family, "broad" more than a /16 of IPv4 or a /48 of IPv6. What is open through tunnels, bridges and
containers' interfaces only (\`wg*\`, \`docker*\`, \`br-*\` and the like) is not counted.`;

const RULES =
  'Whole rules that could go without any packet noticing. Chains that UFW, Docker, Kubernetes, fail2ban and libvirt keep for themselves are left out.';

const CONTROLS_WORDS = `A finding names the controls that it touches. That none is named does not mean that a control is met. The words are ours; the numbers are those
of the CIS Debian Linux 12 Benchmark 1.1.0, the CIS Docker Benchmark 1.6.0, the CIS Kubernetes Benchmark 1.9.0, Kubescape, KubeLinter, NIST SP 800-53 revision 5, PCI DSS 4.0, ISO/IEC 27001:2022 annex A, and the AICPA's Trust Services Criteria.`;

function entry(
  code: string,
  severity: string,
  explanation: string,
  help: string | undefined,
  controls: readonly string[],
): string {
  const lines = [`### ${code}`, '', `**${severity}**: ${explanation}`];
  if (help !== undefined) lines.push('', `*help*: ${help}`);
  if (controls.length > 0) lines.push('', `*controls*: ${controls.join(', ')}`);
  return lines.join('\n');
}

/** Where it depends on the case at hand, each argument stands by its place. */
function helpOf(kind: FindingKind<never>): string {
  const text: unknown = Reflect.apply(kind.help, undefined, ['‹...›', '‹port›', '‹...›']);
  return String(text);
}

function controlTable(): string {
  const rows = Object.entries(CONTROLS).map(([id, words]) => `| ${id} | ${words} |`);
  return ['| Control | About |', '| --- | --- |', ...rows].join('\n');
}
