import { formatEnd, type Reachability, type ReachPair, reachability } from '../../cluster/index.ts';
import { similar } from '../../diagnostic/similar.ts';
import type { Cluster, Workload } from '../../kubernetes/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { type Console, EXIT, type ExitCode } from '../console.ts';
import { longWork } from '../long-work.ts';
import { diagnosticsJson, stop } from '../report.ts';
import { type Explanation, explainPairs, explanationsText } from './explain.ts';
import { exposures, exposuresText } from './exposure.ts';
import { clusterOf } from './input.ts';
import { CLUSTER_COMMAND_PROBLEMS } from './problems.ts';
import {
  type AllowedJson,
  type ConnectionJson,
  pairsDot,
  pairsText,
  type ReachPairs,
  writePairsCsv,
  writePairsJson,
  writePairsMarkdown,
} from './reach-output.ts';
import { writeSvg } from './svg.ts';

export type ReachOutput = 'text' | 'json' | 'csv' | 'markdown' | 'dot' | 'svg';

export interface ClusterReachOptions {
  readonly output: ReachOutput;
  readonly focus: readonly string[];
  readonly explain: boolean;
  readonly exposure: boolean;
  readonly despiteErrors: boolean;
}

/** `reach` of manifests. */
export async function reachInCluster(
  console: Console,
  manifests: readonly SourceFile[],
  options: ClusterReachOptions,
): Promise<ExitCode> {
  const read = await clusterOf(console, manifests, options.despiteErrors);
  const { cluster, exitCode } = read;
  const focus = options.focus.map((text) => focused(cluster, text));
  const found = longWork(console, 'finding who reaches whom', () =>
    reachability(cluster, focus.length === 0 ? {} : { focus }),
  );
  const exposed = options.exposure
    ? longWork(console, 'finding what is exposed', () =>
        exposures(
          cluster,
          focus.map(({ id }) => id),
        ),
      )
    : undefined;
  let depends = false;
  const pairs = pairsOf(found, () => {
    depends = true;
  });
  const more = (explanations?: readonly Explanation[]) => () => ({
    ...(depends ? { conditions: [CONDITION] } : {}),
    ...(read.problems.length === 0 ? {} : { problems: diagnosticsJson(read.problems) }),
    ...(explanations === undefined ? {} : { explanations }),
    ...(exposed === undefined ? {} : { exposure: exposed }),
  });
  if (options.explain) {
    const explained = longWork(console, 'explaining', () => explainPairs(cluster, focus));
    if (options.output === 'json') writePairsJson(console, pairs, more(explained));
    else console.stdout.write(explanationsText(console.stdout, explained));
    return exitCode;
  }
  switch (options.output) {
    case 'json':
      writePairsJson(console, pairs, more());
      break;
    case 'csv':
      writePairsCsv(console, pairs);
      break;
    case 'markdown':
      writePairsMarkdown(console, pairs);
      break;
    case 'dot':
      console.stdout.write(pairsDot(pairs));
      break;
    case 'svg':
      await writeSvg(console, pairsDot(pairs));
      break;
    case 'text':
      console.stdout.write(pairsText(pairs));
      if (exposed !== undefined) console.stdout.write(`\n${exposuresText(exposed)}`);
  }
  return exitCode;
}

const CONDITION =
  'what is `partial` depends on more than who is at the ends and the port; `portcullis why` tells on what';

/** A workload by its id, or by a part of it that fits no other. */
function focused({ workloads }: Cluster, text: string): Workload {
  const exact = workloads.find(({ id }) => id === text);
  const [only, ...others] = workloads.filter(({ id }) => id.includes(text));
  const found = exact ?? (others.length === 0 ? only : undefined);
  if (found !== undefined) return found;
  const ids = (others.length === 0 ? workloads : [only!, ...others]).map(({ id }) => id);
  throw stop(
    EXIT.unusable,
    CLUSTER_COMMAND_PROBLEMS.unknownFocus,
    text,
    similar(text, ids) ?? (others.length === 0 ? undefined : only!.id),
  );
}

/** TCP, UDP and SCTP, as programs read it. @param onDepends called where something is not certain */
function pairsOf(found: Reachability, onDepends: () => void): ReachPairs {
  return {
    ids: Array.from(found.endpoints(), formatEnd),
    connections: () => connectionsOf(found.pairs(), onDepends),
  };
}

function* connectionsOf(pairs: Iterable<ReachPair>, onDepends: () => void): Generator<ConnectionJson> {
  for (const { from, to, bounds } of pairs) {
    const { certainly, possibly } = bounds;
    const uncertain = possibly.subtract(certainly).allowed();
    if (uncertain.length > 0) onDepends();
    const allowed: AllowedJson[] = [...certainly.allowed(), ...uncertain.map((each) => ({ ...each, partial: true }))];
    if (allowed.length > 0) yield { from: formatEnd(from), to: formatEnd(to), allowed };
  }
}
