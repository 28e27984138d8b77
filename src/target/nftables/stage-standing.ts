import { HOOKS, type Hook } from '../../ir/index.ts';
import { type ChangeNote, parseNote } from '../netfilter/change-note.ts';
import type { Chain, Program, Rule, Table } from './ast.ts';
import { inSlot, isOwnCounter, isSharedSet, SLOTS, type Slot, slotOfName, TABLE_NAME, TRIAL_SET } from './names.ts';
import { REDIRECTS, redirectBase } from './redirect.ts';
import { reachOf } from './stage-names.ts';
import { ownTable } from './stage-slot.ts';

/**
 * What stands of ours, told from names alone: nobody's memory is asked. `settled` is what was confirmed or loaded plainly; a trial that
 * nobody confirmed in time is `expired` until it is cleared away.
 */
export type Standing =
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign'; readonly reason: string } // a table of our name that is not ours to touch
  | Settled
  | Running
  | Expired;

export interface Settled {
  readonly kind: 'settled';
  readonly table: Table;
  readonly layout: 'plain' | Slot; // plain: the base chains hold the rules themselves, as `render` prints them
  readonly note?: ChangeNote;
}

export interface Running extends Trial {
  readonly kind: 'trial';
}

export interface Expired extends Trial {
  readonly kind: 'expired';
}

export interface Trial {
  readonly table: Table;
  readonly layout: 'nothing' | 'plain' | Slot; // of what the kernel goes back to
  readonly candidate: 'nothing' | Slot; // what is on trial; nothing: that our rules go away
  readonly note?: ChangeNote; // of what the kernel goes back to
  readonly candidateNote?: ChangeNote;
}

/** @param program what `nft -j list ruleset` lists, or `nft -j list table inet portcullis` */
export function standing(program: Program): Standing {
  const table = ownTable(program);
  if (table === undefined) return { kind: 'absent' };
  try {
    return recognise(table);
  } catch (error) {
    if (!(error instanceof Strange)) throw error;
    return { kind: 'foreign', reason: `table inet ${TABLE_NAME} is not as Portcullis makes it: ${error.message}` };
  }
}

class Strange extends Error {}

function recognise(table: Table): Settled | Running | Expired {
  checkNames(table);
  const frame = frameOf(table);
  const trial = table.sets.find(({ name }) => name === TRIAL_SET);
  const layout = same(frame, (hook, { rest }) => layoutOf(hook, rest));
  const candidate = same(frame, (hook, { switched }) => candidateOf(hook, switched));
  checkRedirects(table, layout, candidate);
  const slots = new Set([...table.sets, ...table.chains].flatMap(({ name }) => slotOfName(name)?.slot ?? []));
  for (const slot of slots) {
    if (slot !== layout && slot !== candidate) throw new Strange(`nothing leads to slot ${slot}`);
  }
  const note = parseNote(frame.input.rest[0]?.comment);
  const noted = note === undefined ? {} : { note };
  if (trial === undefined && candidate === undefined && layout !== 'nothing') {
    return { kind: 'settled', table, layout, ...noted };
  }
  if (trial === undefined && candidate === undefined) throw new Strange('its base chains are empty');
  if (trial === undefined || candidate === undefined) throw new Strange('a trial has its set or its rules, not both');
  const candidateNote = { ...parseNote(frame.input.switched?.comment), ...parseNote(trial.comment) };
  return {
    kind: trial.elements.length > 0 ? 'trial' : 'expired',
    table,
    layout,
    candidate,
    ...noted,
    ...(isNote(candidateNote) ? { candidateNote } : {}),
  };
}

function isNote(note: Partial<ChangeNote>): note is ChangeNote {
  return note.by !== undefined && note.since !== undefined;
}

function checkNames({ chains, sets, counters, objects = [] }: Table): void {
  for (const { type, name } of objects) throw new Strange(`it holds the ${type} \`${name}\``);
  for (const { name } of counters) if (!isOwnCounter(name)) throw new Strange(`it holds the counter \`${name}\``);
  for (const { name, data } of sets) {
    const inner = slotOfName(name)?.inner ?? name;
    const known = data !== undefined ? /^(?:input|output|forward)-/ : /^(?:alive[46]$|containers[46]-)/;
    const isKnown = data === undefined && (name === TRIAL_SET || isSharedSet(name));
    if (!isKnown && !known.test(inner)) throw new Strange(`it holds the set or map \`${name}\``);
  }
  for (const { name, base } of chains) {
    const inner = slotOfName(name)?.inner ?? name;
    if (base === undefined && !/^(?:(?:input|output|forward)(?:-|$)|rates?-|redirects$)/.test(inner)) {
      throw new Strange(`it holds the chain \`${name}\``);
    }
  }
}

interface Split {
  readonly switched?: Rule;
  readonly rest: readonly Rule[];
}

