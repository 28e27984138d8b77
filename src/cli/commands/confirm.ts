import { Command } from 'commander';
import { outcomeJson, outcomeText } from '../apply/outcome.ts';
import { ended } from '../apply/wait.ts';
import { type Console, EXIT, JSON_OPTION, writeJson } from '../console.ts';
import { liveHost } from '../live/host.ts';

interface Options {
  readonly sameSession?: boolean;
  readonly json?: boolean;
}

export function confirmCommand(console: Console): Command {
  return new Command('confirm')
    .description(
      'Makes the change that is on trial permanent. It counts from a session that was opened after the change: that shows that one can still get in.',
    )
    .option('--same-session', 'confirm from a session that was open before, which shows nothing')
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 permanent; 1 too late, the kernel has gone back; 3 nothing is on trial, or this session shows nothing; 4 the machine said no.',
    )
    .action(async (options: Options) => {
      const host = liveHost();
      const answer = await host.ask('confirm', { by: host.person, sameSession: options.sameSession === true });
      const found = ended(answer, 'it came too late');
      if (options.json === true) writeJson(console, outcomeJson(found));
      else console.stdout.write(outcomeText(console.stdout, found));
      console.exitCode = found.outcome === 'permanent' ? EXIT.holds : EXIT.findings;
    });
}
