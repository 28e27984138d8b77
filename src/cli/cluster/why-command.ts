import type { Cluster } from '../../kubernetes/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { answerJson, answerText, type PathExtent } from '../answer-text.ts';
import { Asker } from '../asker.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { longWork } from '../long-work.ts';
import type { Accounts } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { diagnosticJson, Stop, stop } from '../report.ts';
import { subjectOf } from '../subject.ts';
import { clusterOf } from './input.ts';
import { packetsOf } from './packets.ts';
import { clusterFlow } from './question.ts';
import { clusterAnswer, clusterAnswerJson, clusterAnswerText, clusterHints } from './why.ts';

export interface ClusterWhyOptions {
  readonly manifests: readonly SourceFile[];
  readonly nodes: readonly string[]; // configurations of the nodes' own firewall
  readonly despiteErrors: boolean;
  readonly flows: SourceFile | undefined;
  readonly json: boolean;
  readonly extent: PathExtent;
}

/** `why` of the policies of a cluster, and where they let through, of the firewall of its nodes. */
export async function whyInCluster(
  console: Console,
  text: string,
  accounts: Accounts,
  options: ClusterWhyOptions,
): Promise<ExitCode> {
  const { cluster, exitCode } = await clusterOf(console, options.manifests, options.despiteErrors);
  if (options.flows !== undefined) {
    const answered = answerLines(console, cluster, options.flows);
    return exitCode === EXIT.holds ? answered : exitCode;
  }
  const read = clusterFlow(text, cluster);
  if ('diagnostics' in read) throw new Stop(EXIT.unusable, read.diagnostics);
  const answer = longWork(console, 'answering', () => clusterAnswer(text, read, cluster));
  if (options.nodes.length === 0) {
    if (options.json) writeJson(console, clusterAnswerJson(answer));
    else console.stdout.write(clusterAnswerText(console.stdout, answer, clusterHints(read, cluster)));
    return exitCode;
  }
  const subject = await subjectOf(console, { in: options.nodes }, accounts);
  const packets = packetsOf(read);
  if (!options.json) console.stdout.write(clusterAnswerText(console.stdout, answer, clusterHints(read, cluster)));
  if (typeof packets === 'string') throw stop(EXIT.unusable, CLI_PROBLEMS.usage, packets, NEEDS_ADDRESSES);
  const asked = longWork(console, 'answering', (watcher) =>
    new Asker(subject, accounts, 'forward', watcher).ask(packets.text),
  );
  if (asked.kind === 'unusable') throw new Stop(EXIT.unusable, asked.diagnostics);
  const onNode = answerJson(packets.text, asked, subject, options.extent);
  if (!options.json) {
    console.stdout.write(`\non the node, forwarded:\n${answerText(console.stdout, asked, subject, options.extent)}`);
    return exitCode;
  }
  const inCluster = clusterAnswerJson(answer);
  const stops = [inCluster.verdict, onNode.verdict];
  writeJson(console, {
    flow: text,
    verdict: stops.every((each) => each === 'accept')
      ? 'accept'
      : (stops.find((each) => each === 'drop' || each === 'reject') ?? 'depends'),
    path: [...inCluster.path, ...onNode.path],
    ...(inCluster.cases === undefined && onNode.cases === undefined
      ? {}
      : { cases: [...(inCluster.cases ?? []), ...(onNode.cases ?? [])] }),
    ...(inCluster.conditions === undefined && onNode.conditions === undefined
      ? {}
      : { conditions: [...(inCluster.conditions ?? []), ...(onNode.conditions ?? [])] }),
    ...(inCluster.uncertain === undefined && onNode.uncertain === undefined
      ? {}
      : { uncertain: [...(inCluster.uncertain ?? []), ...(onNode.uncertain ?? [])] }),
  });
  return exitCode;
}

const NEEDS_ADDRESSES =
  'a firewall of a node decides about addresses: give manifests of a live cluster (`kubectl get pods -o json` has them), or ask without the firewall';

function answerLines(console: Console, cluster: Cluster, file: SourceFile): ExitCode {
  let exitCode: ExitCode = EXIT.holds;
  for (const line of file.text.split('\n')) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const read = clusterFlow(text, cluster);
    if ('diagnostics' in read) {
      exitCode = EXIT.unusable;
      console.stdout.write(`${JSON.stringify({ flow: text, error: read.diagnostics.map(diagnosticJson)[0] })}\n`);
    } else console.stdout.write(`${JSON.stringify(clusterAnswerJson(clusterAnswer(text, read, cluster)))}\n`);
  }
  return exitCode;
}
