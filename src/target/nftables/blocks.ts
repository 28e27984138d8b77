import type { Chain, Rule, Statement } from './ast.ts';

/** Chains that rules hold without a name (`jump { ... }`) become chains of their own, named by where they are jumped to. */
export function nameBlocks(chains: readonly Chain[]): readonly Chain[] {
  if (!chains.some((chain) => chain.rules.some(hasBlock))) return chains;
  return chains.flatMap((chain) => {
    const named: Chain[] = [];
    const rules = namedRules(chain.name, chain.rules, named);
    return [{ ...chain, rules }, ...named];
  });
}

function hasBlock(rule: Rule): boolean {
  return rule.statements.some((statement) => statement.kind === 'block');
}

function namedRules(owner: string, rules: readonly Rule[], named: Chain[]): readonly Rule[] {
  let count = 0;
  return rules.map((rule) => {
    if (!hasBlock(rule)) return rule;
    const statements = rule.statements.map((statement): Statement => {
      if (statement.kind !== 'block') return statement;
      count++;
      const name = `${owner} { ${count} }`; // no name of nft's holds a brace
      named.push({ name, rules: namedRules(name, statement.rules, named), ...spanOf(statement) });
      return { kind: 'verdict', verdict: { kind: statement.jump, chain: name }, ...spanOf(statement) };
    });
    return { ...rule, statements };
  });
}

function spanOf({ span }: Statement): Pick<Statement, 'span'> {
  return span === undefined ? {} : { span };
}
