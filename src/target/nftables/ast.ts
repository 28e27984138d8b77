import type { Address } from '../../net/index.ts';
import type { Span } from '../../source/index.ts';

/**
 * nft's own language as data: what `libnftables-json(5)` calls tables, chains, sets, maps, objects and rules, the same for
 * nft's text and its JSON. Symbolic constants (`tcp`, `established`) stay words here; `datatype.ts` knows their values.
 * Nodes that were read carry a span, which never takes part in equality; nodes that `lower` built have none.
 */
export interface Program {
  readonly commands: readonly Command[];
}

export type Command =
  /** Adds to the table, which is made where it is missing. */
  | (Node & { readonly kind: 'table'; readonly table: Table })
  | (Node & { readonly kind: 'delete-table'; readonly family: TableFamily; readonly name: string });

export interface Node {
  readonly span?: Span;
}

export const TABLE_FAMILIES = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'] as const;
export type TableFamily = (typeof TABLE_FAMILIES)[number];

export interface Table extends Node {
  readonly family: TableFamily;
  readonly name: string;
  readonly counters: readonly CounterObject[];
  readonly sets: readonly SetDeclaration[];
  readonly chains: readonly Chain[];
}

/** A named counter. What it has counted (`packets 7 bytes 420`) is no part of the ruleset and is read past. */
export interface CounterObject extends Node {
  readonly name: string;
  readonly comment?: string;
}

/** A named set; with `data` a map. */
export interface SetDeclaration extends Node {
  readonly name: string;
  readonly key: SetType;
  readonly data?: MapData;
  readonly flags: readonly SetFlag[];
  readonly timeout?: number; // seconds that an element lives unless it says otherwise
  readonly size?: number; // elements at most
  readonly comment?: string;
  readonly elements: readonly Element[];
}

export const SET_FLAGS = ['constant', 'dynamic', 'interval', 'timeout'] as const;
export type SetFlag = (typeof SET_FLAGS)[number];

/** `type ipv4_addr . inet_service`, or `typeof ip saddr . tcp dport`. */
export type SetType =
  | { readonly kind: 'type'; readonly parts: readonly string[] }
  | { readonly kind: 'typeof'; readonly expression: Expression };

/** What a map leads to: verdicts, or objects of one kind. */
export const MAP_DATA = ['verdict', 'counter'] as const;
type MapData = (typeof MAP_DATA)[number];

export interface Element extends Node {
  readonly key: Expression;
  readonly data?: ElementData;
  readonly timeout?: number; // seconds
  readonly comment?: string;
}

export type ElementData =
  | { readonly kind: 'verdict'; readonly verdict: VerdictExpression }
  | { readonly kind: 'object'; readonly name: string };

export interface Chain extends Node {
  readonly name: string;
  readonly base?: BaseChainSpec;
  readonly comment?: string;
  readonly rules: readonly Rule[];
}

export interface BaseChainSpec {
  readonly type: string; // `filter`, `nat`, `route`
  readonly hook: string;
  readonly priority: number; // lower runs earlier
  readonly policy: 'accept' | 'drop';
}

export interface Rule extends Node {
  readonly statements: readonly Statement[];
  readonly comment?: string;
}

export type Statement = Node &
  (
    | { readonly kind: 'match'; readonly left: Expression; readonly operator: Operator; readonly right: Expression }
    | { readonly kind: 'verdict'; readonly verdict: VerdictExpression }
    | { readonly kind: 'vmap'; readonly key: Expression; readonly data: SetExpression }
    | { readonly kind: 'counter' }
    | { readonly kind: 'counter-object'; readonly name: string }
    | { readonly kind: 'counter-map'; readonly key: Expression; readonly map: string }
    | LimitStatement
    | { readonly kind: 'log'; readonly prefix?: string; readonly group?: number }
    | { readonly kind: 'reject'; readonly with?: RejectWith }
    | {
        readonly kind: 'set-update';
        readonly operation: 'add' | 'update';
        readonly set: string;
        readonly key: Expression;
        readonly statements: readonly Statement[];
      }
  );

export interface LimitStatement {
  readonly kind: 'limit';
  readonly over: boolean; // true: matches what exceeds the rate
  readonly count: number; // packets
  readonly per: LimitUnit;
  readonly burst: number; // packets; nft's own default is 5
}

export const LIMIT_UNITS = ['second', 'minute', 'hour', 'day', 'week'] as const;
type LimitUnit = (typeof LIMIT_UNITS)[number];

/** What nft assumes where a limit names no burst. */
export const DEFAULT_BURST = 5;

/** `in`: any of the bits, what a bit mask (`ct state`, `tcp flags`) means where no operator is written. */
export const OPERATORS = ['==', '!=', '<', '>', '<=', '>=', 'in'] as const;
export type Operator = (typeof OPERATORS)[number];

export type VerdictExpression =
  | { readonly kind: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

export type RejectWith =
  | { readonly kind: 'tcp-reset' }
  | { readonly kind: 'icmpx' | 'icmp' | 'icmpv6'; readonly code: string };

export type SetExpression =
  | (Node & { readonly kind: 'set'; readonly elements: readonly Element[] })
  | (Node & { readonly kind: 'set-reference'; readonly name: string });

export type Expression = Selector | Constant | SetExpression | Compound;

/** What is read from the packet. */
export type Selector = Node &
  (
    | { readonly kind: 'payload'; readonly protocol: string; readonly field: string }
    | { readonly kind: 'meta'; readonly key: string }
    | { readonly kind: 'ct'; readonly key: string }
    | { readonly kind: 'fib'; readonly result: string; readonly flags: readonly string[] }
    | { readonly kind: 'socket'; readonly key: string; readonly level?: number } // 1.0.6's JSON loses the level
  );

export type Constant = Node &
  (
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean }
    | { readonly kind: 'address'; readonly address: Address }
    | { readonly kind: 'prefix'; readonly address: Address; readonly length: number }
  );

type Compound = Node &
  (
    | { readonly kind: 'range'; readonly first: Expression; readonly last: Expression } // both inclusive
    | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
    | { readonly kind: 'list'; readonly parts: readonly Expression[] } // `established,related`: bits of a mask
    | { readonly kind: 'binary'; readonly operator: '&' | '|'; readonly left: Expression; readonly right: Expression }
  );

/** Tables as they stand after all commands: a later block adds to the table of its name, a delete empties it. */
export function finalTables(program: Program): Table[] {
  const tables = new Map<string, Table>();
  for (const command of program.commands) {
    switch (command.kind) {
      case 'delete-table':
        tables.delete(`${command.family} ${command.name}`);
        break;
      case 'table': {
        const key = `${command.table.family} ${command.table.name}`;
        const before = tables.get(key);
        tables.set(key, before === undefined ? command.table : joined(before, command.table));
        break;
      }
    }
  }
  return [...tables.values()];
}

function joined(before: Table, after: Table): Table {
  return {
    ...after,
    counters: [...before.counters, ...after.counters],
    sets: byName([...before.sets, ...after.sets], (a, b) => ({ ...a, elements: [...a.elements, ...b.elements] })),
    chains: byName([...before.chains, ...after.chains], (a, b) => ({ ...a, ...b, rules: [...a.rules, ...b.rules] })),
  };
}

/** Declarations of one name are one thing, made in parts. */
function byName<T extends { readonly name: string }>(parts: readonly T[], join: (a: T, b: T) => T): T[] {
  const whole = new Map<string, T>();
  for (const part of parts) {
    const before = whole.get(part.name);
    whole.set(part.name, before === undefined ? part : join(before, part));
  }
  return [...whole.values()];
}
