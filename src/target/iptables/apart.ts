import { type Chain, HOOKS, type Hook, type Rule, type Ruleset, type Table } from '../../ir/index.ts';
import type { Lifted } from '../target.ts';
import type * as ast from './ast.ts';
import { liftProgram } from './lift.ts';
import { BUILTINS, DOCKERS_CHAIN, FRAMES, isOwnChain } from './names.ts';
import { FAMILIES, followed, hookedIn, hookRule, leadsToFrame, type Side } from './stage-standing.ts';

/**
 * Our chains as tables of their own, which stand right before the tables that they are hooked into. That is what they mean: the hook is the
 * first rule of a built-in chain, what a flow allows returns there, and all else ends in ours.
 */

/** As a lifted ruleset names them: no table of the kernel has a blank in its name. */
const OWN_TABLES = { 4: 'ip portcullis (iptables)', 6: 'ip6 portcullis (iptables)' } as const;

export function isOwnTable(name: string): boolean {
  return Object.values(OWN_TABLES).some((own) => own === name);
}

/** Right before `filter`, whose priority is 0. */
const PRIORITY = -0.5;

/** Whether our chains mean the same apart: hooked first or not at all, and leading on by `goto` alone. */
export function standsApart({ tables }: ast.Program): boolean {
  return tables.filter(hasOwn).every((table) => {
    const isFirst = HOOKS.every((hook) => hookedIn(table, hook) !== 'later');
    const strangers = table.chains
      .filter(({ name }) => isOwnChain(name))
      .flatMap(({ rules }) => rules)
      .some(({ target }) => target?.kind === 'jump' && (target.name === 'ACCEPT' || isOwnChain(target.name)));
    const others = table.chains.filter(({ name }) => !isOwnChain(name));
    const entries = others.some(({ rules, name }) =>
      rules.some(
        (rule) =>
          rule.target !== undefined &&
          isOwnChain(rule.target.name) &&
          !HOOKS.some((hook) => isHookPlace(name, hook) && leadsToFrame(rule, hook)),
      ),
    );
    return isFirst && !strangers && !entries;
  });
}

function isHookPlace(chain: string, hook: Hook): boolean {
  return chain === BUILTINS[hook] || (hook === 'forward' && chain === DOCKERS_CHAIN);
}

/** A built-in chain that does not lead to ours, or to others before; where ours stand at all. */
export function misledHook({ tables }: ast.Program): { readonly family: 4 | 6; readonly builtin: string } | undefined {
  for (const table of tables.filter(hasOwn)) {
    const hook = HOOKS.find((each) => hookedIn(table, each) !== 'first');
    if (hook !== undefined) return { family: table.family, builtin: BUILTINS[hook] };
  }
  return undefined;
}

function hasOwn({ name, chains }: ast.Table): boolean {
  return name === 'filter' && chains.some((chain) => isOwnChain(chain.name));
}

/** What ours decide on one side of a trial. */
export function liftOwn(program: ast.Program, side: Side): Lifted {
  const own = program.tables.filter(hasOwn).map((table) => ({
    ...table,
    chains: table.chains.flatMap((chain) => {
      if (isOwnChain(chain.name)) return [chain];
      const hook = HOOKS.find((each) => BUILTINS[each] === chain.name);
      if (hook === undefined) return [];
      const rule = hookRule(table, hook);
      return [{ name: chain.name, rules: rule === undefined ? [] : [rule] }];
    }),
  }));
  const { ruleset, opaque } = liftProgram(followed({ tables: own, sets: program.sets }, side));
  const tables = ruleset.tables.flatMap((table) => {
    const [family] = table.families;
    return family === undefined || table.families.length > 1 ? [] : [apart(table, OWN_TABLES[family])];
  });
  return { ruleset: { ...ruleset, tables }, opaque };
}

function apart(table: Table, name: string): Table {
  return {
    name,
    families: table.families,
    chains: table.chains.flatMap((chain): Chain[] => {
      if (chain.base !== undefined) return [];
      const hook = HOOKS.find((each) => FRAMES[each] === chain.name);
      const isHooked =
        hook !== undefined && table.chains.some((each) => each.name === BUILTINS[hook] && each.rules.length > 0);
      const rules = chain.rules.map(allowing);
      return [
        { name: chain.name, ...(isHooked ? { base: { hook, priority: PRIORITY, policy: 'accept' } } : {}), rules },
      ];
    }),
  };
}

/** To return to where ours are hooked in is to be let through by ours. */
function allowing(rule: Rule): Rule {
  return rule.action.kind === 'return' ? { ...rule, action: { kind: 'verdict', verdict: 'accept' } } : rule;
}

/** A program without ours: chains and hooks. */
export function withoutOwn({ tables, sets }: ast.Program): ast.Program {
  return {
    tables: tables.map((table) =>
      hasOwn(table)
        ? {
            ...table,
            chains: table.chains
              .filter(({ name }) => !isOwnChain(name))
              .map((chain) => ({
                ...chain,
                rules: chain.rules.filter(({ target }) => target === undefined || !isOwnChain(target.name)),
              })),
          }
        : table,
    ),
    sets,
  };
}

/** A lifted ruleset without ours, where they stood in the tables that they are hooked into. */
export function withoutOwnChains(ruleset: Ruleset): Ruleset {
  const names = FAMILIES.map((family) => (family === 4 ? 'ip filter' : 'ip6 filter'));
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => {
      const isFilter = names.some((name) => table.name === name || table.name === `${name} (legacy)`);
      if (!isFilter) return table;
      const chains = table.chains.filter(({ name }) => !isOwnChain(name));
      return { ...table, chains: chains.map((chain) => ({ ...chain, rules: chain.rules.filter(isOthers) })) };
    }),
  };
}

function isOthers({ action }: Rule): boolean {
  return !((action.kind === 'jump' || action.kind === 'goto') && isOwnChain(action.chain));
}
