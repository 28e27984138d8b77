import { HOOKS, type Hook } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import { type ChangeNote, parseNote } from '../netfilter/change-note.ts';
import type { Chain, Program, Rule, Table } from './ast.ts';
import { BUILTINS, DOCKERS_CHAIN, FRAMES, isOwnChain, MARKS, policyChain, SLOTS, type Slot } from './names.ts';

/** The list of sets that switches a trial on (docs/decisions/0008-a-live-host-with-iptables.md), and what is in it after a confirmation. */
export const TRIAL_LIST = 'portcullis-trial';
const KEPT_MEMBER = /^portcullis-kept[46]$/;

export const FAMILIES: readonly Family[] = [4, 6];

/** Our chains in the filter tables of both families. */
export type OwnChains = Readonly<Record<Family, readonly Chain[]>>;

/**
 * What stands of ours, told from names alone, as with nftables: frames lead to a slot (or to the chains that `render` prints), and a switch
 * before that leads to another while a trial stands. Where a process keeps the trial, a rule without a condition does, and marks tell of it.
 */
export type Standing =
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign'; readonly reason: string } // chains of our names that are not ours to touch
  | Settled
  | Running
  | Expired;

export interface Settled {
  readonly kind: 'settled';
  readonly chains: OwnChains;
  readonly layout: 'plain' | Slot;
  readonly note?: ChangeNote;
}

export interface Running extends Trial {
  readonly kind: 'trial';
}

export interface Expired extends Trial {
  readonly kind: 'expired';
}

export interface Trial {
  readonly chains: OwnChains;
  readonly layout: 'nothing' | 'plain' | Slot; // of what the kernel goes back to
  readonly candidate: 'nothing' | Slot; // what is on trial
  readonly note?: ChangeNote; // of what the kernel goes back to
  readonly candidateNote?: ChangeNote;
}

/** @param program what `iptables-save`, `ip6tables-save` and `ipset save portcullis-trial` say */
export function standing(program: Program): Standing {
  const tables = program.tables.filter(({ name, chains }) => name === 'filter' && chains.some(isOwn));
  const list = program.sets.find(({ name }) => name === TRIAL_LIST);
  if (tables.length === 0 && list === undefined) return { kind: 'absent' };
  try {
    return recognise(
      tables,
      list?.elements.map(({ parts }) => parts[0] ?? ''),
    );
  } catch (error) {
    if (!(error instanceof Strange)) throw error;
    return { kind: 'foreign', reason: `the chains PORTCULLIS-... are not as Portcullis makes them: ${error.message}` };
  }
}

class Strange extends Error {}

function isOwn({ name }: Chain): boolean {
  return isOwnChain(name);
}

/** @param members of the list that switches; `undefined`: there is none */
function recognise(tables: readonly Table[], members: readonly string[] | undefined): Settled | Running | Expired {
  if (tables.length > 2 || new Set(tables.map(({ family }) => family)).size < tables.length)
    throw new Strange('they stand in both kinds of iptables');
  if (members?.some((name) => KEPT_MEMBER.test(name)))
    throw new Strange('a change was kept, and what its trial needed is still there');
  const chains: OwnChains = { 4: ownIn(tables, 4), 6: ownIn(tables, 6) };
  const marks = new Set(FAMILIES.flatMap((family) => chains[family].map(({ name }) => name)));
  if (marks.has(MARKS.kept)) throw new Strange('a change was kept, and what its trial needed is still there');
  const places = FAMILIES.flatMap((family) => HOOKS.map((hook) => frameOf(chains[family], hook)));
  const [first, ...others] = places;
  if (first === undefined || others.some(({ layout }) => layout !== first.layout))
    throw new Strange('they do not lead to the same in both families and all hooks');
  const candidates = new Set(places.flatMap(({ candidate }) => candidate ?? []));
  const [candidate = 'nothing', ...more] = candidates;
  if (more.length > 0) throw new Strange('two policies are on trial');
  const { layout } = first;
  const [note, candidateNote] = [noteOf(first.rest), noteOf(first.switched)];
  if (candidates.size === 0 && members === undefined && !marks.has(MARKS.begun)) {
    if (layout === 'nothing') throw new Strange('they are empty');
    return { kind: 'settled', chains, layout, ...(note === undefined ? {} : { note }) };
  }
  return {
    kind: (members !== undefined && members.length > 0) || marks.has(MARKS.on) ? 'trial' : 'expired',
    chains,
    layout,
    candidate,
    ...(note === undefined ? {} : { note }),
    ...(candidateNote === undefined ? {} : { candidateNote }),
  };
}

function ownIn(tables: readonly Table[], family: Family): readonly Chain[] {
  return tables.find((table) => table.family === family)?.chains.filter(isOwn) ?? [];
}

interface Frame {
  readonly switched?: Rule;
  readonly rest?: Rule;
  readonly layout: Trial['layout'];
  readonly candidate?: Trial['candidate'];
}

