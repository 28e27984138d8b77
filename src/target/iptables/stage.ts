import { HOOKS, type Hook } from '../../ir/index.ts';
import { type Address, type AddressRange, type Family, PROTOCOLS } from '../../net/index.ts';
import { printNote } from '../netfilter/change-note.ts';
import type { Chain, Program, Rule } from './ast.ts';
import * as build from './build.ts';
import { inSlot } from './in-slot.ts';
import { FRAMES, isMark, isOwnChain, isPolicyChain, MARKS, policyChain, type Slot } from './names.ts';
import { printRule } from './print.ts';
import {
  type Expired,
  FAMILIES,
  isOn,
  type OwnChains,
  type Settled,
  slotChain,
  splitAtSwitch,
  TRIAL_LIST,
} from './stage-standing.ts';

/** What can be changed: a running trial has to end first, and chains that are not ours are left alone. */
export type Changeable = { readonly kind: 'absent' } | Settled | Expired;

/** A connection that lives when a change begins, as its first packet went; both addresses are of one family. */
export interface AliveConnection {
  readonly protocol: 6 | 17; // TCP or UDP
  readonly src: Address;
  readonly sport: number;
  readonly dst: Address;
  readonly dport: number;
}

export interface Change {
  readonly policy?: Program; // what `lower` made of it, without sets; absent: our rules go away
  readonly trialSeconds?: number; // for the note; absent: permanent at once
  readonly heldBy: 'kernel' | 'process'; // what takes it back, where it is on trial
  readonly alive: readonly AliveConnection[];
  readonly by: string;
  readonly at: string; // ISO 8601 in UTC
  readonly policyHash: string;
}

/** One transaction for each family, and whether built-in chains lead to ours when it is done. */
export interface StagedStep {
  readonly v4: string;
  readonly v6: string;
  readonly hooked: boolean;
}

/** What surrounds the switch: before it is on, when it is on for good, when it is off. */
export interface SwitchedSteps extends Ends {
  readonly heldBy: 'kernel';
  readonly begin: StagedStep;
}

/** The same where a process keeps the trial: `begin` is met by no packet, `on` and `off` are what it loads. */
export interface WatchedSteps extends Ends {
  readonly heldBy: 'process';
  readonly begin: StagedStep;
  readonly on: StagedStep;
  readonly off: StagedStep;
}

interface Ends {
  readonly confirm: StagedStep;
  readonly revert: StagedStep;
}

export type StagedSteps = SwitchedSteps | WatchedSteps;

/**
 * Writes a change from what stands to a policy. While it is off, `begin` and `revert` change nothing for any packet; when it is on for good,
 * neither does `confirm`.
 */
export function stageChange(before: Changeable, change: Change): StagedSteps {
  const stood: OwnChains = before.kind === 'absent' ? { 4: [], 6: [] } : before.chains;
  const layout = before.kind === 'absent' ? 'nothing' : before.layout;
  const slot: Slot = layout === 'a' ? 'b' : 'a';
  const loaded = change.policy === undefined ? undefined : slotChains(change.policy, slot, change.alive);
  const notes = { trial: trialNote(change), settled: settledNote(change) };
  const frames =
    (of: (hook: Hook, family: Family) => readonly Rule[]) =>
    (family: Family): Chain[] =>
      HOOKS.map((hook) => ({ name: FRAMES[hook], rules: of(hook, family) }));
  const old = (hook: Hook, family: Family): readonly Rule[] =>
    splitAtSwitch(stood[family].find(({ name }) => name === FRAMES[hook])?.rules ?? [], isOn(stood[family])).rest;
  const { heldBy } = change;
  const marks = heldBy === 'process' ? Object.values(MARKS) : [];
  const switched = (hook: Hook): Rule =>
    build.rule(
      heldBy === 'kernel' ? build.inSet(TRIAL_LIST, 'src') : build.ALWAYS,
      loaded === undefined ? build.jump('RETURN') : build.goto(slotChain(slot, hook)),
      notes.trial,
    );
  const settled = (hook: Hook): Rule => build.rule(build.ALWAYS, build.goto(slotChain(slot, hook)), notes.settled);
  const keeps = (name: string): boolean =>
    isPolicyChain(name) && !isMark(name) && !isOfSlot(name, slot) && layout !== 'nothing';
  const step = (hooked: boolean, text: (family: Family) => string): StagedStep => ({
    v4: text(4),
    v6: text(6),
    hooked,
  });
  const gone = (family: Family, kept: (name: string) => boolean): string[] => {
    const names = [...[...stood[family], ...(loaded?.[family] ?? [])].map(({ name }) => name), ...marks];
    return [...new Set(names)].filter((name) => isPolicyChain(name) && !kept(name));
  };
  const away = (family: Family): string =>
    printText([], [...gone(family, () => false), ...HOOKS.map((hook) => FRAMES[hook])]);
  const onTrial = frames((hook, family) => [switched(hook), ...old(hook, family)]);
  const ends: Ends = {
    confirm:
      loaded === undefined
        ? step(false, away)
        : step(true, (family) =>
            printText(
              frames((hook) => [settled(hook)])(family),
              gone(family, (name) => isOfSlot(name, slot)),
            ),
          ),
    revert:
      layout === 'nothing'
        ? step(false, away)
        : step(true, (family) => printText(frames(old)(family), gone(family, keeps))),
  };
  const slotOf = (family: Family): readonly Chain[] => loaded?.[family] ?? [];
  switch (heldBy) {
    case 'kernel':
      return {
        heldBy,
        begin: step(true, (family) => printText([...onTrial(family), ...slotOf(family)], [])),
        ...ends,
      };
    case 'process':
      return {
        heldBy,
        begin: step(layout !== 'nothing', (family) => printText([mark('begun'), ...slotOf(family)], [])),
        on: step(true, (family) => printText([...onTrial(family), mark('on')], [])),
        off: step(true, (family) => printText(frames(old)(family), [MARKS.on])),
        ...ends,
      };
  }
}

