import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { tokenDigest } from '../../gateway/index.ts';
import { SYSLOG_SOCKET } from '../../host/index.ts';
import { isProxyUser, POLICY_PROBLEMS } from '../../policy/index.ts';
import { ACCOUNT_OPTION, collect } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { askGateway, CONTROL_SOCKET, SOCKET_OPTION } from '../gateway/client.ts';
import { missingHere } from '../gateway/enforced.ts';
import { GATEWAY_PROBLEMS } from '../gateway/problems.ts';
import { LOG_FILE, type RunOptions, runGateway, STATE_FOLDER } from '../gateway/run.ts';
import { healthText } from '../gateway/text.ts';
import { gatewayUnit } from '../gateway/unit.ts';
import { runVerify, type VerifyOptions } from '../gateway/verify.ts';
import { liveHost } from '../live/host.ts';
import { DEFAULT_POLICY, POLICY_ARGUMENT } from '../policy-input.ts';
import { stop } from '../report.ts';

interface AskOptions {
  readonly socket?: string;
  readonly json?: boolean;
}

export function gatewayCommand(console: Console): Command {
  const command = new Command('gateway').description(
    'The egress gateway: takes the names that agents ask for, asks the policy, resolves and connects itself.',
  );
  command.addCommand(runCommand(console).copyInheritedSettings(command));
  command.addCommand(statusCommand(console).copyInheritedSettings(command));
  command.addCommand(reloadCommand(console).copyInheritedSettings(command));
  command.addCommand(verifyCommand(console).copyInheritedSettings(command));
  command.addCommand(unitCommand(console).copyInheritedSettings(command));
  command.addCommand(tokenCommand(console).copyInheritedSettings(command));
  return command;
}

function runCommand(console: Console): Command {
  return new Command('run')
    .description(
      'Runs the gateway of a policy in the foreground: DNS, HTTP and SOCKS proxy, transparent proxy. Started by root, it sees that the kernel enforces the policy, and becomes the account of the gateway.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--observe', 'let through what the policy does not name, and record it as what would be denied')
    .option('--unenforced', 'start although agents can go around it: for a trial of the gateway alone')
    .option('--log <file>', `where decisions are recorded, a JSON line each (default: ${LOG_FILE})`)
    .option(
      '--syslog [socket]',
      `record them in the machine’s own log, too, as RFC 5424 has it (default: ${SYSLOG_SOCKET})`,
    )
    .option('--state <folder>', `where requests for access are kept (default: ${STATE_FOLDER})`)
    .option('--socket <path>', `where it hears its operators (default: ${CONTROL_SOCKET})`)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .addHelpText(
      'after',
      '\nSIGHUP reads the policy again, SIGTERM ends the gateway.\nExit codes: 0 ended as it was told; 2 the policy cannot be used or has no gateway; 3 the kernel does not enforce the policy; 4 it cannot listen, keep records, or become its account.',
    )
    .action(async (policy: string | undefined, options: RunOptions) => {
      console.exitCode = await runGateway(console, policy, options, missingHere(console, liveHost()));
    });
}

function verifyCommand(console: Console): Command {
  return new Command('verify')
    .description(
      'Tries from the agent’s own account what must not be reachable: addresses, other resolvers, names that no flow has, past the proxy and through it.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--as <account>', 'try as this account (default: the one that the first flow by name begins at)')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing got out; 1 something did; 2 the policy cannot be used or has no gateway; 4 it cannot run as the agent.',
    )
    .action(async (policy: string | undefined, options: VerifyOptions) => {
      console.exitCode = await runVerify(console, policy, options);
    });
}

function unitCommand(console: Console): Command {
  return new Command('unit')
    .description('Prints a systemd unit that keeps the gateway of a policy running.')
    .argument('[policy]', POLICY_ARGUMENT)
    .addHelpText(
      'after',
      '\nFor example: portcullis gateway unit /etc/portcullis/portcullis.yaml > /etc/systemd/system/portcullis-gateway.service',
    )
    .action((policy: string | undefined) => {
      const [node, main = ''] = [process.execPath, process.argv[1]];
      const path = resolve(console.cwd, policy ?? DEFAULT_POLICY);
      console.stdout.write(gatewayUnit({ node, main: resolve(console.cwd, main), policy: path }));
      console.exitCode = EXIT.holds;
    });
}

const TOKEN_BYTES = 32; // of chance: nothing to guess, so that a plain digest keeps it

function tokenCommand(console: Console): Command {
  return new Command('token')
    .description('Makes a new token for a client of the proxies: it is shown once, the policy holds its digest.')
    .argument('<user>', 'the user that the client shows')
    .argument('<zone>', 'the zone of the policy that alone may show it')
    .addHelpText(
      'after',
      '\nThe line for the policy goes to standard output, below `gateway: credentials:`; the token to standard error.',
    )
    .action((user: string, zone: string) => {
      if (!isProxyUser(user)) throw stop(EXIT.unusable, POLICY_PROBLEMS.badProxyUser, user);
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      console.stdout.write(
        `- { user: ${user}, zone: ${JSON.stringify(zone)}, digest: "${tokenDigest(token).toString('hex')}" }\n`,
      );
      console.stderr.write(`token of ${user}, which is nowhere else: ${token}\n`);
      console.exitCode = EXIT.holds;
    });
}

function statusCommand(console: Console): Command {
  return new Command('status')
    .description('Whether the gateway is well, what is open now, and its figures as Prometheus reads them.')
    .option('--metrics', 'print the figures in the text format of Prometheus')
    .option('--socket <path>', SOCKET_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nExit codes: 0 it is well; 1 it has troubles; 4 no gateway answers.')
    .action(async (options: AskOptions & { readonly metrics?: boolean }) => {
      console.exitCode = await runStatus(console, options);
    });
}

async function runStatus(console: Console, options: AskOptions & { readonly metrics?: boolean }): Promise<ExitCode> {
  const socket = options.socket ?? CONTROL_SOCKET;
  const health = await askGateway(socket, 'GET', '/health');
  const connections = await askGateway(socket, 'GET', '/connections');
  if (options.metrics === true) console.stdout.write((await askGateway(socket, 'GET', '/metrics')).text);
  else if (options.json === true) writeJson(console, { ...JSON.parse(health.text), ...JSON.parse(connections.text) });
  else console.stdout.write(healthText(console.stdout, health.text, connections.text));
  return health.status === 200 ? EXIT.holds : EXIT.findings;
}

function reloadCommand(console: Console): Command {
  return new Command('reload')
    .description('Makes the gateway read its policy again: what is no longer allowed is cut, the rest goes on.')
    .option('--socket <path>', SOCKET_OPTION)
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nExit codes: 0 done; 2 the policy cannot be used, the old one stays; 4 no gateway answers.')
    .action(async (options: AskOptions) => {
      const { status, text } = await askGateway(options.socket ?? CONTROL_SOCKET, 'POST', '/reload');
      const reloaded: { readonly cut?: number; readonly problems?: readonly string[] } = JSON.parse(text);
      if (status !== 200)
        throw stop(EXIT.unusable, GATEWAY_PROBLEMS.notReloaded, (reloaded.problems ?? [text]).join('; '));
      if (options.json === true) writeJson(console, reloaded);
      else console.stdout.write(`the policy was read again; ${reloaded.cut ?? 0} connections were cut\n`);
    });
}
