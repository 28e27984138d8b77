import { Command } from 'commander';
import { type Drift, drift, HostListing, sideNow, type TrialSide } from '../../apply/index.ts';
import { hasErrors } from '../../diagnostic/index.ts';
import type { PersistedFiles } from '../../enforcer/index.ts';
import type { Intent } from '../../ir/index.ts';
import { SourceFile } from '../../source/index.ts';
import { policyOfText } from '../../target/index.ts';
import { TARGETS } from '../../target/registry.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { driftJson, driftText } from '../live/drift-report.ts';
import { readFacts } from '../live/facts.ts';
import { type LiveHost, liveHost } from '../live/host.ts';
import { noteInLedger } from '../live/in-ledger.ts';
import { savedListing } from '../live/planned.ts';
import { LIVE_PROBLEMS } from '../live/problems.ts';
import { emptyIntent, policySource, soundHostPolicy } from '../policy-input.ts';
import { Stop, stop } from '../report.ts';

interface Options {
  readonly in?: readonly string[];
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly json?: boolean;
}

export function driftCommand(console: Console): Command {
  return new Command('drift')
    .description(
      'Whether this machine still enforces what was confirmed, or what a policy says, by meaning: what is wider, what is narrower, and what other tables stop now, each with a packet that shows it.',
    )
    .argument('[policy]', 'hold the machine against this policy (default: against what was confirmed last)')
    .option('--in <file>', 'look at this saved listing instead of the machine (needs a policy; repeatable)', collect)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 no drift; 1 drift; 2 a policy or listing cannot be used; 4 the machine cannot be read.',
    )
    .action(async (policy: string | undefined, options: Options) => {
      console.exitCode = await runDrift(console, policy, options, liveHost());
    });
}

/** @throws Stop where there is nothing to compare */
export async function runDrift(
  console: Console,
  policy: string | undefined,
  options: Options,
  host: LiveHost,
): Promise<ExitCode> {
  const { actual, expected, side, atConfirmation, intent, name } = await sides(console, policy, options, host);
  const found = drift({ actual, expected, side, intent, ...(atConfirmation === undefined ? {} : { atConfirmation }) });
  if (options.json === true) writeJson(console, driftJson(found, intent.unknownAccounts));
  else console.stdout.write(driftText(console.stdout, found, name, intent.unknownAccounts));
  if (options.in === undefined) await note(host, found);
  return found.none ? EXIT.holds : EXIT.findings;
}

interface Sides {
  readonly actual: HostListing;
  readonly expected: HostListing;
  readonly side: TrialSide;
  readonly atConfirmation?: HostListing;
  readonly intent: Intent;
  readonly name: string; // of what is expected
}

async function sides(console: Console, path: string | undefined, options: Options, host: LiveHost): Promise<Sides> {
  if (options.in !== undefined) {
    const expected = await ofPolicy(console, path, options);
    const actual = await savedListing(console, options.in);
    return { ...expected, actual, side: sideNow(actual) };
  }
  const snapshot = await host.ask('snapshot', { callerPid: process.pid, connections: false });
  const { current } = snapshot.state;
  if (path !== undefined) {
    const actual = readFacts(console, snapshot).around.listing;
    return { ...(await ofPolicy(console, path, options, actual.mechanism)), actual, side: sideNow(actual) };
  }
  if (current === undefined) throw stop(EXIT.unusable, LIVE_PROBLEMS.nothingConfirmed);
  const { files } = await host.ask('recall', { number: current.number });
  const actual = readFacts(console, snapshot, files.mechanism).around.listing;
  const name = `change ${current.number}`;
  return {
    actual,
    expected: confirmed(name, files).withContainersOf(actual),
    side: 'standing', // a trial is no drift: what it goes back to may be
    intent: emptyIntent(console),
    name,
    ...(files.others === undefined ? {} : { atConfirmation: recorded(`the tables beside ${name}`, files.others) }),
  };
}

async function ofPolicy(
  console: Console,
  path: string | undefined,
  options: Options,
  mechanism: HostListing['mechanism'] = 'nftables',
) {
  const source = await policySource(console, path);
  const intent = soundHostPolicy(withContainers(console, options.docker), source, accountsOf(console, options.account));
  if (mechanism === 'iptables') {
    const { diagnostics } = TARGETS.iptables.lower(intent);
    if (hasErrors(diagnostics)) throw new Stop(EXIT.unusable, diagnostics);
    return { expected: HostListing.of(intent, mechanism), intent, name: source.name };
  }
  const { ast, diagnostics } = TARGETS.nftables.lower(intent);
  if (hasErrors(diagnostics)) throw new Stop(EXIT.unusable, diagnostics);
  const text = TARGETS.nftables
    .print(ast)
    .map((each) => each.text)
    .join('');
  return { expected: recorded(source.name, text), intent, name: source.name };
}

function confirmed(name: string, files: PersistedFiles): HostListing {
  if (files.mechanism === 'nftables') return recorded(name, files.ruleset);
  const policy = policyOfText(files.ruleset);
  if (policy !== undefined) return HostListing.ofIptables(policy);
  throw stop(EXIT.machine, LIVE_PROBLEMS.unreadRecord, name, 'its rules of iptables are not as we write them');
}

/** What was written by ourselves. */
function recorded(name: string, text: string): HostListing {
  const { listing, diagnostics } = HostListing.read([new SourceFile(`<${name}>`, text)]);
  if (listing !== undefined) return listing;
  throw stop(EXIT.machine, LIVE_PROBLEMS.unreadRecord, name, diagnostics[0]?.message ?? 'it is empty');
}

/** Drift is remembered where it was found; nothing hangs on it. */
async function note(host: LiveHost, { none, wider, narrower, elsewhere, foreign }: Drift): Promise<void> {
  if (none) return;
  const details = {
    wider: wider.length,
    narrower: narrower.length,
    elsewhere: elsewhere.length,
    stopped: foreign.stopped.length,
  };
  await noteInLedger(host, { event: 'drift', outcome: 'found', details });
}
