import { all, any, everything, interfaces, type Match, not, type Rule, type Table } from '../../ir/index.ts';
import { comingTo } from '../netfilter/entries.ts';
import { type Facts, Host } from '../netfilter/host.ts';
import { connectionTable, gateRule, natGate } from '../netfilter/translation.ts';
import type { Lifted, Opaque } from '../target.ts';
import type * as nft from './ast.ts';
import { hookOf, liftBase } from './lift-base.ts';
import type { ChainContext } from './lift-context.ts';
import { tableFacts } from './lift-facts.ts';
import { learntSets } from './lift-learning.ts';
import { NOWHERE } from './lift-origin.ts';
import { liftRule } from './lift-rule.ts';
import { TABLE_NAME } from './names.ts';
import { finalProgram } from './program.ts';

/** The meaning of a program: its rules as data that can be judged, and what is not understood named with its place. */
export function liftProgram(program: nft.Program): Lifted {
  const { tables, opaque } = liftTables(program, new Host(programFacts(program)));
  return { ruleset: { layer: 'nftables', tables: [...tables, ...connectionTable(tables)] }, opaque };
}

/** What the rules of a program do that the meaning of others depends on. */
export function programFacts(program: nft.Program): Facts {
  return factsOf(decidingTables(program));
}

/** The tables of a program among whatever else filters on the machine. */
export function liftTables(
  program: nft.Program,
  host: Host,
): { readonly tables: readonly Table[]; readonly opaque: readonly Opaque[] } {
  const opaque: Opaque[] = [];
  // Of two chains with one priority the kernel asks the one that was made last (nf_hook_entries_grow, net/netfilter/core.c).
  const tables = decidingTables(program)
    .map((table) => liftTable(table, host, opaque))
    .reverse();
  return { tables, opaque };
}

function decidingTables(program: nft.Program): nft.Table[] {
  return finalProgram(program).tables.filter(
    (table) => FAMILIES[table.family] !== undefined && table.dormant !== 'yes',
  );
}

/** The IP families whose packets enter a table. Those of other families decide about frames and ARP. */
const FAMILIES: Readonly<Partial<Record<nft.TableFamily, readonly (4 | 6)[]>>> = {
  inet: [4, 6],
  ip: [4],
  ip6: [6],
  netdev: [4, 6],
};

/** What nft's tables do that the meaning of other rules depends on. */
function factsOf(tables: readonly nft.Table[]): Facts {
  const chains = tables.flatMap((table) => {
    const { chains: facts, entries } = tableFacts(table);
    return [...facts].map(([name, does]) => ({ does, entries: entries.get(name) ?? [] }));
  });
  return {
    translates: chains.some(({ does }) => does.translates),
    rewrites: chains.some(({ does }) => does.rewrites),
    reads: chains.flatMap(({ does, entries }) =>
      [...does.reads].flatMap((end) => entries.map((entry) => ({ end, entry }))),
    ),
    natHooks: tables.flatMap((table) =>
      table.chains.flatMap(({ base }) => (base?.type === 'nat' ? (hookOf(base.hook) ?? []) : [])),
    ),
    untracksAtIngress: chains.some(
      ({ does, entries }) => does.untracks && entries.some(({ hook }) => hook === 'ingress'),
    ),
    givesTemplates: chains.some(({ does }) => does.givesTemplates),
  };
}

function liftTable(table: nft.Table, program: Host, opaque: Opaque[]): Table {
  const { entries } = tableFacts(table);
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
    const rules = chain.base === undefined ? [] : gateRules(table, chain.base, chainContext);
    for (const [index, rule] of chain.rules.entries()) {
      const lifted = liftRule(rule, chainContext, { rule: index });
      for (const each of lifted.rules) rules.push(each);
      if (lifted.opaque.length === 0) continue;
      const coming = comingTo(chainContext.entries, FAMILIES[table.family] ?? []);
      for (const each of lifted.opaque) opaque.push({ ...each, packets: all(coming, each.packets) });
    }
    return { name: chain.name, ...(base === undefined ? {} : { base }), rules };
  });
  return { name, families: FAMILIES[table.family] ?? [], chains: chains.reverse() };
}

/** Packets that a base chain does not see, although they pass its hook: they are let go on at once. */
function gateRules(table: nft.Table, base: nft.BaseChainSpec, context: ChainContext): Rule[] {
  const passed: (readonly [Match, string])[] = [];
  const { unknowns } = context.program;
  if (table.dormant === 'perhaps') {
    passed.push([unknowns.property(`table ${context.table} is dormant`), 'a dormant table decides nothing']);
  }
  if (base.hook === 'ingress' || base.hook === 'egress') {
    passed.push([not(throughDevice(base, context)), 'packets of other devices do not come here']);
  }
  const hook = hookOf(base.hook);
  const nat = base.type === 'nat' && hook !== undefined ? natGate(hook, context.program) : [];
  return [...passed.map(gateRule), ...nat];
}

/** A packet passes the device itself, or one that lies over it: of a bridge's port or a VLAN's trunk another name is seen later. */
function throughDevice(base: nft.BaseChainSpec, { program, table, chain }: ChainContext): Match {
  const side = base.hook === 'ingress' ? 'in' : 'out';
  if (base.devices === undefined)
    return program.unknowns.property(`it passes the devices of ${table} ${chain}, which nft 1.0.6 omits in JSON`);
  const names = base.devices.map((name) => ({ name, wildcard: name.endsWith('*') }));
  const over = program.unknowns.property(`it passes device ${base.devices.join(', ')} below another interface`);
  return any(
    interfaces(side, ...names.map((each) => (each.wildcard ? { ...each, name: each.name.slice(0, -1) } : each))),
    over,
  );
}
