import { HOOKS, type Hook } from '../../ir/index.ts';
import { type ChangeNote, printNote } from '../netfilter/change-note.ts';
import type { BaseChainSpec, Chain, Command, Program, Rule, Table } from './ast.ts';
import * as build from './build.ts';
import { PRIORITY } from './lower.ts';
import { inSlot, SLOTS, type Slot, TABLE_NAME, TRIAL_SET } from './names.ts';
import { printProgram } from './print.ts';
import { REDIRECTS, redirectBase } from './redirect.ts';
import { reachOf } from './stage-names.ts';
import { type AliveConnection, ownTable, slotOf } from './stage-slot.ts';
import { type Expired, type Settled, type Standing, splitAtSwitch, type Trial } from './stage-standing.ts';

/** What can be changed: a running trial has to end first, and a table that is not ours is left alone. */
export type Changeable = Extract<Standing, { readonly kind: 'absent' }> | Settled | Expired;

export interface Change {
  readonly policy?: Program; // what `lower` made of it; absent: our rules go away
  readonly trialSeconds?: number; // absent: permanent at once
  readonly alive: readonly AliveConnection[]; // that conntrack does not know and the policy allows
  readonly by: string;
  readonly at: string; // ISO 8601 in UTC
  readonly policyHash: string;
}

/** Transactions for `nft -f`, each whole or not at all. Without a trial the last two are empty. */
export interface StagedTexts {
  readonly begin: string;
  readonly confirm: string;
  readonly revert: string;
}

/**
 * Writes a change from what stands to a policy. The kernel refuses `begin` while another trial stands, and `confirm` when the trial
 * is over.
 */
export function stageChange(before: Changeable, change: Change): StagedTexts {
  const cleared = before.kind === 'expired' ? [EXPECT_EXPIRED, ...clearCommands(before)] : [];
  const stood =
    before.kind === 'absent' ? undefined : ownTable({ commands: [...tableCommands(before.table), ...cleared] });
  const layout = before.kind === 'absent' ? 'nothing' : before.layout;
  const slot: Slot = layout === 'a' ? 'b' : 'a';
  const policy = change.policy === undefined ? undefined : ownTable(change.policy);
  const loading: Command[] =
    policy === undefined ? [] : [{ kind: 'table', table: missingParts(slotOf(policy, slot, change.alive), stood) }];
  const notes = notesOf(change);
  const loaded = ownTable({ commands: [...tableCommands(stood), ...loading] });
  const trial =
    change.trialSeconds === undefined ? [] : switchCommands(loaded, policy && slot, change.trialSeconds, notes);
  const begin: Command[] = [...loading, createTrial(notes.trial), ...trial];
  const onTrial = ownTable({ commands: [...tableCommands(stood), ...begin] });
  if (onTrial === undefined) return { begin: print(cleared), confirm: '', revert: '' }; // nothing stood and nothing shall
  const settle = policy === undefined ? [DELETE_TABLE] : settleCommands(onTrial, slot, notes.settled);
  if (change.trialSeconds === undefined)
    return { begin: print([...cleared, ...begin, ...settle]), confirm: '', revert: '' };
  return {
    begin: print([...cleared, ...begin]),
    confirm: print([{ kind: 'delete-elements', ...OWN, set: TRIAL_SET, elements: trialElements() }, ...settle]),
    revert: print(clearCommands({ table: onTrial, layout })),
  };
}

/** Takes a trial away, running or expired, from what stands alone. */
export function clearTrial(trial: Trial): string {
  return print(clearCommands(trial));
}

const OWN = { family: 'inet', table: TABLE_NAME } as const;
const DELETE_TABLE: Command = { kind: 'delete-table', family: 'inet', name: TABLE_NAME };

function print(commands: readonly Command[]): string {
  return printProgram({ commands });
}

function notesOf({ by, at, policyHash, trialSeconds }: Change): { readonly trial: string; readonly settled: string } {
  const note: ChangeNote = { by, since: at };
  return {
    trial: printNote({ ...note, ...(trialSeconds === undefined ? {} : { trialSeconds }) }),
    settled: printNote({ ...note, policyHash }),
  };
}

function tableCommands(table: Table | undefined): Command[] {
  return table === undefined ? [] : [{ kind: 'table', table }];
}

const EMPTY: Table = { family: 'inet', name: TABLE_NAME, counters: [], sets: [], chains: [] };

/** Counters and learnt sets that stand already keep what they hold. Until the first confirmation only the trial decides. */
function missingParts(loaded: Table, stood: Table | undefined): Table {
  const counters = new Set(stood?.counters.map(({ name }) => name));
  const sets = new Set(stood?.sets.map(({ name }) => name));
  return {
    ...loaded,
    counters: loaded.counters.filter(({ name }) => !counters.has(name)),
    sets: loaded.sets.filter(({ name }) => !sets.has(name)),
    chains: [
      ...(stood === undefined ? HOOKS.map((hook) => baseChain(hook, 'accept', [])) : []),
      ...(hasRedirects(loaded) && !hasRedirects(stood) ? [redirects([])] : []),
      ...loaded.chains,
    ],
  };
}

/** Whether a table, or a slot of it, sends packets elsewhere. */
function hasRedirects(table: Table | undefined, slot?: Slot): boolean {
  if (table === undefined) return false;
  const named = SLOTS.filter((each) => slot === undefined || each === slot).map((each) => inSlot(each, REDIRECTS));
  return table.chains.some(({ name }) => named.includes(name) || (slot === undefined && name === REDIRECTS));
}