/** What the base chains hold, whose first rule may be the switch. */
function frameOf(table: Table): Readonly<Record<Hook, Split>> {
  const bases = table.chains.filter(({ base }) => base !== undefined);
  const found = (hook: Hook): Split => {
    const chain = bases.find(({ name, base }) => name === hook && base?.hook === hook && base.type === 'filter');
    if (chain === undefined) throw new Strange(`its base chain \`${hook}\` is missing`);
    return splitAtSwitch(chain);
  };
  const frame = { input: found('input'), output: found('output'), forward: found('forward') };
  const others = bases.filter(({ name }) => !HOOKS.some((hook) => hook === name) && name !== REDIRECTS);
  if (others.length > 0)
    throw new Strange('it has other base chains than `input`, `output`, `forward` and `redirects`');
  return frame;
}

/** What sends packets elsewhere is there exactly where some rules of ours do so, and leads to the same as the other base chains. */
function checkRedirects(table: Table, layout: Trial['layout'], candidate: Trial['candidate'] | undefined): void {
  const chain = table.chains.find(({ name }) => name === REDIRECTS);
  const holds = (of: Trial['layout'] | undefined): of is Slot =>
    SLOTS.some((slot) => slot === of && table.chains.some(({ name }) => name === inSlot(slot, REDIRECTS)));
  if (chain === undefined) {
    if (holds(layout) || holds(candidate)) throw new Strange('its base chain `redirects` is missing');
    return;
  }
  const { switched, rest } = splitAtSwitch(chain);
  const [verdict] = rest[0]?.statements ?? [];
  const stands = holds(layout)
    ? rest.length === 1 && leadsTo(verdict, layout, REDIRECTS)
    : layout === 'plain' || rest.length === 0;
  const tried = switched?.statements[1];
  const isTried = holds(candidate)
    ? leadsTo(tried, candidate, REDIRECTS)
    : candidate === undefined
      ? switched === undefined && rest.length > 0
      : tried?.kind === 'verdict' && tried.verdict.kind === 'accept';
  if (!isRedirectBase(chain) || !stands || !isTried) throw new Strange('its base chain `redirects` leads elsewhere');
}

function isRedirectBase({ base }: Chain): boolean {
  const { type, hook, priority, policy } = redirectBase();
  return base?.type === type && base.hook === hook && base.priority === priority && base.policy === policy;
}

export function splitAtSwitch({ rules }: Chain): Split {
  const [first, ...rest] = rules;
  const [match] = first?.statements ?? [];
  const asks = match?.kind === 'match' && match.right.kind === 'set-reference' && match.right.name === TRIAL_SET;
  return first !== undefined && asks ? { switched: first, rest } : { rest: rules };
}

function layoutOf(hook: Hook, rules: readonly Rule[]): Trial['layout'] {
  if (rules.length === 0) return 'nothing';
  const [verdict] = rules[0]?.statements ?? [];
  return (rules.length === 1 && SLOTS.find((slot) => leadsTo(verdict, slot, hook))) || 'plain';
}

function candidateOf(hook: Hook, rule: Rule | undefined): Trial['candidate'] | undefined {
  if (rule === undefined) return undefined;
  const verdict = rule.statements[1];
  const slot = SLOTS.find((each) => leadsTo(verdict, each, hook));
  if (slot !== undefined) return slot;
  if (verdict?.kind === 'verdict' && verdict.verdict.kind === 'accept') return 'nothing';
  throw new Strange(`the switch of \`${hook}\` leads elsewhere`);
}

function leadsTo(statement: Rule['statements'][number] | undefined, slot: Slot, chain: string): boolean {
  if (statement?.kind !== 'verdict') return false;
  const { verdict } = statement;
  return verdict.kind === 'goto' && verdict.chain === inSlot(slot, chain);
}

/** What all base chains lead to. */
function same<T>(frame: Readonly<Record<Hook, Split>>, of: (hook: Hook, split: Split) => T): T {
  const [input, ...others] = [
    of('input', frame.input),
    of('output', frame.output),
    of('forward', frame.forward),
  ] as const;
  if (others.some((other) => other !== input)) throw new Strange('its base chains do not lead to the same');
  return input;
}

/** Counters and sets that hold what would be lost if they were made anew; what only an expired trial asked for is not among them. */
export function learntNames(before: Settled | Running | Expired): ReadonlySet<string> {
  const { table } = before;
  const names = [...table.counters, ...table.sets.filter(({ name }) => isSharedSet(name))].map(({ name }) => name);
  if (before.kind === 'settled') return new Set(names);
  const rests = table.chains.flatMap((chain) => (chain.base === undefined ? [] : splitAtSwitch(chain).rest));
  const { sets, counters } = reachOf(table, rests);
  return new Set(names.filter((name) => sets.has(name) || counters.has(name)));
}
