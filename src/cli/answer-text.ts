import { type Answer, type Case, formatFlow, type PathEntry, pathEntry, wholePath } from '../analysis/questions.ts';
import { escapeControls } from '../diagnostic/index.ts';
import type { Ruleset, Verdict } from '../ir/index.ts';
import { formatPortRange, formatRange, protocolName } from '../net/index.ts';
import type { FlowEnd, FlowExpression } from '../policy/index.ts';
import { spanPosition } from '../source/index.ts';
import type { Answered, Found } from './asker.ts';
import type { TextOutput } from './console.ts';
import { type OpaqueJson, opaqueJson } from './report.ts';
import type { Subject } from './subject.ts';
import { textTable } from './table.ts';

/** An answer as other programs read it (schema/why.json). */
export interface AnswerJson {
  readonly flow: string;
  readonly verdict: Answer['verdict'];
  readonly path: readonly PathEntry[]; // empty where the packets do not all fare alike; then `cases` tells
  readonly cases?: readonly CaseJson[];
  readonly conditions?: readonly string[]; // that nobody can know and that it depends on
  readonly assumed?: readonly string[]; // quantities that are taken to be 0 at first
  readonly uncertain?: readonly OpaqueJson[];
}

interface CaseJson {
  readonly verdict: Verdict;
  readonly witness: string;
  readonly packets: readonly string[];
  readonly path: readonly PathEntry[];
}

/** How much of the way is told: the rules that matched, or every rule that was asked. */
export type PathExtent = 'matching' | 'whole';

export function answerJson(
  flow: string,
  { answer, uncertain }: Found,
  { intent, ruleset }: Subject,
  extent: PathExtent,
): AnswerJson {
  const entries = (path: Case['path']): PathEntry[] => pathEntries(ruleset, path, extent);
  const depends = answer.verdict === 'depends' || uncertain.length > 0;
  return {
    flow,
    verdict: depends ? 'depends' : answer.verdict,
    path: depends ? [] : entries(answer.cases[0]?.path ?? []),
    ...(depends
      ? { cases: answer.cases.map((each) => caseJson(each, intent.unknownAccounts, entries(each.path))) }
      : {}),
    ...(answer.conditions.length === 0 ? {} : { conditions: answer.conditions }),
    ...(answer.assumed.length === 0 ? {} : { assumed: answer.assumed }),
    ...(uncertain.length === 0 ? {} : { uncertain: uncertain.map(opaqueJson) }),
  };
}

function pathEntries(ruleset: Ruleset, path: Case['path'], extent: PathExtent): PathEntry[] {
  return extent === 'whole' ? wholePath(ruleset, path) : path.map(pathEntry);
}

function caseJson(of: Case, accounts: ReadonlyMap<number, string>, path: readonly PathEntry[]): CaseJson {
  return {
    verdict: of.verdict,
    witness: formatFlow(of.witness, accounts),
    packets: of.packets.map((line) => withAccountNames(line, accounts)),
    path,
  };
}

const WORDS: Readonly<Record<Verdict, string>> = {
  accept: 'allowed',
  drop: 'denied, the sender hears nothing',
  reject: 'denied, the sender is told at once',
};

/** An answer for people: the verdict, the rules on the way, what to do next. */
export function answerText(
  output: TextOutput,
  { flow, answer, uncertain }: Answered,
  subject: Subject,
  extent: PathExtent,
): string {
  const { colors } = output;
  const accounts = subject.intent.unknownAccounts;
  const asked = escapeControls(flow.span.file.text.slice(flow.span.start, flow.span.end));
  const lines = [colors.bold(asked)];
  if (answer.cases.length === 0)
    lines.push('no packet is meant by that: the two ends have no address in common with this machine');
  const depends = answer.verdict === 'depends' || uncertain.length > 0;
  if (answer.conditions.length > 0) {
    lines.push('it depends on what cannot be known from here:');
    lines.push(...answer.conditions.map((condition) => `  ${escapeControls(condition)}`));
  } else if (uncertain.length > 0) lines.push('it depends on what is not understood:');
  else if (depends) lines.push('it depends:');
  for (const { span, text, reason } of uncertain) {
    const place = `${span.file.name}:${spanPosition(span).line}`;
    lines.push(
      escapeControls(`  \`${text}\` at ${place} (${reason}): it may decide the packet itself; if it does not:`),
    );
  }
  for (const each of answer.cases) {
    lines.push('');
    if (depends) lines.push(`for example ${escapeControls(formatFlow(each.witness, accounts))}`);
    const paint = each.verdict === 'accept' ? colors.green : colors.red;
    lines.push(paint(`${each.verdict}: ${WORDS[each.verdict]}`));
    for (const packets of each.packets) lines.push(`  ${escapeControls(withAccountNames(packets, accounts))}`);
    lines.push(indented(pathTable(pathEntries(subject.ruleset, each.path, extent))));
  }
  if (answer.assumed.length > 0) lines.push('', `assumed: ${answer.assumed.map(assumption).join(', ')}`);
  const hint = nextStep(flow, answer, subject);
  if (hint.length > 0) lines.push('', ...hint.map((line) => colors.dim(line)));
  return `${lines.join('\n')}\n`;
}

/** Placeholders of accounts that only the policy knows, by name: no other number of a packet is as large. */
export function withAccountNames(text: string, accounts: ReadonlyMap<number, string>): string {
  return [...accounts].reduce((named, [uid, name]) => named.replaceAll(String(uid), name), text);
}

export function pathTable(path: readonly PathEntry[]): string {
  const rows = path.map(({ layer, table, chain, rule, handle, origin, verdict }) => {
    const place = origin === null ? '' : `${origin.file}:${origin.line}`;
    return [
      layer,
      table === undefined ? chain : `${table} ${chain}`,
      rule,
      verdict,
      handle === undefined ? place : `handle ${handle}, ${place}`,
    ];
  });
  return textTable(['layer', 'chain', 'rule', 'verdict', 'where'], rows);
}

function assumption(name: string): string {
  switch (name) {
    case 'mark':
      return 'the packet enters without a mark (`mark 7` behind the flow asks for another)';
    case 'ctmark':
      return 'its connection has no mark';
    default:
      return `\`${name}\` is 0`;
  }
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function nextStep(flow: FlowExpression, answer: Answer, subject: Subject): string[] {
  if (answer.verdict === 'accept') {
    return ['an accept is not final: a firewall beside this one can still drop the packet'];
  }
  const isUnallowed = answer.cases.some((each) => each.verdict !== 'accept' && each.path.at(-1)?.rule === undefined);
  if (subject.kind !== 'policy' || !isUnallowed || answer.verdict === 'depends') return [];
  const { from, to } = flow;
  const ports = to.ports === undefined ? '' : `/${formatPortRange(to.ports)}`;
  return [
    `to allow it, add to the flows of ${escapeControls(subject.name)}:`,
    `  - { name: choose-a-name, from: ${endWord(from)}, to: ${endWord(to)}, service: ${protocolName(flow.protocol)}${ports} }`,
  ];
}

/** An end as the policy language writes it, without its port. */
function endWord(end: FlowEnd): string {
  return end.kind === 'addresses' ? formatRange(end.range) : end.name;
}
