import { userInfo } from 'node:os';
import { Command } from 'commander';
import { seconds } from '../apply/duration.ts';
import { type Console, EXIT, JSON_OPTION, writeJson } from '../console.ts';
import { askGateway, CONTROL_SOCKET, SOCKET_OPTION } from '../gateway/client.ts';
import { GATEWAY_PROBLEMS } from '../gateway/problems.ts';
import { requestsText, requestText } from '../gateway/text.ts';
import { stop } from '../report.ts';

interface Options {
  readonly socket?: string;
  readonly json?: boolean;
  readonly for?: number; // seconds
}

const HOUR = 3_600;
const LONGEST = 30 * 86_400;

export function requestsCommand(console: Console): Command {
  const command = new Command('requests')
    .description('What agents asked the gateway for and no flow allows; approved for a time, or refused.')
    .option('--socket <path>', SOCKET_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nExit codes: 0 told or done; 4 no gateway answers, or it knows no such request.')
    .action(async (options: Options) => {
      const { text } = await asked(options, 'GET', '/requests');
      if (options.json === true) writeJson(console, JSON.parse(text));
      else console.stdout.write(requestsText(console.stdout, text));
    });
  command.addCommand(
    new Command('approve')
      .description('Allows what was asked for, for this agent, host and service alone; it ends by itself.')
      .argument('<id>', 'the request, as `portcullis requests` shows it')
      .option('--for <time>', 'how long, such as 30m or 24h', seconds({ least: 1, most: LONGEST }), HOUR)
      .action(async (id: string, _: Options, self: Command) => {
        await settle(console, self.optsWithGlobals<Options>(), id, 'approve');
      })
      .copyInheritedSettings(command),
  );
  command.addCommand(
    new Command('refuse')
      .description('Refuses what was asked for, so that it is not shown as pending again.')
      .argument('<id>', 'the request, as `portcullis requests` shows it')
      .action(async (id: string, _: Options, self: Command) => {
        await settle(console, self.optsWithGlobals<Options>(), id, 'refuse');
      })
      .copyInheritedSettings(command),
  );
  return command;
}

async function settle(console: Console, options: Options, id: string, what: 'approve' | 'refuse'): Promise<void> {
  const path = `/requests/${encodeURIComponent(id)}/${what}`;
  const by = console.env.SUDO_USER ?? userInfo().username;
  const { text } = await asked(options, 'POST', path, {
    by,
    ...(what === 'approve' ? { seconds: options.for ?? HOUR } : {}),
  });
  if (options.json === true) writeJson(console, JSON.parse(text));
  else console.stdout.write(requestText(console.stdout, text));
}

/** @throws Stop where the gateway does not answer, or does not do it */
async function asked(options: Options, method: 'GET' | 'POST', path: string, body?: object) {
  const reply = await askGateway(options.socket ?? CONTROL_SOCKET, method, path, body);
  if (reply.status === 200) return reply;
  const { error }: { readonly error?: string } = JSON.parse(reply.text);
  throw stop(EXIT.machine, GATEWAY_PROBLEMS.said, error ?? reply.text);
}