function mark(name: keyof typeof MARKS): Chain {
  return { name: MARKS[name], rules: [] };
}

/** What stands of ours in one family, as a transaction that would make it. */
export function printOwn(program: Program, family: Family): string {
  const table = program.tables.find(
    (each) => each.family === family && each.name === 'filter' && each.chains.some(isOwn),
  );
  return printText((table?.chains ?? []).filter(isOwn), []);
}

function isOwn({ name }: Chain): boolean {
  return isOwnChain(name);
}

/** A policy alone, to be loaded where nothing of ours stands (at boot), with the jumps that lead to it. @param instead a slot that goes */
export function plainText(
  policy: Program,
  slot: Slot,
  replaced: readonly string[],
): { readonly v4: string; readonly v6: string } {
  const chains = slotChains(policy, slot, []);
  const text = (family: Family): string => {
    const frames = HOOKS.map((hook) => ({
      name: FRAMES[hook],
      rules: [build.rule(build.ALWAYS, build.goto(slotChain(slot, hook)))],
    }));
    const printed = printText([...frames, ...chains[family]], replaced);
    const hooks = HOOKS.map((hook) => `-I ${hook.toUpperCase()} 1 -j ${FRAMES[hook]}\n`).join('');
    return printed.replace(/^(?=-A)/m, hooks);
  };
  return { v4: text(4), v6: text(6) };
}

/** Names of the chains that a policy has in a slot, in either family. */
export function chainNames(policy: Program, slot: Slot): string[] {
  const chains = slotChains(policy, slot, []);
  return [...new Set(FAMILIES.flatMap((family) => chains[family].map(({ name }) => name)))];
}

function isOfSlot(name: string, slot: Slot): boolean {
  return name.startsWith(`PC-${slot}-`);
}

function trialNote({ by, at, policyHash, trialSeconds }: Change): string {
  return printNote({ by, since: at, policyHash, ...(trialSeconds === undefined ? {} : { trialSeconds }) });
}

function settledNote({ by, at, policyHash }: Change): string {
  return printNote({ by, since: at, policyHash });
}

function slotChains(policy: Program, slot: Slot, alive: readonly AliveConnection[]): OwnChains {
  const of = (family: Family): readonly Chain[] => {
    const table = policy.tables.find((each) => each.family === family && each.name === 'filter');
    const chains = table?.chains.filter(({ name }) => isPolicyChain(name)) ?? [];
    const own = withAlive(
      chains,
      alive.filter(({ src }) => src.family === family),
    );
    return inSlot({ tables: [{ family, name: 'filter', chains: own }], sets: [] }, slot).tables[0]?.chains ?? [];
  };
  return { 4: of(4), 6: of(6) };
}

/**
 * Packets of connections that were alive, and that conntrack does not know, pass before the policy is asked. Only packets that are of no
 * known connection walk that list.
 */
function withAlive(chains: readonly Chain[], alive: readonly AliveConnection[]): readonly Chain[] {
  if (alive.length === 0) return chains;
  return chains.flatMap((chain): readonly Chain[] => {
    const hook = (['input', 'output'] as const).find((each) => chain.name === policyChain(each));
    if (hook === undefined) return [chain];
    const [list, rest] = [policyChain(hook, 'alive'), policyChain(hook, 'policy')];
    const unknown = build.module('conntrack', build.option('--ctstate', 'NEW,INVALID,UNTRACKED'));
    return [
      { name: chain.name, rules: [build.rule(unknown, build.goto(list)), build.rule(build.ALWAYS, build.goto(rest))] },
      {
        name: list,
        rules: [...distinct(alive.flatMap(bothWays)), build.rule(build.ALWAYS, build.goto(rest))],
      },
      { name: rest, rules: chain.rules },
    ];
  });
}

function bothWays({ protocol, src, sport, dst, dport }: AliveConnection): Rule[] {
  const one = (from: Address, fromPort: number, to: Address, toPort: number): Rule => {
    const flags = protocol === PROTOCOLS.tcp ? [build.module('tcp', build.option('--tcp-flags', 'SYN', 'NONE'))] : []; // with a SYN it would open another
    return build.rule(
      build.both(
        build.addresses('src', single(from)),
        build.addresses('dst', single(to)),
        build.protocol(protocol),
        build.ports(protocol, 'source', [{ first: fromPort, last: fromPort }]),
        build.ports(protocol, 'destination', [{ first: toPort, last: toPort }]),
        ...flags,
      ),
      build.jump('RETURN'),
    );
  };
  return [one(src, sport, dst, dport), one(dst, dport, src, sport)];
}

function single({ family, value }: Address): AddressRange {
  return { family, first: value, last: value };
}

function distinct(rules: readonly Rule[]): Rule[] {
  return [...new Map(rules.map((rule) => [printRule(rule), rule])).values()];
}

/** Chains are made or emptied first, then filled; those that go are emptied like the others, so that nothing names what is taken away. */
function printText(chains: readonly Chain[], gone: readonly string[]): string {
  const names = [...new Set([...chains.map(({ name }) => name), ...gone])];
  return [
    '*filter\n',
    ...names.map((name) => `:${name} - [0:0]\n`),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${printRule(rule)}\n`)),
    ...gone.map((name) => `-X ${name}\n`),
    'COMMIT\n',
  ].join('');
}
