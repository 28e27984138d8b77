import type { PathEntry } from '../../analysis/index.ts';
import { type ConnectionSet, connections, evaluate, formatEnd, type Step } from '../../cluster/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import { type Cluster, formatRef } from '../../kubernetes/index.ts';
import { type Span, spanPosition } from '../../source/index.ts';
import { pathTable } from '../answer-text.ts';
import type { TextOutput } from '../console.ts';
import { type OpaqueJson, placeJson } from '../report.ts';
import { missingRules } from './hint.ts';
import { type ClusterFlow, type FlowPart, formatConnection } from './question.ts';

/** What becomes of a flow in a cluster (a part of schema/why.json). */
export interface ClusterAnswer {
  readonly flow: string;
  readonly verdict: 'accept' | 'drop' | 'depends';
  readonly path: readonly PathEntry[];
  readonly cases?: readonly ClusterCase[];
  readonly conditions?: readonly string[];
  readonly uncertain?: readonly OpaqueJson[];
}

export interface ClusterCase {
  readonly verdict: 'accept' | 'drop' | 'depends';
  readonly witness: string;
  readonly packets: readonly string[];
  readonly path: readonly PathEntry[];
}

interface Told extends ClusterCase {
  readonly maybe: readonly string[];
}

export function clusterAnswer(text: string, { parts }: ClusterFlow, cluster: Cluster): ClusterAnswer {
  const told = parts.flatMap((part) => casesOf(part, cluster));
  const verdicts = new Set(told.map(({ verdict }) => verdict));
  const [only] = told;
  const uncertain = cluster.opaque.map(({ span, text: written, reason }) => ({
    ...placeJson(span),
    text: written,
    reason,
  }));
  const conditions = [...new Set(told.flatMap(({ maybe }) => maybe))];
  const isOne = verdicts.size === 1 && only !== undefined && only.verdict !== 'depends' && uncertain.length === 0;
  return {
    flow: text,
    verdict: isOne ? only.verdict : 'depends',
    path: isOne ? only.path : [],
    ...(isOne && told.length === 1 ? {} : { cases: told.map(({ maybe: _, ...each }) => each) }),
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(uncertain.length === 0 ? {} : { uncertain }),
  };
}

/** The connections that are let through for sure, those that are held back for sure, and the others. */
function casesOf(part: FlowPart, cluster: Cluster): Told[] {
  const { certainly, possibly } = connections(cluster, part.from, part.to);
  const { asked } = part;
  return [
    ...caseOf('accept', asked.intersect(certainly), part, cluster),
    ...caseOf('depends', asked.intersect(possibly).subtract(certainly), part, cluster),
    ...caseOf('drop', asked.subtract(possibly), part, cluster),
  ];
}

function caseOf(verdict: Told['verdict'], set: ConnectionSet, part: FlowPart, cluster: Cluster): Told[] {
  const connection = set.sample();
  if (connection === undefined) return [];
  const { steps } = evaluate(cluster, { from: part.from, to: part.to, connection });
  const via = part.via === undefined ? '' : `, by ${part.via}`;
  return [
    {
      verdict,
      witness: formatConnection(part, connection),
      packets: [`${formatEnd(part.from)} -> ${formatEnd(part.to)}: ${set}${via}`],
      path: steps.map(pathEntry),
      maybe: [
        ...new Set(steps.flatMap(({ maybe, rule }) => (maybe === undefined ? [] : [`${maybe}${place(rule?.span)}`]))),
      ],
    },
  ];
}

function place(span: Span | undefined): string {
  return span === undefined ? '' : ` (${span.file.name}:${spanPosition(span).line})`;
}

/** For other programs: what depends is let through in one case and held back in another. */
export function clusterAnswerJson(answer: ClusterAnswer): ClusterAnswer {
  if (answer.cases === undefined) return answer;
  const cases = answer.cases.flatMap((each) =>
    each.verdict === 'depends' ? (['accept', 'drop'] as const).map((verdict) => ({ ...each, verdict })) : [each],
  );
  return { ...answer, cases };
}

const VERDICTS = { allow: 'accept', deny: 'drop', pass: 'continue' } as const;

export function pathEntry(step: Step): PathEntry {
  const { layer, direction, subject, stage, verdict, policy, rule } = step;
  const span = rule?.span ?? policy?.span;
  return {
    layer,
    chain: `${direction} of ${subject}${stage === undefined ? '' : `: ${stage}`}`,
    rule: ruleText(step),
    origin: span === undefined ? null : { file: span.file.name, line: spanPosition(span).line },
    verdict: VERDICTS[verdict],
  };
}

function ruleText({ because, policy, rule, direction, network }: Step): string {
  const named = policy === undefined ? '' : formatRef(policy.ref);
  switch (because) {
    case 'rule': {
      const rules = policy?.[direction]?.rules ?? [];
      const at = rule === undefined ? -1 : rules.indexOf(rule);
      return `${named}, ${rule?.name === undefined ? `rule ${at + 1} of ${rules.length}` : `rule ${rule.name}`}`;
    }
    case 'isolated':
      return `${named} isolates, and no rule allows it`;
    case 'undecided':
      return 'no policy has anything to say of it';
    case 'unselected':
      return 'no policy selects it';
    case 'apart':
      return `they share no network (${network})`;
  }
}

/** The rules that are missing, where all that was asked about is held back. */
export function clusterHints({ parts }: ClusterFlow, cluster: Cluster): string[] {
  const hints = parts.map((part) => {
    const connection = part.asked.sample();
    if (connection === undefined) return [];
    const { steps, possibly } = evaluate(cluster, { from: part.from, to: part.to, connection });
    return possibly ? [] : missingRules(steps, part, connection);
  });
  return hints.flat();
}

const WORDS = { accept: 'allowed', drop: 'denied', depends: 'it depends' } as const;

export function clusterAnswerText(output: TextOutput, answer: ClusterAnswer, hints: readonly string[]): string {
  const { colors } = output;
  const paint = { accept: colors.green, drop: colors.red, depends: colors.yellow } as const;
  const lines = [colors.bold(escapeControls(answer.flow))];
  if (answer.conditions !== undefined)
    lines.push(
      'it depends on what cannot be known from here:',
      ...answer.conditions.map((each) => `  ${escapeControls(each)}`),
    );
  for (const { file, line, text, reason } of answer.uncertain ?? [])
    lines.push(
      escapeControls(`  \`${text}\` at ${file}:${line} (${reason}): it may decide this, too; if it does not:`),
    );
  const cases = answer.cases ?? [{ verdict: answer.verdict, witness: answer.flow, packets: [], path: answer.path }];
  for (const { verdict, witness, packets, path } of cases) {
    lines.push('', paint[verdict](`${verdict}: ${WORDS[verdict]}`));
    if (answer.cases !== undefined) lines.push(`  for example ${escapeControls(witness)}`);
    lines.push(...packets.map((each) => `  ${escapeControls(each)}`));
    lines.push(
      ...pathTable(path)
        .split('\n')
        .map((line) => `  ${line}`),
    );
  }
  if (hints.length > 0) lines.push('', ...hints.map((line) => colors.dim(escapeControls(line))));
  return `${lines.join('\n')}\n`;
}
