import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Span } from '../../source/index.ts';
import type {
  Chain,
  Element,
  Expression,
  Program,
  Rule,
  SetExpression,
  Statement,
  Table,
  VerdictExpression,
} from './ast.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';
import { finalProgram } from './program.ts';

/** Names that point nowhere and jumps that lead back: what the kernel refuses to load. And what is read, but decides nothing. */
export function referenceProblems(program: Program): Diagnostic[] {
  const { tables, missing, taken } = finalProgram(program);
  return [
    ...missing.map(({ what, name, span }) => diagnose(NFTABLES_PROBLEMS.missingFromFile, span, what, name)),
    ...taken.map(({ what, name, span }) => diagnose(NFTABLES_PROBLEMS.alreadyThere, span, what, name)),
    ...tables.flatMap((table) => new TableChecker(table).problems()),
    ...tables.flatMap(idleTable),
  ];
}

function idleTable(table: Table): Diagnostic[] {
  const name = `${table.family} ${table.name}`;
  if (table.family === 'arp' || table.family === 'bridge')
    return [diagnose(NFTABLES_PROBLEMS.notForPackets, table.span, name)];
  return table.dormant === 'yes' ? [diagnose(NFTABLES_PROBLEMS.dormantTable, table.span, name)] : [];
}

class TableChecker {
  readonly #table: Table;
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #sets: ReadonlyMap<string, Table['sets'][number]>;
  readonly #objects: ReadonlySet<string>;
  readonly #problems: Diagnostic[] = [];
  readonly #jumps = new Map<string, Set<string>>();

  constructor(table: Table) {
    this.#table = table;
    this.#chains = new Map(table.chains.map((chain) => [chain.name, chain]));
    this.#sets = new Map(table.sets.map((set) => [set.name, set]));
    this.#objects = new Set([
      ...table.counters.map((counter) => `counter ${counter.name}`),
      ...(table.objects ?? []).map((object) => `${object.type} ${object.name}`),
    ]);
  }

  problems(): Diagnostic[] {
    for (const chain of this.#table.chains) this.#chain(chain);
    this.#loops();
    return this.#problems;
  }

  #chain({ name, rules }: Chain): void {
    for (const rule of rules) this.#rule(name, rule);
  }

  #rule(chain: string, rule: Rule): void {
    for (const statement of rule.statements) this.#statement(chain, statement);
  }

  #statement(chain: string, statement: Statement): void {
    const { span } = statement;
    switch (statement.kind) {
      case 'match':
        this.#expression(statement.right, span);
        break;
      case 'verdict':
        this.#verdict(chain, statement.verdict, span);
        break;
      case 'vmap':
        this.#set(statement.data, span);
        for (const element of this.#elements(statement.data)) {
          if (element.data?.kind === 'verdict') this.#verdict(chain, element.data.verdict, element.span ?? span);
        }
        break;
      case 'counter-object':
        this.#object('counter', statement.name, span);
        break;
      case 'object':
        this.#object(statement.type, statement.name, span);
        break;
      case 'counter-map':
        this.#objectMap('counter', { kind: 'set-reference', name: statement.map }, span);
        break;
      case 'object-map':
        this.#objectMap(statement.type, statement.data, span);
        break;
      case 'set-update':
        this.#set({ kind: 'set-reference', name: statement.set }, span);
        for (const inner of statement.statements) this.#statement(chain, inner);
        break;
      case 'meter':
        for (const inner of statement.statements) this.#statement(chain, inner);
        break;
      case 'assign':
        this.#expression(statement.value, span);
        break;
      case 'nat':
        for (const part of [statement.address, statement.port]) if (part !== undefined) this.#expression(part, span);
        break;
      case 'queue':
        this.#expression(statement.number, span);
        break;
      case 'block': // `finalProgram` has given each a name
      case 'counter':
      case 'limit':
      case 'quota':
      case 'ct-count':
      case 'log':
      case 'reject':
      case 'notrack':
      case 'other':
        break;
    }
  }

  #expression(expression: Expression, span: Span | undefined): void {
    if (expression.kind === 'set' || expression.kind === 'set-reference') this.#set(expression, span);
    if (expression.kind === 'map') this.#set(expression.data, span);
  }

  #objectMap(type: string, data: SetExpression, span: Span | undefined): void {
    this.#set(data, span);
    for (const element of this.#elements(data)) {
      if (element.data?.kind === 'object') this.#object(type, element.data.name, element.span ?? span);
    }
  }

  #elements(data: SetExpression): readonly Element[] {
    return data.kind === 'set' ? data.elements : (this.#sets.get(data.name)?.elements ?? []);
  }

  #verdict(chain: string, verdict: VerdictExpression, span: Span | undefined): void {
    if (verdict.kind !== 'jump' && verdict.kind !== 'goto') return;
    if (!this.#chains.has(verdict.chain)) this.#missing('chain', verdict.chain, span);
    const jumps = this.#jumps.get(chain);
    if (jumps === undefined) this.#jumps.set(chain, new Set([verdict.chain]));
    else jumps.add(verdict.chain);
  }

  #set(data: SetExpression, span: Span | undefined): void {
    if (data.kind === 'set-reference' && !this.#sets.has(data.name)) this.#missing('set or map', data.name, span);
  }

  #object(type: string, name: string, span: Span | undefined): void {
    if (!this.#objects.has(`${type} ${name}`)) this.#missing(type, name, span);
  }

  #missing(kind: string, name: string, span: Span | undefined): void {
    this.#problems.push(diagnose(NFTABLES_PROBLEMS.missingReference, span, kind, name));
  }

  /** Depth first, with the chains on the way marked; each chain is entered once. */
  #loops(): void {
    const done = new Set<string>();
    const open = new Set<string>();
    const visit = (name: string): void => {
      if (done.has(name)) return;
      open.add(name);
      for (const next of this.#jumps.get(name) ?? []) {
        const span = this.#chains.get(name)?.span;
        if (open.has(next)) this.#problems.push(diagnose(NFTABLES_PROBLEMS.jumpLoop, span, name, next));
        else if (open.size > MAX_JUMPS) {
          this.#problems.push(diagnose(NFTABLES_PROBLEMS.deepJumps, span, name));
          break;
        } else visit(next);
      }
      open.delete(name);
      done.add(name);
    };
    for (const name of this.#jumps.keys()) visit(name);
  }
}

/** Jumps within jumps that the kernel allows: NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h. */
const MAX_JUMPS = 16;
