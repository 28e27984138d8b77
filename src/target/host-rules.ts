import { type Diagnostic, diagnose, hasErrors } from '../diagnostic/index.ts';
import type { Chain, Rule, Table } from '../ir/index.ts';
import type { SourceFile, Span } from '../source/index.ts';
import type * as xt from './iptables/ast.ts';
import { programFacts as iptablesFacts, liftTables as liftIptables, tableName } from './iptables/lift.ts';
import { parseFiles as parseIptables } from './iptables/parse.ts';
import { IPTABLES_PROBLEMS } from './iptables/problems.ts';
import { Host } from './netfilter/host.ts';
import { connectionTable } from './netfilter/translation.ts';
import type * as nft from './nftables/ast.ts';
import { type Includer, nftablesTarget } from './nftables/index.ts';
import { liftTables as liftNftables, programFacts as nftablesFacts } from './nftables/lift.ts';
import { finalProgram } from './nftables/program.ts';
import type { Lifted } from './target.ts';
import { finished } from './ufw/lift.ts';
import { parseFiles as parseUfw } from './ufw/parse.ts';
import { UFW_PROBLEMS } from './ufw/problems.ts';
import type { Setup } from './ufw/setup.ts';

/** Files that say what decides on one machine, by the language that they are written in. */
export interface HostFiles {
  readonly nftables: readonly SourceFile[];
  readonly iptables: readonly SourceFile[]; // of `iptables-save`, `ip6tables-save` and `ipset save`
  readonly ufw?: readonly SourceFile[]; // its files, its listings, its commands
}

export interface HostRules {
  readonly lifted: Lifted | undefined; // undefined where there are errors
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * All rules of one machine, in either language. iptables-nft keeps its rules in tables of nft, whose listing does not tell what they
 * are: where the same tables are saved by iptables too, that reading takes the place of what nft cannot show.
 */
export function readHost(files: HostFiles, includer?: Includer): HostRules {
  const first = nftablesTarget.parse(files.nftables, includer);
  const second = parseIptables(files.iptables);
  const ufw = files.ufw === undefined || files.ufw.length === 0 ? undefined : parseUfw(files.ufw);
  const diagnostics = [...first.diagnostics, ...second.diagnostics, ...(ufw?.diagnostics ?? [])];
  if (ufw?.ast !== undefined && second.ast !== undefined) diagnostics.push(...besideSaved(ufw.ast, second.ast));
  if (
    first.ast === undefined ||
    second.ast === undefined ||
    (ufw !== undefined && ufw.ast === undefined) ||
    hasErrors(diagnostics)
  )
    return { lifted: undefined, diagnostics };
  const saved: xt.Program = { ...second.ast, tables: [...second.ast.tables, ...(ufw?.ast?.tables ?? [])] };
  const { shared, problems } = sharedTables(finalProgram(first.ast).tables, saved.tables);
  const lifted = liftTogether(first.ast, saved, shared, layerOf(files));
  return {
    lifted: ufw?.ast === undefined ? lifted : withoutMadeUp(finished(ufw.ast, lifted), files.ufw ?? []),
    diagnostics: [...diagnostics, ...problems],
  };
}

/** The same of what has been read already. */
export function liftHost(first: nft.Program, second: xt.Program): Lifted {
  const { shared } = sharedTables(finalProgram(first).tables, second.tables);
  return liftTogether(first, second, shared, 'nftables and iptables');
}

function layerOf({ nftables, iptables, ufw = [] }: HostFiles): string {
  const layers = Object.entries({ nftables, iptables, ufw }).filter(([, files]) => files.length > 0);
  return layers.map(([name]) => name).join(' and ');
}

/** Of what ufw adds by itself, and of what was assumed, there is no place that the user could look at, and nothing to be found fault with. */
function withoutMadeUp({ ruleset, opaque }: Lifted, given: readonly SourceFile[]): Lifted {
  const isMadeUp = (span: Span | undefined): boolean =>
    span?.file.name.startsWith('<') === true && !given.includes(span.file);
  const plain = (rule: Rule): Rule => {
    const { span, ...origin } = rule.origin;
    return isMadeUp(span) ? { ...rule, origin } : rule;
  };
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map(plain) })),
  }));
  return { ruleset: { ...ruleset, tables }, opaque };
}

/** What ufw loads is in tables of iptables: where those are saved, too, the same rules would stand there twice. */
function besideSaved(ufw: Setup, saved: xt.Program): Diagnostic[] {
  const twice = saved.tables.find((table) =>
    ufw.tables.some((own) => own.name === table.name && own.family === table.family),
  );
  return twice === undefined ? [] : [diagnose(UFW_PROBLEMS.besideSaved, twice.span)];
}

/** A table that both have read; rule by rule the one whose reading counts. */
interface SharedTable {
  readonly nft: nft.Table;
  readonly xt: xt.Table;
  readonly chosen: ReadonlyMap<string, readonly Choice[]>; // by chain; none: nft's reading counts
}

/** A rule as each has read it. */
interface Choice {
  readonly nft: nft.Rule;
  readonly xt: xt.Rule;
  readonly counts: 'nft' | 'xt';
}

