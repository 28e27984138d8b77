import { type ClusterChange, ConnectionSet, clusterDifference, formatEnd } from '../../cluster/index.ts';
import { type Diagnostic, escapeControls } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { type Console, EXIT, type ExitCode, type TextOutput, writeJson } from '../console.ts';
import { longWork } from '../long-work.ts';
import { diagnosticsJson, type OpaqueJson, placeJson } from '../report.ts';
import { clusterOf } from './input.ts';
import { formatConnection } from './question.ts';
import type { AllowedJson } from './reach-output.ts';

/** What one folder of manifests lets through that another does not, as other programs read it (schema/diff.json). */
interface ClusterDiffJson {
  readonly equal: boolean;
  readonly wider: readonly ChangeJson[];
  readonly narrower: readonly ChangeJson[];
  readonly opaque: readonly OpaqueJson[];
}

interface ChangeJson {
  readonly packets: string;
  readonly witness: string; // a flow expression
  readonly from: string;
  readonly to: string;
  readonly allowed: readonly AllowedJson[]; // of TCP, UDP and SCTP
  readonly workload?: string; // new or gone
}

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

const TOLD_AT_MOST = 50; // lines on each side

function clusterDiffText(
  output: TextOutput,
  found: ClusterDiffJson,
  [before, after]: readonly [string, string],
): string {
  const { colors } = output;
  const lines: string[] = [];
  const tell = (title: string, changes: readonly ChangeJson[], gone: string, paint: (text: string) => string): void => {
    if (changes.length === 0) return;
    lines.push(paint(title));
    for (const { packets, witness, workload } of changes.slice(0, TOLD_AT_MOST)) {
      const alone = workload === undefined ? '' : ` (${workload} is only in ${gone})`;
      lines.push(`  ${escapeControls(packets + alone)}`, colors.dim(`    for example ${escapeControls(witness)}`));
    }
    const rest = changes.length - TOLD_AT_MOST;
    if (rest > 0) lines.push(`  ... and ${rest} more (\`--json\` has them all)`);
  };
  tell(`${after} lets through what ${before} does not:`, found.wider, after, colors.red);
  tell(`${before} lets through what ${after} does not:`, found.narrower, before, colors.yellow);
  for (const { file, line, text, reason } of found.opaque) {
    const place = escapeControls(`${file}:${line}: ${text} (${reason})`);
    lines.push(`not understood, so the comparison may be wrong: ${place}`);
  }
  if (found.equal) lines.push(colors.green(`${before} and ${after} let the same connections through`));
  return `${lines.join('\n')}\n`;
}
