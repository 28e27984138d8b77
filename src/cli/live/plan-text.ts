import { formatFlow, pathEntry } from '../../analysis/index.ts';
import {
  type Change,
  type DeniedConnection,
  isOurs,
  type Neighbour,
  type NeighbourChain,
  type Preflight,
  type Refusal,
  type Repair,
  type Unclear,
} from '../../apply/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { Step } from '../../semantics/index.ts';
import { spanPosition } from '../../source/index.ts';
import type { Proof } from '../../verify/index.ts';
import type { TextOutput } from '../console.ts';
import { connectionText } from './change-json.ts';
import type { LiveFacts } from './facts.ts';
import type { Planned } from './planned.ts';

type Accounts = ReadonlyMap<number, string>;

const TOLD = 20; // connections; the rest is counted
const CONDITIONS = 3; // of one change

/** For people: the most dangerous first, and whether they could still log in last, where they look. */
export function planText(
  output: TextOutput,
  { rules, plan, live }: Planned,
  moment: 'planned' | 'about to change' = 'planned',
): string {
  const { colors } = output;
  const accounts = rules.intent.unknownAccounts;
  const parts = [
    [
      colors.bold(
        `what ${escapeControls(rules.name)} would change ${live === undefined ? 'there' : 'on this machine'}`,
      ),
    ],
    changesText(colors.red('newly allowed'), plan.opened, plan.untold.opened, accounts),
    changesText(colors.yellow('newly denied'), plan.closed, plan.untold.closed, accounts),
    plan.opened.length + plan.closed.length === 0 ? [colors.green('no new connection fares otherwise than now')] : [],
    deniedText(plan.denied),
    neighboursText(plan.neighbours),
    unclearText(plan.unclear),
    approximationsText(rules.proof),
    live === undefined
      ? ['not asked who could still log in: a saved listing has no sessions']
      : preflightText(output, live.preflight),
    live === undefined ? [] : holderText(live.facts),
    moment === 'planned' ? [colors.dim('nothing has been changed')] : [],
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

/** Said where the weaker of the two holds a trial, and what it cannot survive. */
function holderText({ trialHolder }: LiveFacts): string[] {
  switch (trialHolder) {
    case 'kernel':
      return [];
    case 'process':
      return [
        'on trial, a process of ours takes it back, not the kernel, for `ipset` does not work here:',
        '  if that process is killed, what it leaves behind is taken back within seconds, or by the next command; if all of ours is killed, by a restart',
        '  if the machine freezes, it is taken back when that goes on; IPv4 and IPv6 are switched one right after the other',
      ];
  }
}

export function changesText(
  title: string,
  changes: readonly Change[],
  untold: readonly string[],
  accounts: Accounts,
): string[] {
  if (changes.length === 0) return [];
  return [
    `${title}:`,
    ...changes.flatMap(({ sentence, witness, conditions }) => [
      `  ${escapeControls(sentence)}`,
      `    for example ${escapeControls(formatFlow(witness, accounts))}`,
      ...conditionsText(conditions),
    ]),
    ...(untold.length === 0 ? [] : [`  and ${untold.length} more flows, which --json names`]),
  ];
}

function conditionsText(conditions: readonly string[]): string[] {
  const shown = conditions.slice(0, CONDITIONS).map((condition) => `    depending on ${escapeControls(condition)}`);
  const more = conditions.length - shown.length;
  return more === 0 ? shown : [...shown, `    and on ${more} more`];
}

function deniedText(denied: readonly DeniedConnection[]): string[] {
  if (denied.length === 0) return [];
  const lines = denied.slice(0, TOLD).map(({ connection, certain }) => {
    const { program, pid } = connection;
    const who = program === undefined ? '' : ` (${program}${pid === undefined ? '' : `, process ${pid}`})`;
    return `  ${escapeControls(connectionText(connection) + who)}${certain ? '' : ', perhaps'}`;
  });
  const more = denied.length > TOLD ? [`  and ${denied.length - TOLD} more`] : [];
  return ['live connections that it would not let open; they would live on (--cut ends them):', ...lines, ...more];
}

export function neighboursText(neighbours: readonly Neighbour[]): string[] {
  if (neighbours.length === 0) return [];
  return ['other tables, which stay as they are:', ...neighbours.map(neighbourText)];
}

function neighbourText({ table, software, rules, chains }: Neighbour): string {
  const who = software.length === 0 ? '' : ` (${software.join(', ')})`;
  const does = (['before', 'after'] as const).flatMap((order) => deeds(order, chains));
  const what = does.length === 0 ? 'stops nothing' : does.join('; ');
  return escapeControls(`  ${table}${who}, ${rules} ${rules === 1 ? 'rule' : 'rules'}: ${what}`);
}

function deeds(order: NeighbourChain['order'], chains: readonly NeighbourChain[]): string[] {
  const at = (words: string, does: (chain: NeighbourChain) => boolean): string[] => {
    const hooks = [...new Set(chains.filter((each) => each.order === order && does(each)).map(({ hook }) => hook))];
    return hooks.length === 0 ? [] : [`${order} ours ${words} at ${hooks.join(', ')}`];
  };
  return [
    ...at('can stop packets', ({ stops }) => stops),
    ...at('translates addresses', ({ translates }) => translates),
    ...at('marks', ({ marks }) => marks),
  ];
}

function approximationsText(proof: Proof | undefined): string[] {
  const approximations = proof?.approximations ?? [];
  if (approximations.length === 0) return [];
  return [
    'what the rules cannot say as exactly as the policy (`portcullis render nftables` tells more):',
    ...approximations.map(({ approximation: { effect, sentence } }) => `  ${effect}: ${escapeControls(sentence)}`),
  ];
}

function unclearText(unclear: readonly Unclear[]): string[] {
  if (unclear.length === 0) return [];
  return [
    'not understood; what is said of these packets may be wrong:',
    ...unclear.slice(0, TOLD).map(({ opaque: { span, text, reason }, packets }) => {
      const place = `${span.file.name}:${spanPosition(span).line}`;
      return `  ${escapeControls(`${place}: ${text} (${reason}): ${packets.join('; ')}`)}`;
    }),
    ...(unclear.length > TOLD ? [`  and ${unclear.length - TOLD} more`] : []),
  ];
}

/** @param output to paint for */
function preflightText(output: TextOutput, { ok, proven, refused, waived, warnings }: Preflight): string[] {
  const { colors } = output;
  return [
    ...warnings.flatMap(({ sentence, path, repair }) => [
      `${colors.yellow('warning')}: ${escapeControls(sentence)}${byRule(path)}`,
      ...repairsText([repair]),
    ]),
    ...waived.map(({ sentence }) => `${colors.yellow('as you said')}: ${escapeControls(sentence)}`),
    ...refused.flatMap((each) => refusalText(each, colors.red('refused'))),
    ...repairsText(refused.flatMap(({ repair }) => repair ?? [])),
    ...(ok
      ? proven.map(({ sentence, path }) => `${colors.green('proven')}: ${escapeControls(sentence)}${byOurRule(path)}`)
      : [colors.dim('to lose a session and mean it: --yes-cut NAME; at the console: --console')]),
  ];
}

function refusalText({ subject, sentence, path, because, repair }: Refusal, word: string): string[] {
  return [
    `${word}: ${escapeControls(sentence)}${byRule(path)}`,
    ...because.map((each) => `  it depends on ${escapeControls(each)}`),
    ...(repair === undefined ? ['  no flow of the policy would help'] : []),
    `  its name for --yes-cut: ${escapeControls(subject)}`,
  ];
}

function repairsText(repairs: readonly Repair[]): string[] {
  const lines = (kind: Repair['kind']): string[] => [
    ...new Set(repairs.flatMap((repair) => (repair.kind === kind ? [`  ${escapeControls(repair.yaml)}`] : []))),
  ];
  const part = (key: string, added: readonly string[]): string[] =>
    added.length === 0 ? [] : [`to keep it open, add to \`${key}\` of the policy:`, ...added];
  return [...part('flows', lines('flow')), ...part('baseline', lines('baseline'))];
}

/** Of a packet that passes every table: what our table lets it through for. */
function byOurRule(path: readonly Step[]): string {
  const flow = path.findLast(({ table, origin }) => isOurs(table) && origin?.flow !== undefined)?.origin?.flow;
  return flow === undefined ? byRule(path) : ` (${escapeControls(flow)})`;
}

/** The rule that has the last word. */
export function byRule(path: readonly Step[]): string {
  const last = path.at(-1);
  if (last === undefined) return '';
  const { table, chain, rule } = pathEntry(last);
  return ` (${escapeControls(`${table ?? 'policy'} ${chain}: ${rule}`)})`;
}