function sharedTables(
  nftTables: readonly nft.Table[],
  xtTables: readonly xt.Table[],
): { readonly shared: readonly SharedTable[]; readonly problems: readonly Diagnostic[] } {
  const shared: SharedTable[] = [];
  const problems: Diagnostic[] = [];
  for (const table of nftTables.filter(isOfIptables)) {
    const saved = xtTables.find(
      (each) => each.backend !== 'legacy' && tableName(each) === `${table.family} ${table.name}`,
    );
    const chosen = saved === undefined ? undefined : choices(table, saved);
    const name = `${table.family} ${table.name}`;
    if (saved === undefined) problems.push(diagnose(IPTABLES_PROBLEMS.notSaved, table.span, name));
    else if (chosen === undefined) problems.push(diagnose(IPTABLES_PROBLEMS.savedOtherwise, saved.span, name));
    if (saved !== undefined) shared.push({ nft: table, xt: saved, chosen: chosen ?? new Map() });
  }
  return { shared, problems };
}

/** Whether iptables-nft has made a table: its chains stand where those of iptables do, under their names. */
function isOfIptables({ family, chains }: nft.Table): boolean {
  if (family !== 'ip' && family !== 'ip6') return false;
  return chains.some(({ name, base }) => base !== undefined && name === base.hook.toUpperCase());
}

/** `undefined` where the two are not of the same table at the same time. */
function choices(table: nft.Table, saved: xt.Table): ReadonlyMap<string, readonly Choice[]> | undefined {
  const chosen = new Map<string, readonly Choice[]>();
  for (const chain of table.chains) {
    const other = saved.chains.find(({ name }) => name === chain.name);
    const rules = other?.rules ?? [];
    if (rules.length !== chain.rules.length) return undefined;
    chosen.set(
      chain.name,
      chain.rules.map(
        (rule, index): Choice => ({ nft: rule, xt: rules[index]!, counts: isHidden(rule) ? 'xt' : 'nft' }),
      ),
    );
  }
  // iptables-save names the built-in chains of a table that are not there, too.
  return saved.chains.every(({ name, rules }) => chosen.has(name) || rules.length === 0) ? chosen : undefined;
}

/**
 * Whether nft cannot show what a rule is. Its JSON says where: all else there is nft's own, which iptables-save may show wrongly. Its
 * text puts words of nft for all that iptables has made, some of them wrong; those rules count packets, all of them.
 */
function isHidden({ statements, span }: nft.Rule): boolean {
  if (statements.some((statement) => statement.kind === 'other' && statement.text.startsWith('xt'))) return true;
  const isJson = span !== undefined && /^\s*[{[]/.test(span.file.text);
  return !isJson && statements.some(({ kind }) => kind === 'counter');
}

function liftTogether(first: nft.Program, second: xt.Program, shared: readonly SharedTable[], layer: string): Lifted {
  const own = second.tables.filter((table) => !shared.some(({ xt: saved }) => saved === table));
  const facts = iptablesFacts(second);
  const host = new Host(nftablesFacts(first), {
    ...facts,
    natHooks: iptablesFacts({ ...second, tables: own }).natHooks,
  });
  const nftLifted = liftNftables(first, host);
  const xtLifted = liftIptables(second, host);
  const passedOver = new Set<Span | undefined>();
  const tables = [
    ...nftLifted.tables.map((table) => {
      const both = shared.find(({ nft: { family, name } }) => `${family} ${name}` === table.name);
      const saved = both === undefined ? undefined : xtLifted.tables[second.tables.indexOf(both.xt)];
      return both === undefined || saved === undefined ? table : merged(table, saved, both, passedOver);
    }),
    ...own.flatMap((table) => xtLifted.tables[second.tables.indexOf(table)] ?? []),
  ];
  return {
    ruleset: { layer, tables: [...tables, ...connectionTable(tables)] },
    opaque: [...nftLifted.opaque, ...xtLifted.opaque].filter(({ span }) => !passedOver.has(span)),
  };
}

function merged(
  table: Table,
  saved: Table,
  { chosen, xt: { chains } }: SharedTable,
  passedOver: Set<Span | undefined>,
): Table {
  if (chosen.size === 0) for (const chain of chains) for (const { span } of chain.rules) passedOver.add(span);
  return {
    ...table,
    chains: table.chains.map((chain): Chain => {
      const rules = chosen.get(chain.name);
      if (rules === undefined) return chain;
      const ofNft = Map.groupBy(chain.rules, ({ origin }) => origin.span);
      const ofXt = Map.groupBy(
        saved.chains.find(({ name }) => name === chain.name)?.rules ?? [],
        ({ origin }) => origin.span,
      );
      const gates = ofNft.get(undefined) ?? [];
      const lifted = rules.flatMap((rule): readonly Rule[] => {
        passedOver.add(rule.counts === 'nft' ? rule.xt.span : rule.nft.span);
        return (rule.counts === 'nft' ? ofNft.get(rule.nft.span) : ofXt.get(rule.xt.span)) ?? [];
      });
      return { ...chain, rules: [...gates, ...lifted] };
    }),
  };
}
