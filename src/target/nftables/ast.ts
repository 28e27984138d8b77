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

export type Command = Node & {
  readonly lenient?: true;
} /** Adds to the table, which is made where it is missing. `partly`: as `add chain` does, which leaves the table's own flags. */ & ( // `destroy`: what is not there is as good as deleted
    | { readonly kind: 'table'; readonly table: Table; readonly partly?: true }
    | { readonly kind: 'delete-table'; readonly family: TableFamily; readonly name: string }
    | { readonly kind: 'flush-table'; readonly family: TableFamily; readonly name: string }
    | { readonly kind: 'flush-ruleset'; readonly family?: TableFamily } // absent: every family
    | (InTable & { readonly kind: 'delete-chain'; readonly chain: string })
    | (InTable & { readonly kind: 'rename-chain'; readonly chain: string; readonly to: string })
    /** Unlike `table`, which adds to what is there, it fails where a set has the name. */
    | (InTable & { readonly kind: 'create-set'; readonly declaration: SetDeclaration })
    | (InTable & { readonly kind: 'delete-set' | 'flush-set'; readonly set: string; readonly isMap: boolean })
    | (InTable & { readonly kind: 'delete-object'; readonly type: string; readonly name: string })
    | (InTable & {
        readonly kind: 'add-elements' | 'create-elements' | 'delete-elements'; // create: fails where one is there
        readonly set: string;
        readonly elements: readonly Element[];
      })
    | RulesCommand
  );

/** What changes the rules of a chain. */
export type RulesCommand = Node &
  InTable & { readonly chain: string } & (
    | { readonly kind: 'flush-chain' }
    /** Behind, or before, the rule at the place; without a place behind all, or before all. */
    | { readonly kind: 'add-rule' | 'insert-rule'; readonly rule: Rule; readonly at?: RulePlace }
    | { readonly kind: 'replace-rule'; readonly at: RulePlace; readonly rule: Rule }
    | { readonly kind: 'delete-rule'; readonly at: RulePlace }
  );

interface InTable {
  readonly family: TableFamily;
  readonly table: string;
}

/** A rule of a chain: by the number that the kernel gave it, or by its position, from 0. */
export interface RulePlace {
  readonly by: 'handle' | 'index';
  readonly number: number;
}

export interface Node {
  readonly span?: Span;
}

export const TABLE_FAMILIES = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'] as const;
export type TableFamily = (typeof TABLE_FAMILIES)[number];

export interface Table extends Node {
  readonly family: TableFamily;
  readonly name: string;
  readonly dormant?: Dormancy;
  readonly counters: readonly CounterObject[];
  readonly objects?: readonly ObjectDeclaration[]; // all but counters
  readonly sets: readonly SetDeclaration[];
  readonly chains: readonly Chain[];
}

/** A dormant table decides nothing. `perhaps`: nft 1.0.6 writes other memory where its JSON should say so. */
export type Dormancy = 'yes' | 'perhaps';

/** Any other named object: a limit, a quota, a helper, a flow table. What it holds decides only through the rules that name it. */
export interface ObjectDeclaration extends Node {
  readonly type: string; // `limit`, `ct helper`, `flowtable`, ...
  readonly name: string;
  readonly over: boolean; // a limit or quota that holds for what exceeds it
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
  readonly data?: string; // what a map leads to: `verdict`, a kind of object, or datatypes as in `type`
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

export interface Element extends Node {
  readonly key: Expression;
  readonly data?: ElementData;
  readonly timeout?: number; // seconds
  readonly comment?: string;
}

export type ElementData =
  | { readonly kind: 'verdict'; readonly verdict: VerdictExpression }
  | { readonly kind: 'object'; readonly name: string } // in quotes: an object, or a name that is a value
  | { readonly kind: 'value'; readonly value: Expression };

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
  readonly devices?: readonly string[]; // of ingress and egress chains; absent there: not known, nft 1.0.6's JSON omits it
}

export interface Rule extends Node {
  readonly statements: readonly Statement[];
  readonly comment?: string;
  readonly handle?: number;
}

export type Statement = Node &
  (
    | { readonly kind: 'match'; readonly left: Expression; readonly operator: Operator; readonly right: Expression }
    | { readonly kind: 'verdict'; readonly verdict: VerdictExpression }
    /** `jump { ... }`: the rules of a chain that has no name. `finalProgram` gives it one. */
    | { readonly kind: 'block'; readonly jump: 'jump' | 'goto'; readonly rules: readonly Rule[] }
    | { readonly kind: 'vmap'; readonly key: Expression; readonly data: SetExpression }
    | { readonly kind: 'counter' }
    | { readonly kind: 'counter-object'; readonly name: string }
    | { readonly kind: 'counter-map'; readonly key: Expression; readonly map: string }
    | LimitStatement
    | { readonly kind: 'log'; readonly prefix?: string; readonly group?: number }
    | { readonly kind: 'reject'; readonly with?: RejectWith }
    | {
        readonly kind: 'set-update';
        readonly operation: 'add' | 'update' | 'delete';
        readonly set: string;
        readonly key: Expression;
        readonly data?: Expression;
        readonly statements: readonly Statement[];
      }
    | {
        readonly kind: 'meter';
        readonly name: string;
        readonly key: Expression;
        readonly statements: readonly Statement[];
      }
    /** `limit name tcp dport map { 80 : "l" }`: the object that the key leads to. */
    | { readonly kind: 'object-map'; readonly type: string; readonly key: Expression; readonly data: SetExpression }
    | { readonly kind: 'object'; readonly type: string; readonly name: string }
    /** What a packet, or its connection, is counted against: `quota over 25 mbytes`, `ct count over 20`. */
    | { readonly kind: 'quota' | 'ct-count'; readonly over: boolean; readonly amount: string }
    /** `meta mark set 1`, `ip dscp set cs1`. */
    | { readonly kind: 'assign'; readonly target: Selector; readonly value: Expression }
    | NatStatement
    | { readonly kind: 'notrack' }
    | { readonly kind: 'queue'; readonly number: Expression }
    /** `text` is how nft writes it. */
    | { readonly kind: 'other'; readonly text: string; readonly effect: OtherEffect }
  );

