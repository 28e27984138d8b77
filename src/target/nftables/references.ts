import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Span } from '../../source/index.ts';
import { type Chain, finalTables, type Program, type Statement, type Table } from './ast.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';

/** Names that point nowhere and jumps that lead back: what the kernel refuses to load. */
export function referenceProblems(program: Program): Diagnostic[] {
  return finalTables(program).flatMap((table) => new TableChecker(table).problems());
}

class TableChecker {
  readonly #table: Table;
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #sets: ReadonlySet<string>;
  readonly #counters: ReadonlySet<string>;
  readonly #problems: Diagnostic[] = [];
  readonly #jumps = new Map<string, Set<string>>();

  constructor(table: Table) {
    this.#table = table;
    this.#chains = new Map(table.chains.map((chain) => [chain.name, chain]));
    this.#sets = new Set(table.sets.map((set) => set.name));
    this.#counters = new Set(table.counters.map((counter) => counter.name));
  }

  problems(): Diagnostic[] {
    for (const chain of this.#table.chains) {
      for (const rule of chain.rules) for (const statement of rule.statements) this.#statement(chain.name, statement);
    }
    this.#loops();
    return this.#problems;
  }

  #statement(chain: string, statement: Statement): void {
    switch (statement.kind) {
      case 'match':
        if (statement.right.kind === 'set-reference') this.#set(statement.right.name, statement.span);
        break;
      case 'verdict':
        this.#verdict(chain, statement.verdict, statement.span);
        break;
      case 'vmap':
        this.#vmap(chain, statement);
        break;
      case 'counter-object':
        this.#counter(statement.name, statement.span);
        break;
      case 'counter-map':
        this.#set(statement.map, statement.span);
        for (const element of this.#elements(statement.map)) {
          if (element.data?.kind === 'object') this.#counter(element.data.name, element.span);
        }
        break;
      case 'set-update':
        this.#set(statement.set, statement.span);
        for (const inner of statement.statements) this.#statement(chain, inner);
        break;
      case 'counter':
      case 'limit':
      case 'log':
      case 'reject':
        break;
    }
  }

  #vmap(chain: string, statement: Extract<Statement, { kind: 'vmap' }>): void {
    if (statement.data.kind === 'set-reference') this.#set(statement.data.name, statement.span);
    const elements = statement.data.kind === 'set' ? statement.data.elements : this.#elements(statement.data.name);
    for (const element of elements) {
      if (element.data?.kind === 'verdict') this.#verdict(chain, element.data.verdict, element.span ?? statement.span);
    }
  }

  #elements(set: string): Table['sets'][number]['elements'] {
    return this.#table.sets.find((each) => each.name === set)?.elements ?? [];
  }

  #verdict(chain: string, verdict: Extract<Statement, { kind: 'verdict' }>['verdict'], span: Span | undefined): void {
    if (verdict.kind !== 'jump' && verdict.kind !== 'goto') return;
    if (!this.#chains.has(verdict.chain)) this.#missing('chain', verdict.chain, span);
    const jumps = this.#jumps.get(chain);
    if (jumps === undefined) this.#jumps.set(chain, new Set([verdict.chain]));
    else jumps.add(verdict.chain);
  }

  #set(name: string, span: Span | undefined): void {
    if (!this.#sets.has(name)) this.#missing('set or map', name, span);
  }

  #counter(name: string, span: Span | undefined): void {
    if (!this.#counters.has(name)) this.#missing('counter', name, span);
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
