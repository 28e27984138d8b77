import { Command } from 'commander';
import { ACCOUNT_OPTION, collect } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION } from '../containers.ts';
import { type LiveHost, liveHost } from '../live/host.ts';
import { noteInLedger } from '../live/in-ledger.ts';
import { policyHash } from '../live/new-rules.ts';
import { planJson } from '../live/plan-json.ts';
import { planText } from '../live/plan-text.ts';
import { type PlanOptions, planChange } from '../live/planned.ts';
import { withOption } from '../live/with-option.ts';
import { POLICY_ARGUMENT } from '../policy-input.ts';

interface Options extends PlanOptions {
  readonly json?: boolean;
}

export const CONSOLE_OPTION =
  'you sit at the machine’s console: it is no matter whether anybody could log in over the network';
export const YES_CUT_OPTION = 'lose this session and mean it: `own`, or a client’s address and port (repeatable)';

export function planCommand(console: Console): Command {
  return new Command('plan')
    .description(
      'What a policy would change on this machine: what it would newly allow and deny, which live connections that concerns, and whether you could still log in. Changes nothing.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option(
      '--in <file>',
      'plan on this saved listing (`nft list ruleset`, text or JSON; repeatable) instead of the machine; without its sessions',
      collect,
    )
    .option('--yes-cut <name>', YES_CUT_OPTION, collect)
    .option('--console', CONSOLE_OPTION)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .addOption(withOption())
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 planned; 2 the policy or a listing cannot be used; 3 somebody could be locked out; 4 the machine cannot be read.',
    )
    .action(async (policy: string | undefined, options: Options) => {
      console.exitCode = await runPlan(console, policy, options, liveHost());
    });
}

/** @throws Stop where there is nothing to plan on */
export async function runPlan(
  console: Console,
  policy: string | undefined,
  options: Options,
  host: LiveHost,
): Promise<ExitCode> {
  const planned = await planChange(console, policy, options, host);
  if (options.json === true) writeJson(console, planJson(planned));
  else console.stdout.write(planText(console.stdout, planned));
  if (planned.live === undefined) return EXIT.holds;
  const { ok } = planned.live.preflight;
  const { opened, closed, denied } = planned.plan;
  await noteInLedger(host, {
    event: 'plan',
    outcome: ok ? 'nobody is locked out' : 'somebody could be locked out',
    policyHash: policyHash(planned.rules),
    details: { opened: opened.length, closed: closed.length, cut: denied.length },
  });
  return ok ? EXIT.holds : EXIT.refused;
}
