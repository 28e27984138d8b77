import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Proposal, proposePolicy } from '../../discover/index.ts';
import type { DockerFacts } from '../../docker/index.ts';
import { type Machine, machineAt, writeNewFile } from '../../host/index.ts';
import { SourceFile } from '../../source/index.ts';
import { collect } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { STDIN } from '../files.ts';
import { accountsOf, findConfig } from '../init/find-config.ts';
import { machineFacts } from '../init/machine-facts.ts';
import { INIT_PROBLEMS } from '../init/problems.ts';
import { readConfig, reasonOf } from '../init/read-config.ts';
import { catalog, DEFAULT_POLICY, readPolicy } from '../policy-input.ts';
import { diagnosticJson, reportDiagnostics, stop } from '../report.ts';

export interface InitOptions {
  readonly config?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly user?: string;
  readonly proxyUser?: string;
  readonly docker?: readonly string[];
  readonly openclaw?: boolean; // false with `--no-openclaw`
  readonly json?: boolean;
}

export function initCommand(console: Console): Command {
  return new Command('init')
    .description('Looks at OpenClaw’s configuration and at this machine, and writes a policy with only what they need.')
    .option('--config <file>', 'the configuration of OpenClaw (default: where OpenClaw itself looks)')
    .option('-o, --output <file>', `where to write the policy; - is standard output (default: ${DEFAULT_POLICY})`)
    .option('--force', 'replace a policy that is there')
    .option('--user <name>', 'the account that OpenClaw runs under (default: the owner of its configuration)')
    .option('--proxy-user <name>', 'the account that OpenClaw’s proxy on this machine runs under')
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--no-openclaw', 'a policy for this machine alone')
    .option('--json', JSON_OPTION)
    .action(async (options: InitOptions) => {
      const { containers } = withContainers(console, options.docker);
      console.exitCode = await runInit(console, options, machineAt(), containers);
    });
}

/**
 * @param containers what Docker runs on the machine, asked where there are bridges
 * @throws Stop where there is no configuration to be used, or no place for the policy.
 */
export async function runInit(
  console: Console,
  options: InitOptions,
  machine: Machine,
  containers: () => DockerFacts | undefined = () => undefined,
): Promise<ExitCode> {
  const output = options.output ?? DEFAULT_POLICY;
  const target = output === STDIN ? undefined : resolve(console.cwd, output);
  if (target !== undefined && options.force !== true && machine.exists(target))
    throw stop(EXIT.refused, INIT_PROBLEMS.exists, output);

  const config = options.openclaw === false ? undefined : configPath(console, options, machine);
  const discovery = config === undefined ? undefined : readConfig(console, config, machine);
  const proposal = proposePolicy({
    ...(discovery === undefined ? {} : { discovery }),
    ...(options.user === undefined ? {} : { agentAccount: options.user }),
    ...(options.proxyUser === undefined ? {} : { proxyAccount: options.proxyUser }),
    machine: await machineFacts(machine, console.env, config, containers),
    catalog: catalog(),
  });
  refuseFaulty(console, proposal.text, machine);
  if (target !== undefined) {
    const problem = writeNewFile(target, proposal.text, options.force === true);
    if (problem?.code === 'EEXIST') throw stop(EXIT.refused, INIT_PROBLEMS.exists, output);
    if (problem !== undefined) throw stop(EXIT.machine, INIT_PROBLEMS.unwritable, output, reasonOf(problem.code));
  }
  answer(console, options, proposal, { config, written: target === undefined ? undefined : output });
  return EXIT.holds;
}

function configPath(console: Console, options: InitOptions, machine: Machine): string {
  const place = findConfig(machine, console.env, console.cwd, options.config);
  switch (place.kind) {
    case 'found':
      return place.path;
    case 'several':
      throw stop(EXIT.unusable, INIT_PROBLEMS.severalConfigs, place.paths);
    case 'none':
      throw stop(EXIT.unusable, INIT_PROBLEMS.noConfig, place.looked);
  }
}

/** What is written must be a policy: if it is none, that is our mistake, and nobody else's to find. */
function refuseFaulty(console: Console, text: string, machine: Machine): void {
  const accounts = new Map(accountsOf(machine).map(({ name, uid }) => [name, uid]));
  const { intent, diagnostics } = readPolicy(console, new SourceFile(DEFAULT_POLICY, text), accounts);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (intent === undefined) throw new Error(`the policy that init made has errors: ${errors[0]?.message}`);
}

interface Answered {
  readonly config: string | undefined;
  readonly written: string | undefined; // where the policy went; absent: to standard output
}

function answer(console: Console, { json }: InitOptions, proposal: Proposal, { config, written }: Answered): void {
  if (json === true) {
    writeJson(console, {
      ok: true,
      ...(written === undefined ? {} : { file: written }),
      ...(config === undefined ? {} : { config }),
      policy: proposal.text,
      flows: proposal.flows,
      diagnostics: proposal.diagnostics.map(diagnosticJson),
    });
    return;
  }
  reportDiagnostics(console, proposal.diagnostics);
  if (written === undefined) {
    console.stdout.write(proposal.text);
    return;
  }
  const { colors } = console.stdout;
  const names = (offered: boolean): string =>
    proposal.flows
      .filter((flow) => flow.offered === offered)
      .map(({ name }) => name)
      .join(', ');
  const lines = [
    ...(proposal.diagnostics.length > 0 ? [''] : []),
    `${colors.bold('wrote')} ${written}${config === undefined ? '' : `, from ${config}`}`,
    `  allows   ${names(false)}`,
    ...(names(true) === '' ? [] : [`  offers   ${names(true)} (as comments: uncomment what you want)`]),
    '  denies   everything else, in and out, IPv4 and IPv6',
    '',
    `next: read ${written}, then \`portcullis check ${written}\` and \`portcullis test --lab ${written}\``,
    '',
  ];
  console.stdout.write(lines.join('\n'));
}
