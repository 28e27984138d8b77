import {
  all,
  any,
  atHook,
  type BaseChain,
  type Chain,
  type ChainHook,
  type Effect,
  everything,
  field,
  inState,
  interfaces,
  type Match,
  not,
  nothing,
  PASSING,
  quantity,
  type Rule,
  type Ruleset,
  type Table,
} from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import type { Lifted, Opaque } from '../target.ts';
import type * as nft from './ast.ts';
import {
  type ChainContext,
  CONNTRACK_PRIORITY,
  chainEntries,
  type Entry,
  type ProgramContext,
  priorityAt,
  Unknowns,
} from './lift-context.ts';
import { CT_MARK, CT_STATUS } from './lift-ct.ts';
import { learntSets } from './lift-learning.ts';
import { NOWHERE } from './lift-origin.ts';
import { ENDS, type End, readsEnd, translates } from './lift-reads.ts';
import { liftRule } from './lift-rule.ts';
import { TABLE_NAME } from './names.ts';
import { finalProgram } from './program.ts';
import { CT_STATUS_BITS, NAT_DONE_BITS } from './words.ts';

/** The meaning of a program: its rules as data that can be judged, and what is not understood named with its place. */
export function liftProgram(program: nft.Program): Lifted {
  const tables = finalProgram(program).tables.filter(
    (table) => FAMILIES[table.family] !== undefined && table.dormant !== 'yes',
  );
  const opaque: Opaque[] = [];
  const context = programContext(tables);
  // Of two chains with one priority the kernel asks the one that was made last (nf_hook_entries_grow, net/netfilter/core.c).
  const lifted = tables.map((table) => liftTable(table, context, natHooks(tables), opaque)).reverse();
  const ruleset: Ruleset = { layer: 'nftables', tables: [...lifted, ...connectionTable(lifted)] };
  return { ruleset, opaque };
}

/** The IP families whose packets enter a table. Those of other families decide about frames and ARP. */
const FAMILIES: Readonly<Partial<Record<nft.TableFamily, readonly (4 | 6)[]>>> = {
  inet: [4, 6],
  ip: [4],
  ip6: [6],
  netdev: [4, 6],
};

function programContext(tables: readonly nft.Table[]): ProgramContext {
  const reads = new Map(ENDS.map((end) => [end, tables.flatMap((table) => readingEntries(table, end))] as const));
  return {
    translates: tables.some(translates),
    unknowns: new Unknowns(),
    readsLater: (end, entries, here) =>
      (reads.get(end) ?? []).some((reader) => entries.some((entry) => isLater(reader, entry, here === 'here'))),
  };
}

function readingEntries(table: nft.Table, end: End): readonly Entry[] {
  const entries = chainEntries(table, hookOf);
  return table.chains.flatMap((chain) => (readsEnd(chain, end) ? (entries.get(chain.name) ?? []) : []));
}

/** Whether a packet can come to the one after it was at the other. */
function isLater(later: Entry, earlier: Entry, orSame: boolean): boolean {
  const meets = PASSING[later.hook].some((hook) => PASSING[earlier.hook].includes(hook));
  if (!meets) return false;
  if (later.hook === earlier.hook && later.priority === earlier.priority) return orSame;
  if (later.hook === earlier.hook) return later.priority > earlier.priority;
  return ORDER.indexOf(later.hook) > ORDER.indexOf(earlier.hook);
}

const ORDER: readonly ChainHook[] = ['ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting', 'egress'];

function hookOf(hook: string): ChainHook | undefined {
  return ORDER.find((each) => each === hook);
}

/** How many chains of type nat there are at each hook. */
function natHooks(tables: readonly nft.Table[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const table of tables) {
    for (const { base } of table.chains) {
      if (base?.type === 'nat') counts.set(base.hook, (counts.get(base.hook) ?? 0) + 1);
    }
  }
  return counts;
}

function liftTable(
  table: nft.Table,
  program: ProgramContext,
  natChains: ReadonlyMap<string, number>,
  opaque: Opaque[],
): Table {
  const entries = chainEntries(table, hookOf);
  const name = `${table.family} ${table.name}`;
  const context: Omit<ChainContext, 'chain' | 'entries'> = {
    family: table.family,
    table: name,
    isOurs: table.family === 'inet' && table.name === TABLE_NAME,
    sets: new Map(table.sets.map((set) => [set.name, set])),
    overObjects: new Set(
      (table.objects ?? []).flatMap((object) => (object.over ? [`${object.type} ${object.name}`] : [])),
    ),
    learnt: learntSets(table),
    program,
  };
  const chains = table.chains.map((chain) => {
    const base = chain.base === undefined ? undefined : liftBase(chain.base);
    if (chain.base !== undefined && base === undefined) {
      opaque.push({
        span: chain.span ?? NOWHERE,
        text: `chain ${chain.name}`,
        packets: everything,
        reason: `there is no hook \`${chain.base.hook}\` that is known`,
      });
    }
    const chainContext: ChainContext = { ...context, chain: chain.name, entries: entries.get(chain.name) ?? [] };
    const gate =
      chain.base === undefined ? [] : gateRules(table, chain.base, chainContext, natChains.get(chain.base.hook) ?? 0);
    const rules = chain.rules.flatMap((rule, index) => {
      const lifted = liftRule(rule, chainContext, { rule: index });
      for (const each of lifted.opaque)
        opaque.push({ ...each, packets: all(comingTo(table, chainContext), each.packets) });
      return lifted.rules;
    });
    return { name: chain.name, ...(base === undefined ? {} : { base }), rules: [...gate, ...rules] };
  });
  return { name, families: FAMILIES[table.family] ?? [], chains: chains.reverse() };
}

