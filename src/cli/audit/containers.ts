import type { DockerFacts } from '../../docker/index.ts';
import { readDocker } from '../../docker/index.ts';
import { machineAt } from '../../host/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type Console, EXIT } from '../console.ts';
import { containersOf, liveContainers } from '../containers.ts';
import { LIVE } from '../files.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { reportDiagnostics, stop } from '../report.ts';

export interface ContainerOptions {
  readonly docker?: readonly string[]; // files, or `live`
  readonly host?: boolean; // this machine
}

/**
 * The containers that are audited: those of files, or where this machine is looked at, its own; `undefined` where nobody asks for any.
 * @throws Stop where they are asked for and cannot be known
 */
export function auditedContainers(
  console: Console,
  { docker, host }: ContainerOptions,
  isLive: boolean,
): DockerFacts | undefined {
  if (docker === undefined) return host === true || isLive ? withSettings(console, liveContainers()) : undefined;
  const facts = containersOf(console, docker);
  if (facts === undefined) throw stop(EXIT.machine, CLI_PROBLEMS.noDocker);
  return docker.includes(LIVE) ? withSettings(console, facts) : facts;
}

const SETTINGS = '/etc/docker/daemon.json';

/** The daemon does not tell how it was set up: its file does, where it has one that can be read. */
function withSettings(console: Console, facts: DockerFacts | undefined): DockerFacts | undefined {
  const reading = machineAt().read(SETTINGS);
  if (facts === undefined || !('text' in reading)) return facts;
  const { facts: settings, diagnostics } = readDocker([new SourceFile(SETTINGS, reading.text)]);
  if (settings === undefined) reportDiagnostics(console, diagnostics);
  return { ...facts, daemon: { ...facts.daemon, ...settings?.daemon } };
}

/** What an audit of containers alone cannot know, in one line. */
export function unseenText({ daemon, networks, containers }: DockerFacts): string {
  const known = new Set(networks.map(({ name }) => name));
  const isMissing = containers.some(({ attachments }) => attachments.some(({ network }) => !known.has(network)));
  const unseen = [
    'whether a firewall keeps strangers away (no ruleset)',
    ...(daemon.span === undefined ? ['how the daemon is set up (no daemon.json)'] : []),
    ...(isMissing ? ['how networks are laid out (no `docker network inspect`)'] : []),
  ];
  return `not looked at: ${unseen.join('; ')}\n`;
}
