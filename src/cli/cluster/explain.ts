import type { PathEntry } from '../../analysis/index.ts';
import { connections, decisions, type End, formatEnd } from '../../cluster/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { Cluster, Workload } from '../../kubernetes/index.ts';
import { EXIT, type TextOutput } from '../console.ts';
import { stop } from '../report.ts';
import { textTable } from '../table.ts';
import { CLUSTER_COMMAND_PROBLEMS } from './problems.ts';
import { pathEntry } from './why.ts';

/** Which policies and rules let a pair of workloads meet, or keep them apart. */
export interface Explanation {
  readonly from: string;
  readonly to: string;
  readonly allowed: string; // in words
  readonly decisions: readonly DecisionJson[]; // in the order in which they are made
}

interface DecisionJson extends PathEntry {
  readonly connections: string; // that it is about, in words
}

const PAIRS_AT_MOST = 10_000;

/** Of every pair, or of those with one of `focus`. @throws Stop where that is more than anybody reads */
export function explainPairs(cluster: Cluster, focus: readonly Workload[]): Explanation[] {
  const { workloads } = cluster;
  const count = focus.length === 0 ? workloads.length ** 2 : 2 * workloads.length * focus.length;
  if (count > PAIRS_AT_MOST) throw stop(EXIT.unusable, CLUSTER_COMMAND_PROBLEMS.tooManyToExplain, count);
  const wanted = new Set(focus);
  return workloads.flatMap((from) =>
    workloads
      .filter((to) => to !== from && (wanted.size === 0 || wanted.has(from) || wanted.has(to)))
      .map((to) => explain(cluster, { kind: 'workload', workload: from }, { kind: 'workload', workload: to })),
  );
}

function explain(cluster: Cluster, from: End, to: End): Explanation {
  return {
    from: formatEnd(from),
    to: formatEnd(to),
    allowed: String(connections(cluster, from, to).possibly),
    decisions: decisions(cluster, from, to).map((each) => ({
      ...pathEntry(each),
      connections: String(each.connections),
    })),
  };
}

export function explanationsText(output: TextOutput, explanations: readonly Explanation[]): string {
  const { colors } = output;
  const blocks = explanations.map(({ from, to, allowed, decisions: made }) => {
    const rows = made.map(({ connections: set, chain, rule, verdict, origin }) => [
      set,
      chain,
      rule,
      verdict,
      origin === null ? '' : `${origin.file}:${origin.line}`,
    ]);
    const table = textTable(['connections', 'chain', 'rule', 'verdict', 'where'], rows);
    const paint = allowed === 'nothing' ? colors.red : colors.green;
    return [
      `${colors.bold(escapeControls(`${from} -> ${to}`))}: ${paint(escapeControls(allowed))}`,
      ...table.split('\n').map((line) => `  ${line}`),
    ].join('\n');
  });
  return `${blocks.length === 0 ? 'there are no two workloads' : blocks.join('\n\n')}\n`;
}
