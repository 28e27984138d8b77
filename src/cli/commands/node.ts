import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { escapeControls } from '../../diagnostic/index.ts';
import { ACCOUNT_OPTION, collect } from '../accounts.ts';
import { durationText, seconds } from '../apply/duration.ts';
import { HEALTH_SHARE } from '../apply/make.ts';
import { type Console, EXIT, type ExitCode } from '../console.ts';
import { type LiveHost, liveHost } from '../live/host.ts';
import { type NewRules, noRules, policyRules } from '../live/new-rules.ts';
import { healthChecks, tryHealth } from '../node/health.ts';
import { NODE_PROBLEMS } from '../node/problems.ts';
import { lookOnce, type NodeSettings, type Standing } from '../node/round.ts';
import { POLICY_ARGUMENT } from '../policy-input.ts';
import { reportDiagnostics, stop } from '../report.ts';

interface Options {
  readonly account?: readonly string[];
  readonly healthy?: readonly string[];
  readonly trial: number;
  readonly settle: number;
  readonly every: number;
  readonly readyFile?: string;
  readonly again?: boolean;
  readonly remove?: boolean;
  readonly once?: boolean;
}

const TRIAL = { least: 5, most: 3600, usual: 120 } as const; // seconds
const SETTLE = { least: 0, most: 1800, usual: 30 } as const;
const EVERY = { least: 1, most: 86_400, usual: 300 } as const; // beside 10,000 rules of kube-proxy, a look takes 6 s of a core
const HEALTH_EVERY_MS = 15_000;

export function nodeCommand(console: Console): Command {
  return new Command('node')
    .description(
      'Keeps a policy on a node of a cluster: a new one goes on trial and stays if the node is well under it for a while; otherwise the kernel goes back. For the DaemonSet of `portcullis render`.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option(
      '--healthy <check>',
      'what must work, over connections that are opened for it: `kubernetes` (API server and kubelet; the default), an address, or a flow (repeatable)',
      collect,
    )
    .option('--trial <time>', 'how long a change may wait to be confirmed', seconds(TRIAL), TRIAL.usual)
    .option('--settle <time>', 'for how long all of it must work without a break', seconds(SETTLE), SETTLE.usual)
    .option('--every <time>', 'how often to look at the rules', seconds(EVERY), EVERY.usual)
    .option('--ready-file <path>', 'a file that is there while the policy is enforced and the node is well')
    .option('--again', 'try also a policy under which this node was not well')
    .option('--remove', 'take the rules of Portcullis away instead, at once')
    .option('--once', 'look once and end')
    .addHelpText(
      'after',
      `
It ends with SIGTERM, and takes a change back that is on trial then; what is confirmed stays in force.

Exit codes: 0 ended as it was told, or with --once, the policy is enforced and the node is well; 1 it is not: taken back, held back, or
not well; 2 the policy cannot be used here; 3 refused for safety, nothing was changed; 4 the machine said no.`,
    )
    .action(async (policy: string | undefined, options: Options) => {
      const told = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => told.abort());
      console.exitCode = await runNode(console, policy, options, liveHost(), told.signal);
    });
}

/** @throws Stop where the policy is none for a node */
async function runNode(
  console: Console,
  policy: string | undefined,
  options: Options,
  host: LiveHost,
  signal: AbortSignal,
): Promise<ExitCode> {
  if (options.settle >= options.trial * HEALTH_SHARE)
    throw stop(EXIT.unusable, NODE_PROBLEMS.tooLittleTime, durationText(options.settle), durationText(options.trial));
  const settings: NodeSettings = {
    checks: options.remove === true ? [] : healthChecks(options.healthy ?? ['kubernetes'], console.env),
    trialSeconds: options.trial,
    settleSeconds: options.settle,
    again: options.again === true,
    signal,
  };
  const rules = options.remove === true ? noRules(console) : await rulesForNode(console, policy, options);
  let before: string | undefined;
  for (;;) {
    const standing = await lookOnce(console, host, rules, settings);
    const line = lineOf(standing);
    if (line !== before) tell(console, standing, line);
    before = line;
    markReady(options.readyFile, standing.kind === 'stands' && standing.well);
    if (options.once === true) return exitCodeOf(standing);
    await watchHealth(standing, options, settings);
    if (signal.aborted) return EXIT.holds;
  }
}

/** Until it is time to look at the rules again: whether the node is well is asked more often, for whoever rolls out to others. */
async function watchHealth(standing: Standing, options: Options, { checks, signal }: NodeSettings): Promise<void> {
  const until = performance.now() + options.every * 1000;
  for (;;) {
    const left = until - performance.now();
    await pause(Math.min(HEALTH_EVERY_MS, Math.max(0, left)), undefined, { signal }).catch(() => undefined);
    if (signal.aborted || performance.now() >= until) return;
    if (standing.kind === 'stands') markReady(options.readyFile, (await tryHealth(checks)).passed);
  }
}

async function rulesForNode(console: Console, path: string | undefined, options: Options): Promise<NewRules> {
  const rules = await policyRules(console, path, options);
  if (!rules.intent.baseline.some(({ name }) => name === 'forwarding'))
    throw stop(EXIT.unusable, NODE_PROBLEMS.noForwarding, rules.name);
  return rules;
}

function lineOf(standing: Standing): string {
  if (standing.kind === 'refused') return `refused: ${standing.stop.diagnostics[0]?.message ?? ''}`;
  return `${WORDS[standing.kind]}: ${standing.said}`;
}

const WORDS = { stands: 'enforced', 'taken-back': 'taken back', 'held-back': 'held back' } as const;

function tell(console: Console, standing: Standing, line: string): void {
  if (standing.kind === 'refused') reportDiagnostics(console, standing.stop.diagnostics);
  console.stdout.write(`${new Date().toISOString()} ${escapeControls(line)}\n`);
}

function markReady(path: string | undefined, isReady: boolean): void {
  if (path === undefined) return;
  if (isReady) writeFileSync(path, '');
  else rmSync(path, { force: true });
}

function exitCodeOf(standing: Standing): ExitCode {
  switch (standing.kind) {
    case 'stands':
      return standing.well ? EXIT.holds : EXIT.findings;
    case 'taken-back':
    case 'held-back':
      return EXIT.findings;
    case 'refused':
      return standing.stop.exitCode;
  }
}
