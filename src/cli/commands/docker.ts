import { resolve } from 'node:path';
import { Command } from 'commander';
import { DOCKER_SOCKET, DockerEngine } from '../../host/index.ts';
import { loadPolicyText, type ZoneDeclaration } from '../../policy/index.ts';
import { LiveZones } from '../../resolve/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT, type ExitCode } from '../console.ts';
import { DOCKER_WATCH_PROBLEMS } from '../docker/problems.ts';
import { watchUnit } from '../docker/unit.ts';
import { DockerWatch } from '../docker/watch.ts';
import { ZoneSets } from '../docker/zone-sets.ts';
import { STDIN } from '../files.ts';
import { DEFAULT_POLICY, filesOf, POLICY_ARGUMENT, policySource, soundPolicy } from '../policy-input.ts';
import { Stop, stop } from '../report.ts';

export function dockerCommand(console: Console): Command {
  const command = new Command('docker').description('Docker’s containers under the policy, as they come and go.');
  command.addCommand(watchCommand(console).copyInheritedSettings(command));
  command.addCommand(unitCommand(console).copyInheritedSettings(command));
  return command;
}

function watchCommand(console: Console): Command {
  return new Command('watch')
    .description(
      'Follows Docker’s events in the foreground, and keeps who is in which zone: for zones that are told by container, label or Compose service. Who is in none is denied.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--socket <path>', `where the daemon is heard (default: ${DOCKER_SOCKET})`)
    .addHelpText(
      'after',
      '\nIt begins and ends with nobody in the zones: what it does not follow is closed.\nExit codes: 0 ended as it was told; 2 the policy cannot be used, or has no such zone; 4 the kernel’s rules cannot be read.',
    )
    .action(async (policy: string | undefined, options: { readonly socket?: string }) => {
      console.exitCode = await runWatch(console, policy, options.socket ?? DOCKER_SOCKET);
    });
}

async function runWatch(console: Console, path: string | undefined, socket: string): Promise<ExitCode> {
  const source = await policySource(console, path);
  soundPolicy(console, source, accountsOf(console)); // nobody need be there yet
  if (new LiveZones(zonesOf(console, source).zones).names.length === 0)
    throw stop(EXIT.unusable, DOCKER_WATCH_PROBLEMS.noZones, source.name);
  const sets = new ZoneSets();
  try {
    await sets.look();
  } catch (error) {
    throw stop(EXIT.machine, DOCKER_WATCH_PROBLEMS.noSets, error instanceof Error ? error.message : String(error));
  }
  const zonesNow = async (): Promise<readonly ZoneDeclaration[] | string> => {
    try {
      const { zones, problem } = zonesOf(console, path === STDIN ? source : await policySource(console, path));
      return problem ?? zones;
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return error.diagnostics.map(({ message }) => message).join('; ');
    }
  };
  const watch = new DockerWatch(new DockerEngine(socket), zonesNow, sets, (line) => console.stdout.write(`${line}\n`));
  const told = new Promise<void>((end) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end());
  });
  void watch.run();
  await told;
  await watch.end();
  process.exit(EXIT.holds); // the daemon's events are still listened to
}

function zonesOf(console: Console, source: SourceFile) {
  const { policy, diagnostics } = loadPolicyText(source, filesOf(console));
  const problem = diagnostics.find(({ severity }) => severity === 'error')?.message;
  return { zones: policy?.zones ?? [], problem };
}

function unitCommand(console: Console): Command {
  return new Command('unit')
    .description('Prints a systemd unit that keeps `docker watch` running, from before Docker starts.')
    .argument('[policy]', POLICY_ARGUMENT)
    .addHelpText(
      'after',
      '\nFor example: portcullis docker unit /etc/portcullis/portcullis.yaml > /etc/systemd/system/portcullis-docker.service',
    )
    .action((policy: string | undefined) => {
      const [node, main = ''] = [process.execPath, process.argv[1]];
      const path = resolve(console.cwd, policy ?? DEFAULT_POLICY);
      console.stdout.write(watchUnit({ node, main: resolve(console.cwd, main), policy: path }));
      console.exitCode = EXIT.holds;
    });
}
