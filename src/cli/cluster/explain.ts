import type { PathEntry } from '../../analysis/index.ts';
import { ConnectionSet, connections, type End, evaluate, formatEnd } from '../../cluster/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { Cluster, Workload } from '../../kubernetes/index.ts';
import { pathTable } from '../answer-text.ts';
import { EXIT, type TextOutput } from '../console.ts';
import { stop } from '../report.ts';
import { CLUSTER_PROBLEMS } from './problems.ts';
import { formatConnection } from './question.ts';
import { pathEntry } from './why.ts';

/** Which policies and rules let a pair of workloads meet, or keep them apart. */
export interface Explanation {
  readonly from: string;
  readonly to: string;
  readonly allowed: string;
  readonly parts: readonly ExplainedPart[];
}

interface ExplainedPart {
  readonly connections: string;
  readonly verdict: 'accept' | 'drop' | 'depends';
  readonly witness: string;
  readonly path: readonly PathEntry[];
}

const PAIRS_AT_MOST = 10_000;

/** Of every pair, or of those with one of `focus`. @throws Stop where that is more than anybody reads */
export function explainPairs(cluster: Cluster, focus: readonly Workload[]): Explanation[] {
  const { workloads } = cluster;
  const count = focus.length === 0 ? workloads.length ** 2 : 2 * workloads.length * focus.length;
  if (count > PAIRS_AT_MOST) throw stop(EXIT.unusable, CLUSTER_PROBLEMS.tooManyToExplain, count);
  const wanted = new Set(focus);
  return workloads.flatMap((from) =>
    workloads
      .filter((to) => to !== from && (wanted.size === 0 || wanted.has(from) || wanted.has(to)))
      .map((to) => explain(cluster, { kind: 'workload', workload: from }, { kind: 'workload', workload: to })),
  );
}

function explain(cluster: Cluster, from: End, to: End): Explanation {
  const { certainly, possibly } = connections(cluster, from, to);
  const part = (verdict: ExplainedPart['verdict'], set: ConnectionSet): ExplainedPart[] => {
    const connection = set.sample();
    if (connection === undefined) return [];
    const { steps } = evaluate(cluster, { from, to, connection });
    const witness = formatConnection({ from, to, asked: set }, connection);
    return [{ connections: String(set), verdict, witness, path: steps.map(pathEntry) }];
  };
  return {
    from: formatEnd(from),
    to: formatEnd(to),
    allowed: String(possibly),
    parts: [
      ...part('accept', certainly),
      ...part('depends', possibly.subtract(certainly)),
      ...part('drop', ConnectionSet.all.subtract(possibly)),
    ],
  };
}

export function explanationsText(output: TextOutput, explanations: readonly Explanation[]): string {
  const { colors } = output;
  const paint = { accept: colors.green, drop: colors.red, depends: colors.yellow } as const;
  const blocks = explanations.map(({ from, to, parts }) =>
    [
      colors.bold(escapeControls(`${from} -> ${to}`)),
      ...parts.flatMap(({ connections: set, verdict, witness, path }) => [
        `  ${paint[verdict](verdict)}: ${escapeControls(set)}, for example ${escapeControls(witness)}`,
        ...pathTable(path)
          .split('\n')
          .map((line) => `    ${line}`),
      ]),
    ].join('\n'),
  );
  return `${blocks.length === 0 ? 'there are no two workloads' : blocks.join('\n\n')}\n`;
}
