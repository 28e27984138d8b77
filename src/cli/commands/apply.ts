import { Command } from 'commander';
import type { Mechanism } from '../../enforcer/index.ts';
import { ACCOUNT_OPTION, collect } from '../accounts.ts';
import { madeJson, madeText, makeChange } from '../apply/make.ts';
import { CHANGE_HELP, type ChangeOptions, makeOptions, withChangeOptions } from '../apply/options.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { DOCKER_OPTION } from '../containers.ts';
import { type LiveHost, liveHost } from '../live/host.ts';
import { policyRules } from '../live/new-rules.ts';
import { withOption } from '../live/with-option.ts';
import { POLICY_ARGUMENT } from '../policy-input.ts';

interface Options extends ChangeOptions {
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly with?: Mechanism;
}

export function applyCommand(console: Console): Command {
  return withChangeOptions(
    new Command('apply')
      .description('Enforces a policy on this machine, on trial until it is confirmed: silence takes it back.')
      .argument('[policy]', POLICY_ARGUMENT)
      .argument(
        '[probe...]',
        'behind `--`, with --confirm-by probe: the program whose success confirms, and its arguments',
      )
      .option('--account <name=uid>', ACCOUNT_OPTION, collect)
      .option('--docker <file>', DOCKER_OPTION, collect)
      .addOption(withOption()),
  )
    .addHelpText('after', CHANGE_HELP)
    .action(async (policy: string | undefined, probe: readonly string[], options: Options) => {
      console.exitCode = await runApply(console, policy, probe, options, liveHost());
    });
}

/** @throws Stop where anything is in the way */
export async function runApply(
  console: Console,
  policy: string | undefined,
  probe: readonly string[],
  options: Options,
  host: LiveHost,
): Promise<ExitCode> {
  const how = makeOptions(console, host, options, probe);
  const made = await makeChange(console, host, await policyRules(console, policy, options), how);
  if (how.json) writeJson(console, madeJson(made));
  else console.stdout.write(madeText(console, made));
  return made.ended.outcome === 'permanent' ? EXIT.holds : EXIT.findings;
}
