import { chainEntries, type Entry } from '../netfilter/entries.ts';
import { ENDS, type End } from '../netfilter/host.ts';
import type * as nft from './ast.ts';
import { baseEntry } from './lift-base.ts';
import { isOfFrame } from './lift-payload.ts';

/** What the meaning of rules depends on in all others of their table. */
export interface TableFacts {
  readonly chains: ReadonlyMap<string, ChainFacts>; // by their names
  readonly entries: ReadonlyMap<string, readonly Entry[]>; // by which packets come to a chain
}

const known = new WeakMap<nft.Table, TableFacts>();

export function tableFacts(table: nft.Table): TableFacts {
  let facts = known.get(table);
  if (facts === undefined) {
    const chains = new Map(table.chains.map((chain) => [chain.name, new ChainFacts(chain, table)]));
    const entries = chainEntries(
      table.chains.map(({ name, base }) => ({
        name,
        entry: base === undefined ? undefined : baseEntry(base),
        calls: chains.get(name)?.calls ?? [],
      })),
    );
    facts = { chains, entries };
    known.set(table, facts);
  }
  return facts;
}

/** What the rules of a chain do, all of it from one walk over them. */
export class ChainFacts {
  readonly calls = new Set<string>(); // chains that it may enter
  readonly reads = new Set<End>(); // parts of packets
  translates = false; // addresses or ports
  rewrites = false; // the same, without the connection's knowledge
  untracks = false;
  givesTemplates = false; // sets the zone of connections that are yet to be looked up
  learns = false; // changes sets

  constructor(chain: nft.Chain, table: nft.Table) {
    for (const { statements } of chain.rules) for (const statement of statements) this.#note(statement, table);
  }

  #note(statement: nft.Statement, table: nft.Table): void {
    switch (statement.kind) {
      case 'match':
        this.#noteReads(statement.left);
        break;
      case 'verdict':
        for (const called of statementCalls(statement, table)) this.calls.add(called);
        break;
      case 'vmap':
        this.#noteReads(statement.key);
        for (const called of statementCalls(statement, table)) this.calls.add(called);
        break;
      case 'set-update':
        this.learns = true;
        this.#noteReads(statement.key);
        break;
      case 'counter-map':
      case 'object-map':
      case 'meter':
        this.#noteReads(statement.key);
        break;
      case 'assign':
        this.#noteReads(statement.value);
        if (isZone(statement.target)) this.givesTemplates = true;
        if (
          statement.target.kind === 'payload' &&
          !isOfFrame(statement.target.protocol) &&
          PLACES.has(statement.target.field)
        ) {
          this.rewrites = true;
          this.translates = true;
        }
        break;
      case 'nat':
        this.translates = true;
        break;
      case 'notrack':
        this.untracks = true;
        break;
    }
  }

  #noteReads(expression: nft.Expression): void {
    switch (expression.kind) {
      case 'payload':
        this.#noteEnd(isOfFrame(expression.protocol) ? 'frame' : expression.field);
        break;
      case 'ct':
        this.#noteEnd(expression.key);
        break;
      case 'fib':
        for (const flag of expression.flags) this.#noteEnd(`${flag} type`);
        break;
      case 'raw': // may lie anywhere
        for (const end of PLACES) this.#noteEnd(end);
        this.#noteEnd('frame');
        break;
      case 'concat':
        for (const part of expression.parts) this.#noteReads(part);
        break;
      case 'binary':
        this.#noteReads(expression.left);
        this.#noteReads(expression.right);
        break;
      case 'map':
        this.#noteReads(expression.key);
        break;
    }
  }

  #noteEnd(name: string): void {
    if (isEnd(name)) this.reads.add(name);
  }
}

/** `ct zone`, which is set of a connection that there is not yet. */
export function isZone(target: nft.Selector): boolean {
  return target.kind === 'ct' && target.key === 'zone';
}

const PLACES: ReadonlySet<string> = new Set<End>(['saddr', 'daddr', 'sport', 'dport']);
const KNOWN_ENDS: ReadonlySet<string> = new Set(ENDS);

function isEnd(name: string): name is End {
  return KNOWN_ENDS.has(name);
}

/** The chains that a statement may enter. */
export function statementCalls(statement: nft.Statement, table: nft.Table): readonly string[] {
  if (statement.kind === 'verdict') return verdictCalls(statement.verdict);
  if (statement.kind !== 'vmap') return NONE;
  const { data } = statement;
  const elements =
    data.kind === 'set' ? data.elements : (table.sets.find((set) => set.name === data.name)?.elements ?? []);
  return elements.flatMap((element) => (element.data?.kind === 'verdict' ? verdictCalls(element.data.verdict) : NONE));
}

const NONE: readonly string[] = [];

function verdictCalls(verdict: nft.VerdictExpression): readonly string[] {
  return verdict.kind === 'jump' || verdict.kind === 'goto' ? [verdict.chain] : NONE;
}
