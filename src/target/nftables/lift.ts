import { type BaseChain, type Chain, everything, HOOKS, type Hook, type Ruleset, type Table } from '../../ir/index.ts';
import { SourceFile, type Span } from '../../source/index.ts';
import type { Lifted, Opaque } from '../target.ts';
import * as nft from './ast.ts';
import { liftRule, type RuleContext } from './lift-rule.ts';

/** The meaning of a program: its rules as data that can be judged, and what is not understood named with its place. */
export function liftProgram(program: nft.Program): Lifted {
  const opaque: Opaque[] = [];
  const tables = nft.finalTables(program).flatMap((table) => liftTable(table, opaque));
  const ruleset: Ruleset = { layer: 'nftables', tables };
  return { ruleset, opaque };
}

function liftTable(table: nft.Table, opaque: Opaque[]): Table[] {
  const families = FAMILIES[table.family];
  if (families === undefined) {
    opaque.push(opaqueNode(table, `table ${table.family} ${table.name}`, 'tables of this family are not read'));
    return [];
  }
  const context: RuleContext = {
    family: table.family,
    sets: new Map(table.sets.map((set) => [set.name, set])),
  };
  const chains = table.chains.map((chain) => liftChain(chain, context, opaque));
  return [{ name: `${table.family} ${table.name}`, families, chains }];
}

/** The IP families whose packets enter a table. Bridge and netdev tables see packets at places of their own. */
const FAMILIES: Readonly<Partial<Record<nft.TableFamily, readonly (4 | 6)[]>>> = { inet: [4, 6], ip: [4], ip6: [6] };

function liftChain(chain: nft.Chain, context: RuleContext, opaque: Opaque[]): Chain {
  const base = chain.base === undefined ? undefined : liftBase(chain.base);
  if (base === 'elsewhere') {
    opaque.push(opaqueNode(chain, `chain ${chain.name}`, 'it stands at a hook, or is of a type, that is not read'));
  }
  const rules = chain.rules.flatMap((rule) => {
    const lifted = liftRule(rule, context);
    if (lifted.kind === 'rule') return [lifted.rule];
    const span = rule.span ?? NOWHERE;
    opaque.push({ span, text: lifted.text, packets: lifted.packets, reason: lifted.reason });
    return [];
  });
  return { name: chain.name, ...(base === undefined || base === 'elsewhere' ? {} : { base }), rules };
}

function liftBase(base: nft.BaseChainSpec): BaseChain | 'elsewhere' {
  const hook = HOOKS.find((each): each is Hook => each === base.hook);
  if (hook === undefined || base.type !== 'filter') return 'elsewhere';
  return { hook, priority: base.priority, policy: base.policy };
}

/** Where a node that was never text would have stood. */
const NOWHERE: Span = { file: new SourceFile('<nftables>', ''), start: 0, end: 0 };

function opaqueNode(node: nft.Node, text: string, reason: string): Opaque {
  return { span: node.span ?? NOWHERE, text, packets: everything, reason };
}
