import { type Command, Option } from 'commander';
import { collect } from '../accounts.ts';
import { CONSOLE_OPTION, YES_CUT_OPTION } from '../commands/plan.ts';
import { type Console, EXIT, JSON_OPTION } from '../console.ts';
import type { LiveHost } from '../live/host.ts';
import { stop } from '../report.ts';
import { seconds } from './duration.ts';
import type { Confirmation, MakeOptions } from './make.ts';
import { probeOf } from './probe.ts';
import { APPLY_PROBLEMS } from './problems.ts';

export interface ChangeOptions {
  readonly trial: number;
  readonly confirmBy?: Exclude<Confirmation['by'], 'health'>;
  readonly probeFlow?: string;
  readonly cut?: boolean;
  readonly yesCut?: readonly string[];
  readonly console?: boolean;
  readonly json?: boolean;
}

const TRIAL = { least: 5, most: 3600, usual: 60 } as const; // seconds

/** Confirmed changes that are kept, to go back to. */
const KEPT = 10;

/** What every command that changes this machine takes. */
export function withChangeOptions(command: Command): Command {
  return command
    .option('--trial <time>', 'how long the change may wait to be confirmed', seconds(TRIAL), TRIAL.usual)
    .addOption(
      new Option(
        '--confirm-by <how>',
        'what makes it permanent: `portcullis confirm` from a new session, an answer at this terminal, a probe, or nothing (default: reconnect over SSH, prompt at a console)',
      ).choices(['reconnect', 'prompt', 'probe', 'none']),
    )
    .option('--probe-flow <flow>', 'with --confirm-by probe: a connection that must open, `tcp host -> ADDRESS:PORT`')
    .option('--cut', 'end live connections that the new rules would not let open, at once')
    .option('--yes-cut <name>', YES_CUT_OPTION, collect)
    .option('--console', CONSOLE_OPTION)
    .option('--json', JSON_OPTION);
}

export const CHANGE_HELP = `
The new rules are loaded beside the old ones, behind a switch that the kernel itself turns back when the time is up: no process,
disk or clock of ours is needed for that. Nothing is changed unless every administrator's way in is proven to stay open.

Exit codes: 0 permanent; 1 taken back, the rules are those from before; 2 the policy cannot be used; 3 refused for safety, nothing
was changed; 4 the machine said no.`;

/** @param probe the program to run, with its arguments. @throws Stop where the options do not fit together */
export function makeOptions(
  console: Console,
  host: LiveHost,
  options: ChangeOptions,
  probe: readonly string[],
): MakeOptions {
  return {
    trial: options.trial,
    confirmation: confirmationOf(console, host, options, probe),
    cut: options.cut === true,
    yesCut: options.yesCut ?? [],
    console: options.console === true,
    keep: KEPT,
    json: options.json === true,
  };
}

function confirmationOf(
  console: Console,
  host: LiveHost,
  { confirmBy, probeFlow }: ChangeOptions,
  probe: readonly string[],
): Confirmation {
  const by = confirmBy ?? (host.person.session === undefined && console.stderr.isTerminal ? 'prompt' : 'reconnect');
  if (by === 'probe') return { by, probe: probeOf(probe, probeFlow) };
  if (probe.length > 0 || probeFlow !== undefined)
    throw stop(EXIT.unusable, APPLY_PROBLEMS.wrongProbe, 'a probe is given, but it is not what confirms');
  return { by };
}
