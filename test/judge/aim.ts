import {
  type Action,
  ADDRESS_TYPES,
  type AddressType,
  type Chain,
  CONNTRACK_STATES,
  type ConntrackState,
  type Field,
  HOOKS,
  type Hook,
  type Match,
  PASSING,
  type Range,
  type Ruleset,
  type Table,
} from '../../src/ir/index.ts';
import { type Family, highestAddress, PROTOCOLS } from '../../src/net/index.ts';
import { MARKS, type Packet } from './packet.ts';
import type { Random } from './random.ts';
import { WIRES } from './world/topology.ts';

/** A packet in the making; what nothing has decided yet is absent. */
export type PacketDraft = { -readonly [K in keyof Packet]?: Packet[K] };

const HIT = 0.85; // how often a condition is met rather than just missed

/**
 * A packet on its way to one of the rules, and often to others behind it: most of the conditions before them hold, some are missed by
 * one. What was aimed at first stays.
 */
export function aimAtSomeRule(random: Random, ruleset: Ruleset): PacketDraft {
  const draft: PacketDraft = {};
  const bases = ruleset.tables.flatMap((table) =>
    table.chains.flatMap((chain) => (chain.base === undefined ? [] : [{ table, chain, base: chain.base }])),
  );
  if (bases.length === 0) return draft;
  const { table, chain, base } = random.pick(bases);
  const hook = random.pick(PASSING[base.hook]);
  draft.entry = entryFor(random, hook);
  draft.family = random.pick(table.families);
  walk(random, table, chain, draft);
  const { family } = draft;
  const others = bases.filter((each) => PASSING[each.base.hook].includes(hook) && each.table.families.includes(family));
  for (const other of random.some(others, random.pick(CHAINS_MORE))) walk(random, other.table, other.chain, draft);
  return draft;
}

const CHAINS_MORE = [0, 0, 1, 2]; // that a packet is aimed at on its way
const COMES_BACK = 0.4; // how often a packet is to pass a chain that it is sent to, and to meet the rules behind the jump

function walk(random: Random, table: Table, chain: Chain, draft: PacketDraft): void {
  let from = 0;
  for (let current: Chain | undefined = chain; current !== undefined && from < current.rules.length; ) {
    const index = random.between(from, current.rules.length - 1);
    const rule: Chain['rules'][number] = current.rules[index]!;
    const next = beside(draft, (more) => {
      aim(random, rule.match, more);
      return follow(random, rule.action, more);
    });
    if (next === undefined) return;
    const comesBack: boolean = random.chance(COMES_BACK);
    from = comesBack ? index + 1 : 0;
    if (!comesBack) current = table.chains.find((each) => each.name === next);
  }
}

/** Aims at something more, and undoes nothing. */
function beside<T>(draft: PacketDraft, aimMore: (more: PacketDraft) => T): T {
  const more = { ...draft };
  const result = aimMore(more);
  Object.assign(draft, { ...more, ...draft });
  return result;
}

/** The chain that an action leads to. */
function follow(random: Random, action: Action, draft: PacketDraft): string | undefined {
  switch (action.kind) {
    case 'jump':
    case 'goto':
      return action.chain;
    case 'dispatch': {
      if (action.cases.length === 0) return undefined;
      const { match, action: then } = random.pick(action.cases);
      aim(random, match, draft);
      return follow(random, then, draft);
    }
    case 'verdict':
    case 'return':
    case 'continue':
      return undefined;
  }
}

/** Makes the draft meet a match, or miss it by a little. */
function aim(random: Random, match: Match, draft: PacketDraft): void {
  switch (match.kind) {
    case 'everything':
    case 'nothing':
    case 'symbol':
      break;
    case 'all':
      for (const part of match.of) aim(random, part, draft);
      break;
    case 'any':
      if (match.of.length > 0) aim(random, random.pick(match.of), draft);
      break;
    case 'not':
      if (random.chance(0.5)) aim(random, match.of, draft);
      break;
    case 'field':
      if (match.ranges.length > 0) aimField(random, match.field, match.ranges, draft);
      break;
    case 'address': {
      const ranges = match.ranges.filter(({ family }) => draft.family === undefined || family === draft.family);
      if (ranges.length === 0) break;
      const { family, first, last } = random.pick(ranges);
      draft.family = family;
      draft[match.side] = { family, value: clampAddress(family, edge(random, first, last, 1n)) };
      break;
    }
    case 'interface': {
      const wanted = WIRES.filter(({ name }) =>
        match.names.some((pattern) => (pattern.wildcard ? name.startsWith(pattern.name) : name === pattern.name)),
      );
      const fitting = wanted.filter(({ way }) => way === wayOf(draft.entry));
      if (match.side === 'in' && fitting.length > 0) draft.entry = { interface: random.pick(fitting).name };
      break;
    }
    case 'quantity':
      aimQuantity(random, match, draft);
      break;
  }
}

