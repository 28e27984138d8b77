import { Command } from 'commander';
import { escapeControls } from '../../diagnostic/index.ts';
import { LEDGER_FILE, type Mechanism } from '../../enforcer/index.ts';
import { hostCapabilities, requireIsolation } from '../../host/index.ts';
import { hostIntent } from '../../resolve/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { APPLY_PROBLEMS } from '../apply/problems.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { Place } from '../drill/place.ts';
import { type Rehearsal, rehearse } from '../drill/rehearse.ts';
import { whatTheMachineSays } from '../lab/machine.ts';
import { policyWithStandIns } from '../lab/stand-ins.ts';
import { liveHost } from '../live/host.ts';
import { noteInLedger } from '../live/in-ledger.ts';
import { type NewRules, policyHash, provenRules } from '../live/new-rules.ts';
import { withOption } from '../live/with-option.ts';
import { POLICY_ARGUMENT, policySource } from '../policy-input.ts';
import { stop } from '../report.ts';

interface Options {
  readonly account?: readonly string[];
  readonly json?: boolean;
  readonly with?: Mechanism;
}

export function drillCommand(console: Console): Command {
  return new Command('drill')
    .description(
      'Rehearses lock-out, rollback and restart with a policy: with this kernel and real packets, in a private network, touching nothing.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .addOption(withOption())
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nThe result goes into the ledger of this machine, where one is kept and may be written.\n\nExit codes: 0 everything held; 1 something did not; 2 the policy cannot be rehearsed; 4 this machine cannot make a private network.',
    )
    .action(async (policy: string | undefined, options: Options) => {
      console.exitCode = await whatTheMachineSays(() => runDrill(console, policy, options));
    });
}

async function runDrill(console: Console, path: string | undefined, options: Options): Promise<ExitCode> {
  const isolation = requireIsolation(await hostCapabilities());
  const source = await policySource(console, path);
  const intent = hostIntent(policyWithStandIns(console, source, accountsOf(console, options.account)));
  const mechanism = options.with ?? 'nftables';
  const rules = {
    ...provenRules(intent, mechanism),
    name: source.name,
    intent,
    sources: { [source.name]: source.text },
  };
  const started = performance.now();
  await using place = await Place.open(intent, isolation, mechanism);
  if (!place.canBeEntered) throw stop(EXIT.unusable, APPLY_PROBLEMS.nothingToRehearse);
  const done: Rehearsal[] = [];
  for await (const each of rehearse(console, place, rules)) {
    done.push(each);
    if (options.json !== true) console.stdout.write(rehearsalText(console, each));
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const held = done.every((each) => each.held);
  const recorded = await record(rules, done, seconds);
  if (options.json === true) writeJson(console, { held, seconds, recorded, rehearsals: done });
  else console.stdout.write(closingText(console, done, seconds, recorded));
  return held ? EXIT.holds : EXIT.findings;
}

function rehearsalText({ stdout: { colors } }: Console, { title, held, said }: Rehearsal): string {
  const word = held ? colors.green('held  ') : colors.red('FAILED');
  return `${word}  ${title}\n          ${escapeControls(said)}\n`;
}

function closingText(
  { stdout: { colors } }: Console,
  done: readonly Rehearsal[],
  seconds: number,
  recorded: boolean,
): string {
  const failed = done.filter(({ held }) => !held).length;
  const sum =
    failed === 0 ? colors.green(`all ${done.length} held`) : colors.red(`${failed} of ${done.length} did not hold`);
  const where = recorded
    ? "recorded in this machine's ledger"
    : 'not recorded: no change has been made on this machine, or this account may not see it';
  return `\n${sum}, in ${seconds} s; ${where}; the private network is gone\n`;
}

/** In the ledger of the machine itself, where a figure for the auditor is looked for. */
async function record(rules: NewRules, done: readonly Rehearsal[], seconds: number): Promise<boolean> {
  const host = liveHost();
  if (!host.machine.exists(LEDGER_FILE)) return false; // nobody is asked for rights to tell that there is none
  const failed = done.filter(({ held }) => !held).map(({ name }) => name);
  const late = done.flatMap(({ lateMs }) => lateMs ?? []);
  return noteInLedger(host, {
    event: 'drill',
    outcome: failed.length === 0 ? 'held' : `failed: ${failed.join(', ')}`,
    policyHash: policyHash(rules),
    details: { rehearsals: done.length, seconds, latestMs: Math.max(0, ...late) },
  });
}
