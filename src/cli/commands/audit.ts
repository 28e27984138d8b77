import { Command, Option } from 'commander';
import {
  type AuditSubject,
  audit,
  auditContainers,
  compareSeverities,
  type Finding,
  isAtLeast,
  SEVERITIES,
  type Severity,
  suppress,
} from '../../analysis/index.ts';
import type { DockerFacts } from '../../docker/index.ts';
import { intentRuleset } from '../../semantics/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { clusterFindings } from '../audit/cluster.ts';
import { auditedContainers, unseenText } from '../audit/containers.ts';
import { factsText } from '../audit/facts-text.ts';
import { factsFor } from '../audit/host.ts';
import { auditJson } from '../audit/json.ts';
import { sarifLog } from '../audit/sarif.ts';
import { serviceNames } from '../audit/service-names.ts';
import { DEFAULT_SUPPRESSIONS, suppressionsFor } from '../audit/suppressions.ts';
import { auditText } from '../audit/text.ts';
import { DESPITE_ERRORS, givenFiles } from '../cluster/input.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { LIVE, readSources, writeFile } from '../files.ts';
import { formatOf } from '../format.ts';
import { longWork } from '../long-work.ts';
import { type Accounts, catalog, policySource, readPolicy } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { reportDiagnostics, Stop, stop } from '../report.ts';
import { readRuleset } from '../subject.ts';
import { programVersion } from '../version.ts';

const OUTPUTS = ['text', 'json', 'sarif'] as const;
const LIMITS = [...SEVERITIES, 'never'] as const;

interface AuditOptions {
  readonly format: (typeof OUTPUTS)[number];
  readonly json?: boolean;
  readonly failOn: Severity | 'never';
  readonly suppressions?: string;
  readonly facts?: string;
  readonly host?: boolean;
  readonly openclaw?: string;
  readonly saveFacts?: string;
  readonly verbose?: boolean;
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly despiteErrors?: boolean;
}

export function auditCommand(console: Console): Command {
  return new Command('audit')
    .description(
      'What is wrong with a policy, a firewall or the manifests of a cluster, judged by what their rules let through together: exposure, ways out, gaps, rules without effect, and what the machine around them makes of it.',
    )
    .argument(
      '[what...]',
      'policies, firewall configurations, and manifests of a cluster in files or folders (default: portcullis.yaml, or with --docker nothing but the containers; - is standard input; live: this machine, as it is)',
    )
    .addOption(new Option('--format <format>', 'how findings are told').choices(OUTPUTS).default('text'))
    .option('--json', JSON_OPTION)
    .addOption(new Option('--fail-on <severity>', 'end with 1 from this severity on').choices(LIMITS).default('low'))
    .option('--suppressions <file>', `findings that are accepted (default: ${DEFAULT_SUPPRESSIONS} where it is there)`)
    .option('--host', 'look at this machine too: listeners, Docker, forwarding, what loads rules at boot')
    .option('--facts <file>', 'what is known of the machine, where it is another one')
    .option('--save-facts <file>', 'write what was found out about this machine, for `--facts` elsewhere')
    .option('--openclaw <file>', 'the configuration of OpenClaw (default: where OpenClaw itself looks)')
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--despite-errors', DESPITE_ERRORS)
    .option('-v, --verbose', 'what to do about each, the fix and the controls it touches')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .addHelpText('after', HELP)
    .action(async (what: readonly string[], options: AuditOptions) => {
      console.exitCode = await runAudit(console, what, options);
    });
}

const HELP = `
Severities: critical, high, medium, low, info. Each finding has a stable code, explained in docs/reference/audit.md.

Suppressions, in portcullis-audit.yaml:
  suppress:
    - { code: A1005, subject: tcp/443, reason: public website, until: 2027-03-31 }

Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 a file cannot be used; 4 the machine said no.`;