function redirects(rules: readonly Rule[]): Chain {
  return { name: REDIRECTS, base: redirectBase(), rules };
}

function baseChain(hook: Hook, policy: BaseChainSpec['policy'], rules: readonly Rule[]): Chain {
  return { name: hook, base: { type: 'filter', hook, priority: PRIORITY, policy }, rules };
}

function createTrial(comment: string): Command {
  const expression = build.NFPROTO;
  const declaration = {
    name: TRIAL_SET,
    key: { kind: 'typeof', expression },
    flags: ['timeout'],
    comment,
    elements: [],
  } as const;
  return { kind: 'create-set', ...OWN, declaration };
}

function trialElements(
  timeout?: number,
): { readonly key: ReturnType<typeof build.familyConstant>; readonly timeout?: number }[] {
  return ([4, 6] as const).map((family) => ({
    key: build.familyConstant(family),
    ...(timeout === undefined ? {} : { timeout }),
  }));
}

/** Fails while the trial runs: what was planned on what an older trial left must not end a newer one. */
const EXPECT_EXPIRED: Command = { kind: 'create-elements', ...OWN, set: TRIAL_SET, elements: trialElements() };

/** Nothing that `create set` says of elements is kept, where a set has `typeof` (nft 1.0.6): they are added. */
function switchCommands(
  loaded: Table | undefined,
  slot: Slot | undefined,
  seconds: number,
  notes: { readonly settled: string },
): Command[] {
  const asks = build.equals(build.NFPROTO, build.reference(TRIAL_SET));
  return [
    { kind: 'add-elements', ...OWN, set: TRIAL_SET, elements: trialElements(seconds) },
    ...[...(hasRedirects(loaded) ? [REDIRECTS] : []), ...HOOKS].map((chain): Command => {
      const isEmpty = slot === undefined || (chain === REDIRECTS && !hasRedirects(loaded, slot));
      const to = isEmpty ? build.decide('accept') : goTo(slot, chain);
      return { kind: 'insert-rule', ...OWN, chain, rule: build.rule([asks, to], notes.settled) };
    }),
  ];
}

function goTo(slot: Slot, chain: string): Rule['statements'][number] {
  return { kind: 'verdict', verdict: { kind: 'goto', chain: inSlot(slot, chain) } };
}

/** The slot becomes what stands; all that it does not need goes. */
function settleCommands(onTrial: Table, slot: Slot, note: string): Command[] {
  const led = [...(hasRedirects(onTrial, slot) ? [REDIRECTS] : []), ...HOOKS];
  const rules = new Map(led.map((chain) => [chain, [build.rule([goTo(slot, chain)], note)]]));
  const kept = reachOf(onTrial, [...rules.values()].flat());
  return replaceFrame(onTrial, rules, (kind, name) => !kept[kind].has(name));
}

/** What stood before is all that stands; what only the trial needs goes. */
function clearCommands({ table, layout }: Pick<Trial, 'table' | 'layout'>): Command[] {
  if (layout === 'nothing') return [DELETE_TABLE];
  const bases = table.chains
    .filter(({ base }) => base !== undefined)
    .map((chain) => [chain.name, splitAtSwitch(chain)] as const);
  const rules = new Map(bases.map(([name, { rest }]) => [name, rest]));
  const kept = reachOf(table, [...rules.values()].flat());
  const tried = reachOf(
    table,
    bases.flatMap(([, { switched }]) => switched ?? []),
  );
  return replaceFrame(table, rules, (kind, name) => tried[kind].has(name) && !kept[kind].has(name));
}

/** Chains are emptied first, so that nothing names what is deleted after. What sends packets elsewhere goes where it has no rules. */
function replaceFrame(
  table: Table,
  rules: ReadonlyMap<string, readonly Rule[]>,
  goes: (kind: 'chains' | 'sets' | 'counters', name: string) => boolean,
): Command[] {
  const gone = table.chains.filter(({ name, base }) => base === undefined && goes('chains', name));
  const sets = table.sets.filter(({ name }) => name === TRIAL_SET || goes('sets', name));
  const redirected = rules.get(REDIRECTS) ?? [];
  const frame = [...(hasBase(table, REDIRECTS) ? [REDIRECTS] : []), ...HOOKS];
  const flushed = [...frame, ...gone.map(({ name }) => name)];
  const bases = HOOKS.map((hook) => baseChain(hook, 'drop', rules.get(hook) ?? []));
  return [
    ...flushed.map((chain): Command => ({ kind: 'flush-chain', ...OWN, chain })),
    ...sets.map(({ name, data }): Command => ({ kind: 'delete-set', ...OWN, set: name, isMap: data !== undefined })),
    ...gone.map(({ name }): Command => ({ kind: 'delete-chain', ...OWN, chain: name })),
    ...table.counters
      .filter(({ name }) => goes('counters', name))
      .map(({ name }): Command => ({ kind: 'delete-object', ...OWN, type: 'counter', name })),
    ...(redirected.length === 0 && hasBase(table, REDIRECTS)
      ? [{ kind: 'delete-chain', ...OWN, chain: REDIRECTS } as const]
      : []),
    {
      kind: 'table',
      table: { ...EMPTY, chains: [...(redirected.length === 0 ? [] : [redirects(redirected)]), ...bases] },
    },
  ];
}

function hasBase(table: Table, chain: string): boolean {
  return table.chains.some(({ name, base }) => name === chain && base !== undefined);
}
