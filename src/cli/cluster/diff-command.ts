import { type ClusterChange, ConnectionSet, clusterDifference, formatEnd } from '../../cluster/index.ts';
import type { Diagnostic } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { longWork } from '../long-work.ts';
import { diagnosticsJson, placeJson } from '../report.ts';
import { type ChangeJson, type ClusterDiffJson, clusterDiffText } from './diff-text.ts';
import { clusterOf } from './input.ts';
import { formatConnection } from './question.ts';

export interface ClusterDiffOptions {
  readonly before: readonly SourceFile[];
  readonly after: readonly SourceFile[];
  readonly names: readonly [before: string, after: string]; // as the user called them
  readonly despiteErrors: boolean;
  readonly json: boolean;
}

/** `diff` of two folders of manifests. */
export async function diffOfClusters(console: Console, options: ClusterDiffOptions): Promise<ExitCode> {
  const before = await clusterOf(console, options.before, options.despiteErrors);
  const after = await clusterOf(console, options.after, options.despiteErrors);
  const found = longWork(console, 'comparing', (): ClusterDiffJson => {
    const difference = clusterDifference(before.cluster, after.cluster);
    const wider = Array.from(difference.wider(), changeJson);
    const narrower = Array.from(difference.narrower(), changeJson);
    const opaque = [...difference.opaque.a, ...difference.opaque.b];
    return {
      equal: wider.length === 0 && narrower.length === 0,
      wider,
      narrower,
      opaque: opaque.map(({ span, text, reason }) => ({ ...placeJson(span), text, reason })),
    };
  });
  const problems: readonly Diagnostic[] = [...before.problems, ...after.problems];
  if (options.json)
    writeJson(console, { ...found, ...(problems.length === 0 ? {} : { problems: diagnosticsJson(problems) }) });
  else console.stdout.write(clusterDiffText(console.stdout, found, options.names));
  if (before.exitCode !== EXIT.holds || after.exitCode !== EXIT.holds) return EXIT.unusable;
  return found.equal ? EXIT.holds : EXIT.findings;
}

function changeJson({ from, to, allowed, witness, workload }: ClusterChange): ChangeJson {
  const [start, end] = [formatEnd(from), formatEnd(to)];
  return {
    packets: `${start} -> ${end}: ${allowed}`,
    witness: formatConnection({ ...witness, asked: ConnectionSet.none }, witness.connection),
    from: start,
    to: end,
    allowed: allowed.allowed(),
    ...(workload === undefined ? {} : { workload }),
  };
}