/** At most the packets that come to a chain, by where they enter its table. */
function comingTo(table: nft.Table, { entries }: ChainContext): Match {
  if (entries.length === 0) return nothing;
  const hooks = [...new Set(entries.flatMap(({ hook }) => PASSING[hook]))];
  const families = FAMILIES[table.family] ?? [];
  const isFirstOnly = entries.every(({ isNat }) => isNat);
  return all(atHook(...hooks), field('family', ...families), isFirstOnly ? firstPacket() : everything);
}

function liftBase(base: nft.BaseChainSpec): BaseChain | undefined {
  const hook = hookOf(base.hook);
  if (hook === undefined) return undefined;
  return {
    hook,
    priority: priorityAt(hook, base),
    policy: base.policy,
  };
}

/** Packets that a base chain does not see, although they pass its hook: they are let go on at once. */
function gateRules(table: nft.Table, base: nft.BaseChainSpec, context: ChainContext, natChains: number): Rule[] {
  const passed: (readonly [Match, string])[] = [];
  const { unknowns } = context.program;
  if (table.dormant === 'perhaps') {
    passed.push([unknowns.property(`table ${context.table} is dormant`), 'a dormant table decides nothing']);
  }
  if (base.hook === 'ingress' || base.hook === 'egress') {
    passed.push([not(throughDevice(base, context)), 'packets of other devices do not come here']);
  }
  if (base.type === 'nat') {
    passed.push([not(firstPacket()), 'only the first packet of a connection comes here']);
    if (natChains > 1) passed.push([alreadyTranslated(base.hook), 'the connection is translated already']);
  }
  return passed.map(([match, text]) => ({ match, action: { kind: 'verdict', verdict: 'accept' }, origin: { text } }));
}

/** A packet passes the device itself, or one that lies over it: of a bridge's port or a VLAN's trunk another name is seen later. */
function throughDevice(base: nft.BaseChainSpec, { program }: ChainContext): Match {
  const side = base.hook === 'ingress' ? 'in' : 'out';
  if (base.devices === undefined)
    return program.unknowns.property('it passes the device of the chain, which nft 1.0.6 omits in JSON');
  const names = base.devices.map((name) => ({ name, wildcard: name.endsWith('*') }));
  const over = program.unknowns.property(`it passes device ${base.devices.join(', ')} below another interface`);
  return any(
    interfaces(side, ...names.map((each) => (each.wildcard ? { ...each, name: each.name.slice(0, -1) } : each))),
    over,
  );
}

/** Errors about other connections are translated as those are. */
function firstPacket(): Match {
  return any(inState('new'), all(inState('related'), not(field('protocol', PROTOCOLS.icmp, PROTOCOLS.icmpv6))));
}

function alreadyTranslated(hook: string): Match {
  const bit = hook === 'prerouting' || hook === 'output' ? NAT_DONE_BITS.dnat : NAT_DONE_BITS.snat;
  return quantity(CT_STATUS, bit, bit);
}

/**
 * What connection tracking itself does, where rules ask for it: the first packet of a connection finds no status and no mark; one that
 * comes again before any answer finds what the first one left, of which an answer is no part.
 */
function connectionTable(tables: readonly Table[]): Table[] {
  const asked = [CT_STATUS, CT_MARK].filter((name) => tables.some((table) => asksFor(table, name)));
  if (asked.length === 0) return [];
  const { confirmed, expected, assured, 'seen-reply': seenReply } = CT_STATUS_BITS;
  const isNew = inState('new');
  const rules: Rule[] = [
    {
      match: all(isNew, quantity(CT_STATUS, confirmed, 0)),
      effects: asked.map((name) => ({ kind: 'assign', quantity: name, from: '', keep: 0, flip: 0 })),
      action: { kind: 'continue' },
      origin: { text: 'a new connection has no status and no mark yet' },
    },
    {
      match: all(isNew, quantity(CT_STATUS, confirmed, confirmed)),
      effects: [keeping(CT_STATUS, ~(expected | assured | seenReply) >>> 0)],
      action: { kind: 'continue' },
      origin: { text: 'a connection that is still new has had no answer' },
    },
  ];
  const chain = (hook: 'prerouting' | 'output'): Chain => ({
    name: hook,
    base: { hook, priority: CONNTRACK_PRIORITY, policy: 'accept' },
    rules,
  });
  return [{ name: 'connection tracking', families: [4, 6], chains: [chain('prerouting'), chain('output')] }];
}

function keeping(name: string, bits: number): Effect {
  return { kind: 'assign', quantity: name, from: name, keep: bits, flip: 0 };
}

function asksFor(table: Table, name: string): boolean {
  return table.chains.some((chain) => chain.rules.some((rule) => ruleAsksFor(rule, name)));
}

function ruleAsksFor(rule: Rule, name: string): boolean {
  const cases = rule.action.kind === 'dispatch' ? rule.action.cases : [];
  return (
    matchAsksFor(rule.match, name) ||
    cases.some((each) => matchAsksFor(each.match, name)) ||
    (rule.effects ?? []).some(
      (effect) => effect.kind === 'assign' && effect.quantity !== name && effect.from === name && effect.keep !== 0,
    )
  );
}

function matchAsksFor(match: Match, name: string): boolean {
  switch (match.kind) {
    case 'all':
    case 'any':
      return match.of.some((part) => matchAsksFor(part, name));
    case 'not':
      return matchAsksFor(match.of, name);
    case 'quantity':
      return match.quantity === name;
    default:
      return false;
  }
}