function aimField(random: Random, name: Field, ranges: readonly Range[], draft: PacketDraft): void {
  const { first, last } = random.pick(ranges);
  const value = edge(random, first, last, 1);
  switch (name) {
    case 'hook':
      draft.entry = entryFor(random, HOOKS[first] ?? 'input');
      break;
    case 'family':
      draft.family = random.chance(HIT) ? familyIn(ranges) : random.pick([4, 6]);
      break;
    case 'protocol':
      draft.protocol = clamp(value, 255);
      break;
    case 'sport':
    case 'dport':
      draft[name] = clamp(value, 65535);
      break;
    case 'icmpType':
    case 'icmpCode':
    case 'tcpFlags':
      draft[name] = clamp(value, 255);
      break;
    case 'state':
      aimState(random, CONNTRACK_STATES[first] ?? 'new', draft);
      break;
    case 'srcAccount':
      if (wayOf(draft.entry) === 'output') draft.entry = { account: clamp(value, 0xffff_fffe) };
      break;
    case 'srcType':
      draft.src = addressOfType(random, draft, ADDRESS_TYPES[first] ?? 'unicast');
      break;
    case 'dstType':
      draft.dst = addressOfType(random, draft, ADDRESS_TYPES[first] ?? 'unicast');
      break;
    case 'dstAccount':
      break; // no filter of first packets sees it
  }
}

function familyIn(ranges: readonly Range[]): Family {
  return ranges.some((range) => range.first <= 4 && range.last >= 4) ? 4 : 6;
}

function aimState(random: Random, state: ConntrackState, draft: PacketDraft): void {
  draft.tracked = state !== 'untracked';
  switch (state) {
    case 'new':
    case 'untracked':
      break;
    case 'established':
      draft.history = random.pick(['answered', 'answer']);
      break;
    case 'related': {
      draft.family ??= random.pick([4, 6]);
      draft.protocol = draft.family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
      draft.icmpType = draft.family === 4 ? 3 : 1;
      draft.history = 'error';
      break;
    }
    case 'invalid':
      draft.protocol ??= PROTOCOLS.tcp;
      draft.tcpFlags ??= random.pick([0, 3, 6, 4]); // no such segment opens anything
      break;
  }
}

const OF_TYPE: Readonly<Partial<Record<AddressType, readonly [bigint, bigint]>>> = {
  local: [0x0a00_0001n, (0x2001_0db8n << 96n) | 1n],
  broadcast: [0x0a00_00ffn, 0x2001_0db8n << 96n],
  multicast: [0xe000_0001n, (0xff02n << 112n) | 1n],
  unicast: [0xcb00_7109n, (0x2001_0db8n << 96n) | 9n],
};

function addressOfType(random: Random, draft: PacketDraft, type: AddressType): Packet['src'] {
  draft.family ??= random.pick([4, 6]);
  const values = OF_TYPE[type] ?? OF_TYPE.unicast!;
  return { family: draft.family, value: values[draft.family === 4 ? 0 : 1] };
}

function aimQuantity(random: Random, match: Extract<Match, { kind: 'quantity' }>, draft: PacketDraft): void {
  if (match.ranges.length === 0) return;
  const { first, last } = random.pick(match.ranges);
  if (match.quantity === 'mark') {
    const fitting = MARKS.flatMap((mark, index) => {
      const masked = (mark & match.mask) >>> 0;
      return first <= masked && masked <= last ? [index] : [];
    });
    if (fitting.length > 0) draft.mark = random.pick(fitting);
  } else if (match.quantity === 'ip ttl' || match.quantity === 'ip6 hoplimit') {
    draft.ttl = edge(random, first, last, 1);
  }
}

/** A value on an end of a range or inside; now and then just outside. */
function edge<T extends number | bigint>(random: Random, first: T, last: T, one: T): T {
  const inside = random.pick([first, last, first]);
  if (random.chance(HIT)) return inside;
  return random.chance(0.5) ? minus(first, one) : plus(last, one);
}

function plus<T extends number | bigint>(a: T, b: T): T;
function plus(a: number | bigint, b: number | bigint): number | bigint {
  return typeof a === 'bigint' && typeof b === 'bigint' ? a + b : Number(a) + Number(b);
}

function minus<T extends number | bigint>(a: T, b: T): T;
function minus(a: number | bigint, b: number | bigint): number | bigint {
  return typeof a === 'bigint' && typeof b === 'bigint' ? a - b : Number(a) - Number(b);
}

function clamp(value: number, highest: number): number {
  return Math.min(Math.max(value, 0), highest);
}

function clampAddress(family: Family, value: bigint): bigint {
  return value < 0n ? 0n : value > highestAddress(family) ? highestAddress(family) : value;
}

/** An entry whose packets stand at a hook. */
export function entryFor(random: Random, hook: Hook): Packet['entry'] {
  if (hook === 'output') return { account: random.pick([0, 0, 33, 999, 1000]) };
  return { interface: random.pick(WIRES.filter(({ way }) => way === hook)).name };
}

function wayOf(entry: Packet['entry'] | undefined): Hook | undefined {
  if (entry === undefined) return undefined;
  return 'account' in entry ? 'output' : WIRES.find(({ name }) => name === entry.interface)?.way;
}
