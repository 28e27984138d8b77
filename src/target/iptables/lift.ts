import { all, type BaseChain, type Chain, type Table } from '../../ir/index.ts';
import { chainEntries, comingTo, type Entry } from '../netfilter/entries.ts';
import { ENDS, type End, type Facts, Host } from '../netfilter/host.ts';
import { connectionTable, natGate, natPriority } from '../netfilter/translation.ts';
import type { Lifted, Opaque } from '../target.ts';
import type * as ast from './ast.ts';
import { builtinEntry } from './builtin.ts';
import type { SetsContext } from './context.ts';
import { isTranslating } from './lift-nat.ts';
import { readEnds } from './lift-reads.ts';
import { liftRule } from './lift-rule.ts';
import { givesTemplate } from './lift-target.ts';

/** The meaning of a program: its rules as data that can be judged, and what is not understood named with its place. */
export function liftProgram(program: ast.Program): Lifted {
  const { tables, opaque } = liftTables(program, new Host(programFacts(program)));
  return { ruleset: { layer: 'iptables', tables: [...tables, ...connectionTable(tables)] }, opaque };
}

/** What the rules of a program do that the meaning of others depends on. */
export function programFacts({ tables }: ast.Program): Facts {
  const rules = tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  return {
    translates: rules.some(({ target }) => target !== undefined && translates(target.name)),
    reads: tables.flatMap((table) => {
      const entries = tableEntries(table);
      return table.chains.flatMap((chain) => {
        const read = new Set<End>(chain.rules.flatMap(readEnds));
        return ENDS.filter((end) => read.has(end)).flatMap((end) =>
          (entries.get(chain.name) ?? []).map((entry) => ({ end, entry })),
        );
      });
    }),
    natHooks: tables.flatMap((table) =>
      table.name === 'nat' ? table.chains.flatMap(({ name }) => builtinEntry('nat', name)?.hook ?? []) : [],
    ),
    rewrites: rules.some(({ target }) => target?.name === 'SNPT' || target?.name === 'DNPT'),
    untracksAtIngress: false, // iptables has no such hook
    givesTemplates: rules.some(({ target }) => target !== undefined && givesTemplate(target)),
  };
}

function translates(target: string): boolean {
  return isTranslating(target) || target === 'SNPT' || target === 'DNPT';
}

/** The tables of a program among whatever else filters on the machine. */
export function liftTables(
  program: ast.Program,
  host: Host,
): { readonly tables: readonly Table[]; readonly opaque: readonly Opaque[] } {
  const opaque: Opaque[] = [];
  const sets: SetsContext = {
    given: new Map(program.sets.map((set) => [set.name, set])),
    changed: setsOfRules(program, /^--(?:add|del)-set$/),
    emptied: setsOfRules(program, /^--(?:del-set|exist)$/),
  };
  const tables = program.tables.map((table) => liftTable(table, host, sets, opaque));
  return { tables, opaque };
}

/** The sets that rules change with one of these options of SET, while packets pass. */
function setsOfRules({ tables }: ast.Program, wanted: RegExp): ReadonlySet<string> {
  const targets = tables.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) => rules.flatMap(({ target }) => target ?? [])),
  );
  return new Set(
    targets
      .filter(({ name, options }) => name === 'SET' && options.some((option) => wanted.test(option.name)))
      .flatMap(({ options }) => options.filter(({ name }) => /^--(?:add|del)-set$/.test(name)))
      .flatMap(({ values }) => values.slice(0, 1)),
  );
}

function liftTable(table: ast.Table, host: Host, sets: SetsContext, opaque: Opaque[]): Table {
  const entries = tableEntries(table);
  const name = tableName(table);
  const own = new Set(table.chains.map((chain) => chain.name));
  const chains = table.chains.map((chain): Chain => {
    const base = baseOf(table, chain);
    const context = {
      family: table.family,
      table: name,
      chain: chain.name,
      entries: entries.get(chain.name) ?? [],
      host,
      sets,
    };
    const rules = chain.rules.flatMap((rule) => {
      const lifted = liftRule(rule, context, own);
      const coming = comingTo(context.entries, [table.family]);
      for (const each of lifted.opaque) opaque.push({ ...each, packets: all(coming, each.packets) });
      return lifted.rules;
    });
    if (base === undefined) return { name: chain.name, rules };
    return { name: chain.name, base, rules: table.name === 'nat' ? [...natGate(base.hook, host), ...rules] : rules };
  });
  return { name, families: [table.family], chains };
}

/** As nft calls it; iptables-legacy has tables of the same names beside those. */
export function tableName({ family, name, backend }: ast.Table): string {
  return `${family === 4 ? 'ip' : 'ip6'} ${name}${backend === 'legacy' ? ' (legacy)' : ''}`;
}

function baseOf({ name, backend }: ast.Table, chain: ast.Chain): BaseChain | undefined {
  const entry = builtinEntry(name, chain.name, backend);
  if (entry === undefined) return undefined;
  const { hook, priority } = entry;
  return {
    hook,
    priority: name === 'nat' ? natPriority(hook, priority) : priority,
    policy: chain.policy === 'DROP' ? 'drop' : 'accept',
  };
}

function tableEntries(table: ast.Table): ReadonlyMap<string, readonly Entry[]> {
  return chainEntries(
    table.chains.map((chain) => ({
      name: chain.name,
      entry: builtinEntry(table.name, chain.name, table.backend),
      calls: chain.rules.flatMap(({ target }) => target?.name ?? []),
    })),
  );
}