export interface NatStatement {
  readonly kind: 'nat';
  readonly type: NatType;
  readonly family?: 'ip' | 'ip6';
  readonly address?: Expression;
  readonly port?: Expression;
  readonly flags: readonly string[];
}

export const NAT_TYPES = ['snat', 'dnat', 'masquerade', 'redirect'] as const;
export type NatType = (typeof NAT_TYPES)[number];

/**
 * What a statement that needs no closer look can do to a packet: nothing that a filter asks for (`none`), or that to TCP, and stop the rule
 * for all else (`tcp`), stop the rule (`filter`), take
 * the packet out of its way or let it go on (`steal`), take it out (`take`), or anything (`anything`).
 */
export type OtherEffect = 'none' | 'tcp' | 'filter' | 'steal' | 'take' | 'anything';

export interface LimitStatement {
  readonly kind: 'limit';
  readonly over: boolean; // true: matches what exceeds the rate
  readonly count: number; // packets, or `unit`
  readonly unit?: ByteUnit;
  readonly per: LimitUnit;
  readonly burst: number; // packets, or `burstUnit`; nft's own default is 5 packets, or no bytes
  readonly burstUnit?: ByteUnit;
}

export const BYTE_UNITS = ['bytes', 'kbytes', 'mbytes'] as const;
export type ByteUnit = (typeof BYTE_UNITS)[number]; // each 1024 of the one before

export const LIMIT_UNITS = ['second', 'minute', 'hour', 'day', 'week'] as const;
type LimitUnit = (typeof LIMIT_UNITS)[number];

/** What nft assumes where a limit names no burst. */
export const DEFAULT_BURST = 5;

/** `in`: any of the bits, what a bit mask (`ct state`, `tcp flags`) means where no operator is written; `!`: none of them. */
export const OPERATORS = ['==', '!=', '<=', '>=', '<', '>', 'in', '!'] as const;
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

export type Expression = Selector | Constant | SetExpression | MapExpression | Compound;

/** `ip saddr map { 10.0.0.1 : 1 }`: the value that the key leads to. */
type MapExpression = Node & { readonly kind: 'map'; readonly key: Expression; readonly data: SetExpression };

/** What is read from the packet. */
export type Selector = Node &
  (
    | { readonly kind: 'payload'; readonly protocol: string; readonly field: string }
    | { readonly kind: 'meta'; readonly key: string }
    | { readonly kind: 'ct'; readonly key: string; readonly direction?: 'original' | 'reply' }
    | { readonly kind: 'fib'; readonly result: string; readonly flags: readonly string[] }
    | { readonly kind: 'socket'; readonly key: string; readonly level?: number } // 1.0.6's JSON loses the level
    /** Bits of the link, network or transport header or of what is inside, by their place. */
    | { readonly kind: 'raw'; readonly base: RawBase; readonly offset: number; readonly length: number }
    /** An extension header or option, or a field of one: a packet need not have it. */
    | { readonly kind: 'option'; readonly header: string; readonly field?: string }
    /** What the kernel reckons, from a key where there is one (`jhash`); `volatile`: anew each time it is asked (`numgen`). */
    | { readonly kind: 'computed'; readonly text: string; readonly key?: Expression; readonly volatile: boolean }
  );

export const RAW_BASES = ['ll', 'nh', 'th', 'ih'] as const;
export type RawBase = (typeof RAW_BASES)[number];

export type Constant = Node &
  (
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'number-prefix'; readonly value: number; readonly length: number } // the first bits of a number
    | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean }
    | { readonly kind: 'address'; readonly address: Address }
    | { readonly kind: 'prefix'; readonly address: Address; readonly length: number }
    | { readonly kind: 'anything' } // `*`: what no other element holds
  );

/** By how tightly they bind, the loosest first (nft's grammar, src/parser_bison.y). */
export const BINARY_OPERATORS = ['|', '^', '&', '<<', '>>'] as const;
export type BinaryOperator = (typeof BINARY_OPERATORS)[number];

type Compound = Node &
  (
    | { readonly kind: 'range'; readonly first: Expression; readonly last: Expression } // both inclusive
    | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
    | { readonly kind: 'list'; readonly parts: readonly Expression[] } // `established,related`: bits of a mask
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
  );
