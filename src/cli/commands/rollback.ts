import { Command, InvalidArgumentError } from 'commander';
import { madeJson, madeText, makeChange } from '../apply/make.ts';
import { CHANGE_HELP, type ChangeOptions, makeOptions, withChangeOptions } from '../apply/options.ts';
import { outcomeJson, outcomeText } from '../apply/outcome.ts';
import { APPLY_PROBLEMS } from '../apply/problems.ts';
import { takeBack } from '../apply/wait.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { type LiveHost, liveHost } from '../live/host.ts';
import { type NewRules, noRules, recalledRules } from '../live/new-rules.ts';
import { stop } from '../report.ts';

export function rollbackCommand(console: Console): Command {
  return withChangeOptions(
    new Command('rollback')
      .description(
        'Takes the change back that is on trial. With none on trial, goes back to an earlier change, on trial itself.',
      )
      .argument(
        '[number]',
        'the change to go back to (default: the one before the last); 0: no rules of Portcullis',
        number,
      )
      .argument(
        '[probe...]',
        'behind `--`, with --confirm-by probe: the program whose success confirms, and its arguments',
      ),
  )
    .addHelpText('after', CHANGE_HELP)
    .action(async (wanted: number | undefined, probe: readonly string[], options: ChangeOptions) => {
      console.exitCode = await runRollback(console, wanted, probe, options, liveHost());
    });
}

/** @throws Stop where there is nothing to go back to, or anything is in the way */
export async function runRollback(
  console: Console,
  wanted: number | undefined,
  probe: readonly string[],
  options: ChangeOptions,
  host: LiveHost,
): Promise<ExitCode> {
  const how = makeOptions(console, host, options, probe);
  const { pending, history, current } = await host.ask('state', {});
  // One that a process kept, and that has lost it, is still in force.
  const runs = pending !== undefined && (pending.remainingSeconds > 0 || pending.heldBy === 'process');
  if (runs && wanted === undefined) {
    const found = await takeBack(host, pending.at, 'you took it back');
    if (how.json) writeJson(console, outcomeJson(found));
    else console.stdout.write(outcomeText(console.stdout, found));
    return found.outcome === 'reverted' ? EXIT.holds : EXIT.findings; // a confirmation may have come first
  }
  const earlier = history.find((each) => current !== undefined && each.number < current.number)?.number;
  const rules = await rulesOf(console, host, wanted ?? earlier);
  const made = await makeChange(console, host, rules, how);
  if (how.json) writeJson(console, madeJson(made));
  else console.stdout.write(madeText(console, made));
  return made.ended.outcome === 'permanent' ? EXIT.holds : EXIT.findings;
}

async function rulesOf(console: Console, host: LiveHost, change: number | undefined): Promise<NewRules> {
  if (change === undefined) throw stop(EXIT.unusable, APPLY_PROBLEMS.noEarlierChange);
  return change === 0 ? noRules(console) : recalledRules(console, await host.ask('recall', { number: change }));
}

function number(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it must be the number of a change, or 0 for none');
}
