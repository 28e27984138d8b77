import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import type { Cluster } from '../../kubernetes/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type Console, EXIT, type ExitCode } from '../console.ts';
import { readSources, returnSource, STDIN } from '../files.ts';
import { type Format, formatOf } from '../format.ts';
import { longWork } from '../long-work.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { reportDiagnostics, Stop } from '../report.ts';

/** What a command was given: manifests of a cluster, and the rest. */
export interface GivenFiles {
  readonly manifests: readonly SourceFile[];
  readonly others: readonly string[]; // as the user named them; standard input can still be read
}

/**
 * Tells manifests from everything else that a command may be asked about. A folder with one is a folder of manifests: what else lies there
 * is passed over by their reader, with a word.
 */
export async function givenFiles(console: Console, names: readonly string[], format?: Format): Promise<GivenFiles> {
  const manifests: SourceFile[] = [];
  const others: string[] = [];
  for (const name of names) {
    if (LIVE_CLUSTER.test(name)) {
      manifests.push(...(await liveCluster(console, name)));
      continue;
    }
    const sources = await peek(console, name);
    if (sources.some((source) => (format ?? formatOf(source)) === 'kubernetes')) manifests.push(...sources);
    else {
      others.push(name);
      if (name === STDIN) for (const source of sources) returnSource(console, source);
    }
  }
  return { manifests, others };
}

/** In place of files: the cluster that kubectl speaks to, or that of a context. A file of that name is `./live-cluster`. */
const LIVE_CLUSTER = /^live-cluster(?::(?<context>.+))?$/;

/** What of a live cluster could not be listed, told together with what is wrong with its manifests. */
const unlisted = new WeakMap<SourceFile, readonly Diagnostic[]>();

async function liveCluster(console: Console, name: string): Promise<readonly SourceFile[]> {
  const { liveManifests } = await import('./live.ts');
  const { sources, problems } = await liveManifests(console, name, LIVE_CLUSTER.exec(name)?.groups?.context);
  const all = sources.length === 0 ? [new SourceFile(`<${name}>`, '')] : sources; // nobody may list anything
  unlisted.set(all[0]!, problems);
  return all;
}

const NOT_FILES: readonly string[] = ['live'];

async function peek(console: Console, name: string): Promise<readonly SourceFile[]> {
  return NOT_FILES.includes(name) ? [] : readSources(console, [name]);
}

export const DESPITE_ERRORS =
  'answer although some manifests cannot be used: what they say is left out, and the command still ends with 2';

export interface ReadManifests {
  readonly cluster: Cluster;
  readonly problems: readonly Diagnostic[]; // errors, where the user wants an answer all the same
  readonly exitCode: ExitCode; // 2 where the answer is unsound
}

/** @throws Stop where there are errors and the user has not said that an answer is wanted all the same */
export async function clusterOf(
  console: Console,
  manifests: readonly SourceFile[],
  despiteErrors: boolean,
): Promise<ReadManifests> {
  const { readCluster } = await import('../../kubernetes/index.ts'); // most questions are about a machine
  const read = longWork(console, 'reading', () => readCluster(manifests));
  const { cluster } = read;
  const diagnostics = [...manifests.flatMap((source) => unlisted.get(source) ?? []), ...read.diagnostics];
  const unknown = cluster.opaque.map(({ span, text, reason }) => diagnose(CLI_PROBLEMS.opaque, span, text, reason));
  const all = [...diagnostics, ...unknown];
  if (hasErrors(diagnostics) && !despiteErrors) throw new Stop(EXIT.unusable, all);
  reportDiagnostics(console, all);
  const isSound = !hasErrors(diagnostics);
  return { cluster, problems: isSound ? [] : all, exitCode: isSound ? EXIT.holds : EXIT.unusable };
}
