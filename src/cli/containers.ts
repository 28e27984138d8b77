import { type DockerFacts, readDocker } from '../docker/index.ts';
import { dockerListings } from '../host/docker.ts';
import { SourceFile } from '../source/index.ts';
import { type Console, EXIT } from './console.ts';
import { decoded, LIVE, readFile } from './files.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { reportDiagnostics, Stop, stop } from './report.ts';

/** The words of the `--docker` option, the same for every command that takes a policy. */
export const DOCKER_OPTION =
  'what runs on the machine that is meant, instead of asking this one’s Docker: `docker network inspect`, `docker inspect`, `docker info --format json`, a Compose file, daemon.json (repeatable)';

/** What Docker runs on this machine; `undefined` where it has none that answers. */
export function liveContainers(): DockerFacts | undefined {
  const listed = dockerListings();
  if (listed === undefined) return undefined;
  return readDocker(Object.entries(listed).map(([name, text]) => new SourceFile(`<docker ${name}>`, text))).facts;
}

/**
 * The console of a command that reads a policy: it knows whom to ask for containers, should a zone need them. This machine's Docker, unless
 * the user means other ones. @throws Stop where a file cannot be used, once it is asked for
 */
export function withContainers(console: Console, files: readonly string[] | undefined): Console {
  return { ...console, containers: files === undefined ? liveContainers : () => containersOf(console, files) };
}

export function containersOf(console: Console, files: readonly string[]): DockerFacts | undefined {
  if (files.includes(LIVE)) return liveContainers();
  const { facts, diagnostics } = readDocker(dockerSources(console, files));
  if (facts === undefined) throw new Stop(EXIT.unusable, diagnostics);
  reportDiagnostics(console, diagnostics);
  return facts;
}

/** @throws Stop where one cannot be read */
export function dockerSources(console: Console, files: readonly string[]): SourceFile[] {
  return files.map((path) => source(console, path));
}

function source(console: Console, path: string): SourceFile {
  const content = readFile(console, path);
  if (typeof content === 'string') throw stop(EXIT.unusable, CLI_PROBLEMS.unreadable, path, content);
  const text = decoded(content);
  if (text === undefined) throw stop(EXIT.unusable, CLI_PROBLEMS.unreadable, path, 'it is not UTF-8 text');
  return new SourceFile(path, text);
}
