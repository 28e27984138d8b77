import { escapeControls } from '../../diagnostic/index.ts';
import type { TextOutput } from '../console.ts';
import type { OpaqueJson } from '../report.ts';
import type { AllowedJson } from './reach-output.ts';

/** What one folder of manifests lets through that another does not, as other programs read it (schema/diff.json). */
export interface ClusterDiffJson {
  readonly equal: boolean;
  readonly wider: readonly ChangeJson[];
  readonly narrower: readonly ChangeJson[];
  readonly opaque: readonly OpaqueJson[];
}

export interface ChangeJson {
  readonly packets: string;
  readonly witness: string; // a flow expression; of pods that need not exist, in words
  readonly from: string;
  readonly to: string;
  readonly allowed?: readonly AllowedJson[]; // of TCP, UDP and SCTP; absent where no two workloads are meant
  readonly workload?: string; // new or gone
}

const TOLD_AT_MOST = 50; // lines on each side

/** For people; the names are what they call the two sides. */
export function clusterDiffText(
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
      lines.push(`  ${escapeControls(packets + alone)}`);
      if (witness !== packets) lines.push(colors.dim(`    for example ${escapeControls(witness)}`));
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
