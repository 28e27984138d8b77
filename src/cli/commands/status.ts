import { Command } from 'commander';
import { status } from '../../apply/index.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { readFacts, secondsLeft } from '../live/facts.ts';
import { type LiveHost, liveHost } from '../live/host.ts';
import { statusJson, statusText } from '../live/status-report.ts';
import { emptyIntent } from '../policy-input.ts';

interface Options {
  readonly json?: boolean;
}

export function statusCommand(console: Console): Command {
  return new Command('status')
    .description(
      'What is enforced on this machine, since when and by whom, what each flow has let through, and what other tables could still stop.',
    )
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nExit codes: 0 told; 4 the machine cannot be read.')
    .action(async (options: Options) => {
      console.exitCode = await runStatus(console, options, liveHost());
    });
}

/** @throws Stop where the machine cannot be read */
export async function runStatus(console: Console, options: Options, host: LiveHost): Promise<ExitCode> {
  const snapshot = await host.ask('snapshot', { callerPid: process.pid, connections: false });
  const { around, listed } = readFacts(console, snapshot);
  const trialSeconds = secondsLeft(snapshot);
  const found = status({
    listing: around.listing,
    listed,
    intent: emptyIntent(console),
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
  });
  if (options.json === true) writeJson(console, statusJson(found, snapshot.state));
  else console.stdout.write(statusText(console.stdout, found, snapshot.state));
  return EXIT.holds;
}
