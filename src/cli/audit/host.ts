import type { HostFacts, OpenClawFacts } from '../../analysis/index.ts';
import { hasErrors } from '../../diagnostic/index.ts';
import { DISCOVERY_PROBLEMS } from '../../discover/index.ts';
import type { DockerFacts } from '../../docker/index.ts';
import { type Machine, machineAt } from '../../host/index.ts';
import { loadFacts } from '../../policy/index.ts';
import { type Console, EXIT } from '../console.ts';
import { readSource } from '../files.ts';
import { findConfig } from '../init/find-config.ts';
import { readConfig } from '../init/read-config.ts';
import { lookLive } from '../live/snapshot.ts';
import { reportDiagnostics, Stop } from '../report.ts';
import { liveFacts } from './live-facts.ts';
import { hostFacts } from './machine-facts.ts';

export interface HostOptions {
  readonly facts?: string; // a file
  readonly host?: boolean; // this machine
  readonly openclaw?: string; // its configuration
}

/**
 * What is known of the machine, from a file or by looking; a file counts more.
 * @param isLive whether this machine's rules are asked anyway: then its kernel has been asked with all rights, and tells more
 * @param docker its containers, where they are known: then Docker's records are not looked at
 * @throws Stop where a file cannot be used
 */
export async function factsFor(
  console: Console,
  options: HostOptions,
  isLive: boolean,
  docker: DockerFacts | undefined,
): Promise<HostFacts | undefined> {
  const seen =
    options.host === true || isLive ? await lookAt(console, machineAt(), options.openclaw, docker) : undefined;
  const looked = isLive ? { ...seen, ...liveFacts(await lookLive(console)) } : seen;
  if (options.facts === undefined) return looked;
  const { facts, diagnostics } = loadFacts(await readSource(console, options.facts));
  if (facts === undefined || hasErrors(diagnostics)) throw new Stop(EXIT.unusable, diagnostics);
  reportDiagnostics(console, diagnostics);
  return { ...looked, ...facts };
}

/** This machine. A configuration of OpenClaw that is not there, or that may not be read, says nothing. */
async function lookAt(
  console: Console,
  machine: Machine,
  named: string | undefined,
  docker: DockerFacts | undefined,
): Promise<HostFacts> {
  const place = findConfig(machine, console.env, console.cwd, named);
  const path = place.kind === 'found' ? place.path : place.kind === 'several' ? place.paths[0] : undefined;
  return hostFacts(
    machine,
    path === undefined ? undefined : openclawFacts(console, path, machine, named !== undefined),
    docker,
  );
}

function openclawFacts(
  console: Console,
  path: string,
  machine: Machine,
  mustBeRead: boolean,
): OpenClawFacts | undefined {
  try {
    const { listeners, diagnostics } = readConfig(console, path, machine);
    return {
      config: path,
      exposed: listeners
        .filter(({ reach }) => reach === 'private')
        .map(({ name, protocol, port }) => ({ name, protocol, port })),
      proxyWithoutUrl: diagnostics.some(({ code }) => code === DISCOVERY_PROBLEMS.proxyWithoutUrl.code),
    };
  } catch (error) {
    if (error instanceof Stop && !mustBeRead) return undefined;
    throw error;
  }
}
