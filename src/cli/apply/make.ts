import type { Change, DeniedConnection, LiveConnection } from '../../apply/index.ts';
import { diagnose, escapeControls } from '../../diagnostic/index.ts';
import type { ChangeAnswer, Connection, HostSnapshot } from '../../enforcer/protocol.ts';
import { formatAddress } from '../../net/index.ts';
import { type Console, EXIT } from '../console.ts';
import type { LiveHost } from '../live/host.ts';
import { type NewRules, policyHash } from '../live/new-rules.ts';
import { planJson } from '../live/plan-json.ts';
import { planText } from '../live/plan-text.ts';
import { factsFor, type Live, type Planned, planLive } from '../live/planned.ts';
import { Stop } from '../report.ts';
import { durationText } from './duration.ts';
import { outcomeJson, outcomeText } from './outcome.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { APPLY_PROBLEMS } from './problems.ts';
import { askAtTerminal, askProbe, awaitConfirmation, decided, type Ended } from './wait.ts';
import { writeChange } from './written.ts';

/** Who says that a change on trial may stay. */
export type Confirmation =
  | { readonly by: 'reconnect' } // `portcullis confirm` from a session that is opened after it
  | { readonly by: 'prompt' } // whoever sits at this terminal
  | { readonly by: 'probe'; readonly probe: Probe }
  | { readonly by: 'health'; readonly settled: (withinMs: number) => Promise<ProbeResult> } // what the machine is for, watched for a while
  | { readonly by: 'none' }; // no trial at all

export interface MakeOptions {
  readonly trial: number; // seconds
  readonly confirmation: Confirmation;
  readonly cut: boolean; // ends live connections that the new rules would not let open
  readonly yesCut: readonly string[];
  readonly console: boolean;
  readonly keep: number; // confirmed changes that are kept
  readonly json: boolean;
}

/** What became of it, and what it was. */
export interface Made {
  readonly planned: Planned;
  readonly ended: Ended;
  readonly cut?: { readonly cut: number; readonly failed: readonly string[] };
}

/**
 * Plans, proves, loads and waits. @throws Stop where anything is in the way; then nothing was changed, or it is back as it was
 */
export async function makeChange(
  console: Console,
  host: LiveHost,
  rules: NewRules,
  options: MakeOptions,
): Promise<Made> {
  const snapshot = await host.ask('snapshot', { callerPid: process.pid, connections: true });
  const planned = planLive(rules, options, host, factsFor(console, snapshot, rules));
  if (!options.json) console.stdout.write(planText(console.stdout, planned, 'about to change'));
  const { refused } = planned.live.preflight;
  if (refused.length > 0) {
    throw new Stop(EXIT.refused, [
      ...(options.json ? refused.map(({ sentence }) => diagnose(APPLY_PROBLEMS.refusal, undefined, sentence)) : []),
      diagnose(APPLY_PROBLEMS.lockedOut, undefined, refused.length),
    ]);
  }
  const at = new Date().toISOString();
  const began = await begin(planned, snapshot, host, options, at);
  const cut = options.cut ? await cutDenied(host, planned.plan.denied) : undefined;
  const ended = await end(console, host, began, options, at);
  return { planned, ended, ...(cut === undefined ? {} : { cut }) };
}

function begin(
  planned: Planned & { readonly live: Live },
  snapshot: HostSnapshot,
  host: LiveHost,
  { confirmation, trial, keep }: MakeOptions,
  at: string,
): Promise<ChangeAnswer> {
  const { rules, plan } = planned;
  const meta = {
    by: host.person,
    at,
    policyHash: policyHash(rules),
    summary: summary(rules, plan.opened, plan.closed),
  };
  const trialSeconds = confirmation.by === 'none' ? {} : { trialSeconds: trial };
  return host.ask('begin', writeChange(planned, snapshot, { meta, ...trialSeconds, keep }));
}

function summary({ name }: NewRules, opened: readonly Change[], closed: readonly Change[]): string {
  return `${name}: opens ${opened.length}, closes ${closed.length}`;
}

async function end(
  console: Console,
  host: LiveHost,
  { outcome, change, warnings, remainingSeconds }: ChangeAnswer,
  options: MakeOptions,
  at: string,
): Promise<Ended> {
  if (outcome !== 'on-trial') {
    return outcome === 'permanent'
      ? { outcome, ...(change === undefined ? {} : { change }), warnings }
      : { outcome: 'reverted', why: 'its time was over before it had begun', warnings };
  }
  const seconds = remainingSeconds ?? options.trial;
  if (!options.json) console.stderr.write(trialText(console, options.confirmation, seconds));
  const found = await confirmed(console, host, options.confirmation, seconds, at);
  return { ...found, warnings: [...warnings, ...found.warnings] };
}

/** Of the trial's time, so that there is some left to confirm in. */
export const HEALTH_SHARE = 0.8;

async function confirmed(
  console: Console,
  host: LiveHost,
  confirmation: Confirmation,
  seconds: number,
  at: string,
): Promise<Ended> {
  switch (confirmation.by) {
    case 'reconnect':
    case 'none':
      return awaitConfirmation(console, host, at, seconds);
    case 'prompt':
      return askAtTerminal(console, host, at, seconds);
    case 'probe':
      return askProbe(host, confirmation.probe, at, seconds);
    case 'health':
      return decided(host, at, await confirmation.settled(seconds * HEALTH_SHARE * 1000));
  }
}

function trialText({ stderr: { colors } }: Console, { by }: Confirmation, seconds: number): string {
  const lines = [
    `${colors.bold('on trial')} for ${durationText(Math.ceil(seconds))}: the new rules are in force, and go by themselves`,
  ];
  if (by === 'reconnect') {
    lines.push(
      '  open a NEW connection to this machine and run there:  portcullis confirm',
      '  to take it back at once: Ctrl-C here, or `portcullis rollback` anywhere',
    );
  }
  return `${lines.join('\n')}\n`;
}

async function cutDenied(host: LiveHost, denied: readonly DeniedConnection[]): Promise<NonNullable<Made['cut']>> {
  const connections = denied.filter(({ certain }) => certain).map(({ connection }) => plain(connection));
  return connections.length === 0 ? { cut: 0, failed: [] } : host.ask('cut', { by: host.person, connections });
}

function plain({ src, dst, way, ...rest }: LiveConnection): Connection {
  return { ...rest, family: src.family, src: formatAddress(src), dst: formatAddress(dst), hook: way };
}

/** For people: how it ended, on standard output. */
export function madeText(console: Console, { ended, cut }: Made): string {
  const connections =
    cut === undefined
      ? []
      : [`${cut.cut} live connections were ended`, ...cut.failed.map((each) => `not ended: ${each}`)];
  return connections.map((line) => `${escapeControls(line)}\n`).join('') + outcomeText(console.stdout, ended);
}

/** schema/apply.json */
export function madeJson({ planned, ended, cut }: Made) {
  return { ...outcomeJson(ended), ...(cut === undefined ? {} : { cut }), plan: planJson(planned) };
}
