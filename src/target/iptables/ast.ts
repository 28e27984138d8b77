import type { Family } from '../../net/index.ts';
import type { Span } from '../../source/index.ts';

/**
 * What `iptables-save`, `ip6tables-save` and `ipset save` say, as data: tables as they stand when all lines have been read. Matches and
 * targets stay modules with options, as in iptables' own language; what they ask of a packet is for `lift` to say. Nodes that were read
 * carry a span, which never takes part in equality.
 */
export interface Program {
  readonly tables: readonly Table[];
  readonly sets: readonly IpSet[];
}

export interface Node {
  readonly span?: Span;
}

export const TABLE_NAMES = ['raw', 'mangle', 'nat', 'filter', 'security'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** Which half of the kernel holds the rules: they count side by side where both are in use. */
export type Backend = 'nf_tables' | 'legacy';

export interface Table extends Node {
  readonly family: Family;
  readonly name: TableName;
  readonly backend?: Backend; // absent: the text does not tell
  readonly chains: readonly Chain[];
}

export interface Chain extends Node {
  readonly name: string;
  readonly policy?: ChainPolicy; // of built-in chains
  readonly rules: readonly Rule[];
}

export type ChainPolicy = 'ACCEPT' | 'DROP';

export interface Rule extends Node {
  readonly options: readonly Option[]; // of every rule: `-s`, `-p`, `-i`
  readonly matches: readonly Module[];
  readonly target?: Target; // absent: the rule counts only
}

/** An option by its full name, `--dport`; `!` before it, or in old texts before its value, negates it. */
export interface Option extends Node {
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly string[];
}

/** `-m tcp --dport 22` */
export interface Module extends Node {
  readonly name: string;
  readonly options: readonly Option[];
}

/** `-j LOG --log-prefix x`, `-j CHAIN`, `-g CHAIN` */
export interface Target extends Module {
  readonly kind: 'jump' | 'goto';
}

/** A set of `ipset save`. */
export interface IpSet extends Node {
  readonly name: string;
  readonly type: string; // `hash:ip,port`
  readonly family?: Family; // absent: of both, as sets of ports and hardware addresses
  readonly isTimed: boolean; // elements come and go
  readonly elements: readonly IpSetElement[];
}

export interface IpSetElement extends Node {
  readonly parts: readonly string[]; // one for each dimension of the type
  readonly excepted: boolean; // `nomatch`
  readonly isTimed: boolean;
}