function frameOf(chains: readonly Chain[], hook: Hook): Frame {
  const chain = chains.find(({ name }) => name === FRAMES[hook]);
  const { switched, rest } = splitAtSwitch(chain?.rules ?? [], isOn(chains));
  const [rule, ...more] = rest;
  if (more.length > 0) throw new Strange(`\`${FRAMES[hook]}\` holds other rules`);
  const candidate = switched === undefined ? undefined : leadsTo(switched, hook);
  if (candidate === 'plain') throw new Strange(`the switch of \`${FRAMES[hook]}\` leads elsewhere`);
  const layout = rule === undefined ? 'nothing' : leadsTo(rule, hook);
  if (rule !== undefined && layout === 'nothing') throw new Strange(`\`${FRAMES[hook]}\` leads nowhere`);
  return {
    ...(switched === undefined ? {} : { switched }),
    ...(rule === undefined ? {} : { rest: rule }),
    layout,
    ...(candidate === undefined ? {} : { candidate }),
  };
}

function leadsTo({ target }: Rule, hook: Hook): Trial['layout'] {
  if (target?.kind === 'jump' && target.name === 'RETURN') return 'nothing';
  const slot = target?.kind === 'goto' ? SLOTS.find((each) => target.name === slotChain(each, hook)) : undefined;
  if (slot !== undefined) return slot;
  if (target?.kind === 'goto' && target.name === policyChain(hook)) return 'plain';
  throw new Strange(`\`${FRAMES[hook]}\` leads elsewhere`);
}

/** Where a slot's policy begins. */
export function slotChain(slot: Slot, hook: Hook): string {
  return `PC-${slot}-${hook}`;
}

/** Whether a change that a process keeps is in force in one family. */
export function isOn(chains: readonly Chain[]): boolean {
  return chains.some(({ name }) => name === MARKS.on);
}

/** @param on see `isOn`: then the first rule is the one that leads to the change */
export function splitAtSwitch(
  rules: readonly Rule[],
  on: boolean,
): { readonly switched?: Rule; readonly rest: readonly Rule[] } {
  const [first, ...rest] = rules;
  return first !== undefined && (on || asksSwitch(first)) ? { switched: first, rest } : { rest: rules };
}

function asksSwitch({ matches }: Rule): boolean {
  return matches.some(({ name, options }) => name === 'set' && options.some(({ values }) => values[0] === TRIAL_LIST));
}

function noteOf(rule: Rule | undefined): ChangeNote | undefined {
  const comment = rule?.matches.find(({ name }) => name === 'comment')?.options[0]?.values[0];
  return parseNote(comment);
}

/** Which rules of ours packets meet: those on trial, or those that stood before. */
export type Side = 'on-trial' | 'standing';

/** The rules as they decide on one side: frames lead straight to what packets meet, and the switch is no question. */
export function followed({ tables, sets }: Program, side: Side): Program {
  return {
    tables: tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) =>
        Object.values(FRAMES).includes(chain.name)
          ? { ...chain, rules: rulesOn(side, chain.rules, isOn(table.chains)) }
          : chain,
      ),
    })),
    sets,
  };
}

function rulesOn(side: Side, rules: readonly Rule[], on: boolean): readonly Rule[] {
  const { switched, rest } = splitAtSwitch(rules, on);
  if (switched === undefined || side === 'standing') return rest;
  return [{ ...switched, matches: switched.matches.filter(({ name }) => name !== 'set') }];
}

/** How the built-in chains lead to ours. */
export type Hooked = 'first' | 'later' | 'not';

export function hookedIn(table: Table, hook: Hook): Hooked {
  const rules = rulesIn(table, BUILTINS[hook]);
  const at = rules.findIndex((rule) => leadsToFrame(rule, hook));
  const beyond = hookInDockers(table, hook);
  if (beyond === undefined) return at === -1 ? 'not' : at === 0 ? 'first' : 'later';
  const isFirst = at === -1 && leadsOn(rules[0], DOCKERS_CHAIN) && rulesIn(table, DOCKERS_CHAIN)[0] === beyond;
  return isFirst ? 'first' : 'later';
}

/** The rule by which packets come to ours. */
export function hookRule(table: Table, hook: Hook): Rule | undefined {
  return rulesIn(table, BUILTINS[hook]).find((rule) => leadsToFrame(rule, hook)) ?? hookInDockers(table, hook);
}

/** FORWARD may lead to ours by Docker's chain for others. */
function hookInDockers(table: Table, hook: Hook): Rule | undefined {
  return hook === 'forward' ? rulesIn(table, DOCKERS_CHAIN).find((rule) => leadsToFrame(rule, hook)) : undefined;
}

function rulesIn({ chains }: Table, chain: string): readonly Rule[] {
  return chains.find(({ name }) => name === chain)?.rules ?? [];
}

/** Whether a rule is our hook, wherever it stands. */
export function leadsToFrame(rule: Rule, hook: Hook): boolean {
  return leadsOn(rule, FRAMES[hook]);
}

function leadsOn(rule: Rule | undefined, chain: string): boolean {
  return (
    rule?.target?.kind === 'jump' &&
    rule.target.name === chain &&
    rule.options.length === 0 &&
    rule.matches.length === 0
  );
}
