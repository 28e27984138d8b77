import type { Element, Expression, Rule, SetExpression, Statement, Table, VerdictExpression } from './ast.ts';

/** What becomes of the names that a rule names. One that only notes what it is asked collects them. */
export interface Naming {
  readonly chain: (name: string) => string;
  readonly set: (name: string) => string;
  readonly counter: (name: string) => string;
}

export function nameRule(rule: Rule, naming: Naming): Rule {
  return { ...rule, statements: rule.statements.map((statement) => nameStatement(statement, naming)) };
}

function nameStatement(statement: Statement, naming: Naming): Statement {
  switch (statement.kind) {
    case 'match':
      return { ...statement, right: nameExpression(statement.right, naming) };
    case 'verdict':
      return { ...statement, verdict: nameVerdict(statement.verdict, naming) };
    case 'vmap':
    case 'object-map':
      return { ...statement, data: nameSet(statement.data, naming) };
    case 'counter-object':
      return { ...statement, name: naming.counter(statement.name) };
    case 'counter-map':
      return { ...statement, map: naming.set(statement.map) };
    case 'set-update': {
      const statements = statement.statements.map((inner) => nameStatement(inner, naming));
      return { ...statement, set: naming.set(statement.set), statements };
    }
    case 'meter':
      return { ...statement, statements: statement.statements.map((inner) => nameStatement(inner, naming)) };
    case 'assign':
      return { ...statement, value: nameExpression(statement.value, naming) };
    case 'block':
      return { ...statement, rules: statement.rules.map((rule) => nameRule(rule, naming)) };
    case 'counter':
    case 'limit':
    case 'log':
    case 'reject':
    case 'object':
    case 'quota':
    case 'ct-count':
    case 'nat':
    case 'notrack':
    case 'queue':
    case 'other':
      return statement; // nothing of these is ours to name
  }
}

export function nameElement(element: Element, naming: Naming): Element {
  const { data } = element;
  switch (data?.kind) {
    case 'verdict':
      return { ...element, data: { ...data, verdict: nameVerdict(data.verdict, naming) } };
    case 'object': {
      const name = naming.counter(data.name);
      return name === data.name ? element : { ...element, data: { ...data, name } };
    }
    case 'value':
    case undefined:
      return element;
  }
}

function nameVerdict(verdict: VerdictExpression, naming: Naming): VerdictExpression {
  return verdict.kind === 'jump' || verdict.kind === 'goto'
    ? { ...verdict, chain: naming.chain(verdict.chain) }
    : verdict;
}

function nameExpression(expression: Expression, naming: Naming): Expression {
  switch (expression.kind) {
    case 'set':
    case 'set-reference':
      return nameSet(expression, naming);
    case 'map':
      return { ...expression, data: nameSet(expression.data, naming) };
    default:
      return expression;
  }
}

function nameSet(data: SetExpression, naming: Naming): SetExpression {
  return data.kind === 'set-reference'
    ? { ...data, name: naming.set(data.name) }
    : { ...data, elements: data.elements.map((element) => nameElement(element, naming)) };
}

/** The names of what rules lead to: directly, or by way of chains and maps. */
export interface Reach {
  readonly chains: ReadonlySet<string>;
  readonly sets: ReadonlySet<string>;
  readonly counters: ReadonlySet<string>;
}

export function reachOf(table: Table, rules: readonly Rule[]): Reach {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const sets = new Map(table.sets.map((set) => [set.name, set]));
  const reach = { chains: new Set<string>(), sets: new Set<string>(), counters: new Set<string>() };
  const waiting: (() => void)[] = [];
  const note = (known: Set<string>, enter?: (name: string) => void) => (name: string) => {
    if (enter !== undefined && !known.has(name)) waiting.push(() => enter(name));
    known.add(name);
    return name;
  };
  const visit = (inner: readonly Rule[]): void => {
    for (const rule of inner) nameRule(rule, naming);
  };
  const naming: Naming = {
    chain: note(reach.chains, (name) => visit(chains.get(name)?.rules ?? [])),
    set: note(reach.sets, (name) => {
      for (const element of sets.get(name)?.elements ?? []) nameElement(element, naming);
    }),
    counter: note(reach.counters),
  };
  visit(rules);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) next();
  return reach;
}
