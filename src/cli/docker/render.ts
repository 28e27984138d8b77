import { basename, join } from 'node:path';
import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import {
  type ComposeProject,
  type ContainerZone,
  type DockerFacts,
  NO_FACTS,
  readDocker,
  withStandIns,
} from '../../docker/index.ts';
import type { Intent } from '../../ir/index.ts';
import { loadPolicyText } from '../../policy/index.ts';
import { containerZones, hostIntent } from '../../resolve/index.ts';
import { SourceFile } from '../../source/index.ts';
import {
  type Artifact,
  DOCKER_OVERRIDE_FILE,
  DOCKER_RENDER_PROBLEMS,
  type DockerPlacement,
  layOut,
  writeDocker,
} from '../../target/index.ts';
import { dockerFaults, VERIFY_PROBLEMS } from '../../verify/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT } from '../console.ts';
import { dockerSources, liveContainers } from '../containers.ts';
import { LIVE } from '../files.ts';
import { longWork } from '../long-work.ts';
import { type Accounts, filesOf, policySource, readPolicy, soundHostPolicy } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { Stop, stop } from '../report.ts';

interface DockerRenderOptions {
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly harden?: boolean;
  readonly put?: readonly string[];
}

export interface RenderedDocker {
  readonly artifacts: readonly Artifact[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What Docker is to be told, held against the policy. @throws Stop where it cannot be said, or does not hold */
export async function renderDocker(
  console: Console,
  path: string | undefined,
  options: DockerRenderOptions,
): Promise<RenderedDocker> {
  const policy = await policySource(console, path);
  const accounts = accountsOf(console, options.account);
  const zones = containerZones(loadPolicyText(policy, filesOf(console)).policy?.zones ?? []);
  const given = givenFiles(console, options.docker);
  const layout = layOut(given.facts, given.project, zones, (options.put ?? []).map(placement));
  if (hasErrors(layout.diagnostics)) throw new Stop(EXIT.unusable, layout.diagnostics);
  const facts = withStandIns(layout.facts);
  const intent = soundHostPolicy({ ...console, containers: () => facts }, policy, accounts);
  const written = writeDocker(layout, facts, intent, { harden: options.harden === true });
  if (hasErrors(written.diagnostics)) throw new Stop(EXIT.unusable, written.diagnostics);
  const faults = readBack(console, { policy, accounts, zones, ...given }, written.artifacts);
  if (faults.length > 0) throw new Stop(EXIT.machine, faults);
  return { artifacts: written.artifacts, diagnostics: [...given.diagnostics, ...written.diagnostics] };
}

function placement(text: string): DockerPlacement {
  const [, service, zone] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (service === undefined || zone === undefined)
    throw stop(
      EXIT.unusable,
      CLI_PROBLEMS.usage,
      `\`${text}\` is no place for a service`,
      'write it as `--put SERVICE=ZONE`',
    );
  return { service, zone };
}

interface Given {
  readonly files: readonly SourceFile[];
  readonly facts: DockerFacts;
  readonly project?: ComposeProject;
  readonly diagnostics: readonly Diagnostic[];
}

function givenFiles(console: Console, paths: readonly string[] | undefined): Given {
  if (paths === undefined || paths.includes(LIVE))
    return { files: [], facts: liveContainers() ?? NO_FACTS, diagnostics: [] };
  // What was written before is written anew, and must not narrow what the user's own files say.
  const own = paths.filter((path) => basename(path) !== DOCKER_OVERRIDE_FILE);
  const files = dockerSources(console, own);
  const { facts, projects, diagnostics } = readDocker(files);
  if (facts === undefined) throw new Stop(EXIT.unusable, diagnostics);
  const names = projects.map(({ name }) => name);
  if (projects.length > 1) throw stop(EXIT.unusable, DOCKER_RENDER_PROBLEMS.severalProjects, names);
  const [project] = projects;
  return { files, facts, diagnostics, ...(project === undefined ? {} : { project }) };
}

/** What a text is held against. */
export interface DockerGround extends Given {
  readonly policy: SourceFile;
  readonly accounts: Accounts;
  readonly zones: readonly ContainerZone[];
}

/**
 * What is wrong with what was written: it is laid over the files that it is for, as Compose does, the policy is resolved with what that
 * makes of them, and every port is asked about.
 */
export function readBack(
  console: Console,
  { policy, accounts, zones, files, facts: before, project }: DockerGround,
  artifacts: readonly Artifact[],
): readonly Diagnostic[] {
  const override = artifacts.find(({ name }) => name === DOCKER_OVERRIDE_FILE);
  if (project === undefined || override === undefined) return [];
  const folder = project.files[0]?.name.split('/').slice(0, -1).join('/') ?? '';
  const read = readDocker([...files, new SourceFile(join(folder, override.name), override.text)]);
  const own = read.projects.find(({ name }) => name === project.name)?.networks ?? [];
  if (read.facts === undefined) return [unread(read.diagnostics)];
  const isMade = (external: boolean) =>
    new Set(own.flatMap((each) => (each.external === external ? [each.facts.name] : [])));
  const after = withStandIns(asLaidOut(read.facts, isMade(true), zones));
  const made = isMade(false);
  const resolved = readPolicy({ ...console, containers: () => after }, policy, accounts);
  if (resolved.intent === undefined) return [unread(resolved.diagnostics)];
  const intent: Intent = hostIntent(resolved.intent);
  return longWork(console, 'proving', (watcher) => dockerFaults({ intent, zones, made, before, after }, watcher));
}

/** Networks that are made elsewhere are taken to be as their zones lay them out: the script that is written beside makes them so. */
function asLaidOut(facts: DockerFacts, external: ReadonlySet<string>, zones: readonly ContainerZone[]): DockerFacts {
  const networks = facts.networks.map((network) => {
    const own = external.has(network.name) ? zones.filter((zone) => zone.network === network.name) : [];
    const subnets = own.flatMap((zone) => zone.subnets);
    const bridge = own.find((zone) => zone.bridge !== undefined)?.bridge;
    return subnets.length === 0 ? network : { ...network, subnets, ...(bridge === undefined ? {} : { bridge }) };
  });
  return { ...facts, networks };
}

function unread(diagnostics: readonly Diagnostic[]): Diagnostic {
  return diagnose(VERIFY_PROBLEMS.unread, undefined, 'Docker', diagnostics[0]?.message ?? 'nothing was found');
}
