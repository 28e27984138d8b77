import { Command } from 'commander';
import { formatFlow, idleFlows, provePolicyTests, type TestOutcome } from '../../analysis/index.ts';
import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import type { Intent } from '../../ir/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { type ComparisonJson, compare, comparisonText } from '../comparison.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { longWork } from '../long-work.ts';
import {
  type Accounts,
  POLICY_ARGUMENT,
  placeholderNames,
  policySource,
  readPolicy,
  sharedAccounts,
} from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { type DiagnosticJson, diagnosticsJson, reportDiagnostics, stop } from '../report.ts';
import { earlierPolicy } from '../revision.ts';
import { checkRuleset } from '../ruleset/check.ts';
import { intentSubject } from '../subject.ts';

interface CheckOptions {
  readonly in?: readonly string[];
  readonly against?: string;
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly json?: boolean;
}

/** schema/check.json */
interface CheckJson {
  readonly ok: boolean;
  readonly diagnostics: readonly DiagnosticJson[];
  readonly tests: { readonly passed: number; readonly failed: number };
  readonly against?: ComparisonJson;
}

export function checkCommand(console: Console): Command {
  return new Command('check')
    .description(
      "Parses and resolves a policy, proves its tests for every packet they speak of, and lists all that is wrong. With --in, a firewall's configuration: what is not understood, and every rule without effect.",
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option(
      '--in <file>',
      'check this firewall configuration instead (nft text or nft -j, iptables-save, ip6tables-save, ipset save, /etc/ufw, ufw status verbose, ufw commands; repeatable: the files of one machine)',
      collect,
    )
    .option('--against <what>', 'also show what is newly allowed and denied since this file or Git revision')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 sound; 1 a test fails, with --against something is newly allowed, with --in a rule has no effect; 2 the policy or the configuration has errors.',
    )
    .action(async (policy: string | undefined, options: CheckOptions) => {
      if (options.in === undefined) console.exitCode = await check(console, policy, options);
      else if (policy === undefined && options.against === undefined)
        console.exitCode = await checkRuleset(console, options.in, options.json === true);
      else throw stop(EXIT.unusable, CLI_PROBLEMS.usage, ...NOT_TOGETHER);
    });
}

const NOT_TOGETHER = [
  'a policy and `--in` are checked one at a time',
  'to compare the two: portcullis diff POLICY FILE',
] as const;

async function check(console: Console, path: string | undefined, options: CheckOptions): Promise<ExitCode> {
  const accounts = accountsOf(console, options.account);
  const source = await policySource(console, path);
  const reading = withContainers(console, options.docker);
  const { intent, diagnostics } = readPolicy(reading, source, accounts);
  if (intent === undefined) {
    if (options.json === true)
      writeCheck(console, { ok: false, diagnostics: diagnosticsJson(diagnostics), tests: { passed: 0, failed: 0 } });
    else reportDiagnostics(console, diagnostics);
    return EXIT.unusable;
  }
  const outcomes = longWork(console, 'proving', (watcher) => provePolicyTests(intent, undefined, watcher));
  const failures = outcomes.flatMap((outcome) => testDiagnostics(outcome, intent.unknownAccounts));
  const all = [...diagnostics, ...failures, ...idleDiagnostics(console, intent)];
  const tests = { passed: count(outcomes, 'passed'), failed: count(outcomes, 'failed') };
  const against =
    options.against === undefined ? undefined : await changesSince(reading, source, options.against, intent, accounts);
  const ok = !hasErrors(all);
  if (options.json === true) {
    writeCheck(console, {
      ok,
      diagnostics: diagnosticsJson(all),
      tests,
      ...(against === undefined ? {} : { against }),
    });
  } else {
    reportDiagnostics(console, all);
    if (ok) console.stdout.write(`${console.stdout.colors.green('sound')}: ${summary(intent, tests.passed)}\n`);
    if (against !== undefined)
      console.stdout.write(comparisonText(console.stdout, against, options.against ?? '', source.name));
  }
  return ok && (against?.wider.length ?? 0) === 0 ? EXIT.holds : EXIT.findings;
}

function writeCheck(console: Console, document: CheckJson): void {
  writeJson(console, document);
}

function count(outcomes: readonly TestOutcome[], kind: TestOutcome['kind']): number {
  return outcomes.filter((outcome) => outcome.kind === kind).length;
}

function testDiagnostics(outcome: TestOutcome, accounts: ReadonlyMap<number, string>): Diagnostic[] {
  const { text, origin } = outcome.test;
  switch (outcome.kind) {
    case 'passed':
      return [];
    case 'failed':
      return [diagnose(CLI_PROBLEMS.testFailed, origin.span, text, formatFlow(outcome.witness, accounts))];
    case 'empty':
      return [diagnose(CLI_PROBLEMS.testEmpty, origin.span, text)];
  }
}

function idleDiagnostics(console: Console, intent: Intent): Diagnostic[] {
  const idle = longWork(console, 'looking for flows without effect', (watcher) => idleFlows(intent, watcher));
  return idle.map(({ grant, by }) => diagnose(CLI_PROBLEMS.idleFlow, grant.origin.span, grant.name, by));
}

/** What the policy newly allows and denies. */
async function changesSince(
  console: Console,
  source: SourceFile,
  against: string,
  intent: Intent,
  accounts: Accounts,
): Promise<ComparisonJson> {
  const earlier = await earlierPolicy(console, source.name, against, accounts);
  const shared = sharedAccounts(accounts, [earlier, intent]);
  const before = await earlierPolicy(console, source.name, against, shared);
  const after = readPolicy(console, source, shared).intent ?? intent;
  const pair = { before: intentSubject(against, before), after: intentSubject(source.name, after) };
  return longWork(console, 'comparing', (watcher) =>
    compare({ ...pair, names: placeholderNames(shared) }, false, watcher),
  );
}

function summary(intent: Intent, passed: number): string {
  const plural = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  const proven =
    passed === 0 ? 'no tests (add some: they are proven for every packet)' : `${plural(passed, 'test')} proven`;
  return `${plural(intent.grants.length, 'flow')}, ${proven}`;
}