async function runAudit(console: Console, named: readonly string[], options: AuditOptions): Promise<ExitCode> {
  const { manifests, others: what } = await givenFiles(console, named);
  const ofCluster = await clusterFindings(console, manifests, options.despiteErrors === true);
  const isLive = what.includes(LIVE);
  const docker = auditedContainers(console, options, isLive);
  const facts = await factsFor(console, options, isLive, docker);
  if (options.saveFacts !== undefined) writeFile(console, options.saveFacts, factsText(facts ?? {}));
  const shared = {
    today: console.today,
    serviceName: serviceNames(catalog()),
    ...(facts === undefined ? {} : { facts }),
    ...(docker === undefined ? {} : { docker }),
  };
  // Containers alone need no rules; facts of a machine are there to be held against some.
  const isAlone = what.length === 0 && options.docker !== undefined && facts === undefined;
  if (isAlone && docker !== undefined) console.stderr.write(unseenText(docker));
  const isOnlyCluster = what.length === 0 && manifests.length > 0;
  const subjects =
    isAlone || isOnlyCluster
      ? []
      : await subjectsOf(knowing(console, docker), what, accountsOf(console, options.account));
  const all = longWork(console, 'auditing', (watcher) =>
    isAlone
      ? auditContainers(shared)
      : distinct([...ofCluster.findings, ...subjects.flatMap((each) => audit({ ...each, ...shared, watcher }))]),
  );
  const suppressions = await suppressionsFor(console, options.suppressions);
  const { findings, suppressed } = suppress(all, suppressions, console.today);
  const { failOn } = options;
  const ok = failOn === 'never' || !findings.some(({ severity }) => isAtLeast(severity, failOn));
  const format = options.json === true ? 'json' : options.format;
  if (format === 'json') writeJson(console, auditJson(ok, findings, suppressed));
  else if (format === 'sarif') writeJson(console, sarifLog(programVersion(), findings, suppressed));
  else console.stdout.write(auditText(console.stdout, findings, suppressed, options.verbose === true));
  if (!ofCluster.isSound) return EXIT.unusable;
  return ok ? EXIT.holds : EXIT.findings;
}

type Subject = Pick<AuditSubject, 'ruleset' | 'policy' | 'opaque'>;

/** A policy's zones are those of the containers that are audited; without any, of this machine's. */
function knowing(console: Console, docker: DockerFacts | undefined): Console {
  return docker === undefined ? withContainers(console, undefined) : { ...console, containers: () => docker };
}

/** Each policy by itself; what is no policy is one firewall together. */
async function subjectsOf(console: Console, what: readonly string[], accounts: Accounts): Promise<Subject[]> {
  const sources = what.length === 0 ? [await policySource(console, undefined)] : await readSources(console, what);
  const formats = sources.map((source) => [source, formatOf(source)] as const);
  for (const [source, format] of formats)
    if (format === undefined) throw stop(EXIT.unusable, CLI_PROBLEMS.unknownFormat, source.name);
  const policies = formats.filter(([, format]) => format === 'policy').map(([source]) => source);
  const firewalls = formats.filter(([, format]) => format !== 'policy').map(([source]) => source);
  const subjects = policies.map((source) => policySubject(console, source, accounts));
  if (firewalls.length === 0) return subjects;
  const { ruleset, opaque, diagnostics } = await readRuleset(console, firewalls);
  reportDiagnostics(console, diagnostics);
  return [...subjects, { ruleset, opaque: opaque.map(({ packets }) => packets) }];
}

/** A flow that has expired is an error for all who would enforce it; here it is a finding, so the policy is read as of long ago. */
function policySubject(console: Console, source: SourceFile, accounts: Accounts): Subject {
  const { intent, diagnostics } = readPolicy({ ...console, today: '0001-01-01' }, source, accounts);
  if (intent === undefined) throw new Stop(EXIT.unusable, diagnostics);
  return { ruleset: intentRuleset(intent), policy: intent, opaque: [] };
}

/** What is said of the machine is said once, however many files are audited. */
function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings
    .filter(({ code, subject, message, origins }) => {
      const key = JSON.stringify([code, subject, message, origins.map(({ span }) => [span?.file.name, span?.start])]);
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => compareSeverities(a.severity, b.severity));
}
