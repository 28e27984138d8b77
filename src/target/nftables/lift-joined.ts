import type * as nft from './ast.ts';

/*
 * nft before 1.1 (and so Debian 12's 1.0.6) makes one comparison of two that ask for fields beside each other. Of `==` that is the same. Of
 * `tcp sport != 22 tcp dport != 80` it makes "not both at once", which matches far more packets than the rule says (payload_do_merge,
 * src/rule.c; netfilter-devel, 8 March 2024, "Wrong payload merge"). Which nft has loaded a ruleset, its text does not tell.
 */

/** The condition that only the machine that loads the rules knows. */
export const JOINS = 'nft before 1.1 has loaded the rules, and joins `!=` of neighbouring fields';

/** The same of comparisons between which another statement stands: nft 1.0.6 joins them, 1.1.3 does not. */
export const JOINS_ACROSS =
  'an older nft has loaded the rules, and joins neighbouring fields across what stands between them';

/**
 * `tcp window 5 tcp flags syn` asks for SYN and no other flag where nft loads it, and lists `tcp flags == syn`. What it lists without the sign was
 * `tcp flags & syn != 0`: any packet with that bit (`nft --debug=netlink`). Which of the two a text is, it does not tell.
 */
export const IS_LOADED = 'nft loads this text, and has not listed it';

const MOST_BITS = 32; // of what is joined: a register

/** Where a field lies; in bits. */
interface Place {
  readonly base: string;
  readonly offset: number;
  readonly length: number;
}

/** For each statement of a rule that is joined with others: these. */
export function joinedStatements(rule: nft.Rule): ReadonlyMap<number, readonly number[]> {
  const joined = new Map<number, readonly number[]>();
  for (const group of neighbours(comparedPlaces(rule, isUnequal)))
    for (const index of group)
      joined.set(
        index,
        group.filter((other) => other !== index),
      );
  return joined;
}

/** Flags of which a packet may have no others, for a neighbouring field is compared too. `an older nft`: another statement is between the two (`JOINS_ACROSS`). */
export interface ExactFlags {
  readonly by: 'every nft' | 'an older nft';
  readonly value: nft.Expression;
}

/**
 * Of `tcp window 5 tcp flags syn` nft makes one comparison of three bytes (`stmt_reduce`, src/rule.c; `nft --debug=netlink`), which asks for SYN and no
 * other flag, where `tcp flags syn` alone asks for any packet with it.
 */
export function exactFlags(rule: nft.Rule): ReadonlyMap<number, ExactFlags> {
  if (!rule.statements.some(asksForFlags)) return NO_FLAGS; // nearly all rules
  const equal = comparedPlaces(rule, isEqual);
  const exact = new Map<number, ExactFlags>();
  const note = (groups: readonly (readonly number[])[], by: ExactFlags['by']): void => {
    for (const index of groups.flat()) {
      const statement = rule.statements[index];
      if (statement !== undefined && asksForFlags(statement))
        exact.set(index, { by, value: onlyValue(statement.right) });
    }
  };
  note(neighbours(equal), 'an older nft');
  note([...Map.groupBy(equal, ({ index }) => statementsBefore(rule, index)).values()].flatMap(neighbours), 'every nft');
  return exact;
}

/**
 * Comparisons between which a rule changes the packet. nft 1.0.6 makes one of them, which stands where one of both did: of
 * `tcp dport 80 meta mark set 1 tcp sport 22` it sets the mark of all packets. nft 1.1.3 leaves them where they are.
 * @returns the first of each, by its position
 */
export function comparedAcrossChange(rule: nft.Rule): ReadonlySet<number> {
  if (!rule.statements.some(changes)) return NO_STATEMENTS; // most rules
  const groups = [isEqual, isUnequal].flatMap((kind) => neighbours(comparedPlaces(rule, kind)));
  return new Set(
    groups.flatMap((group) => {
      const [first, last] = [Math.min(...group), Math.max(...group)];
      return rule.statements.slice(first, last).some(changes) ? [first] : [];
    }),
  );
}

const NO_FLAGS: ReadonlyMap<number, ExactFlags> = new Map();
const NO_STATEMENTS: ReadonlySet<number> = new Set();

/** `tcp flags`: the one field of a header that is compared bit by bit where nothing else is said. */
function asksForFlags(statement: nft.Statement): statement is Extract<nft.Statement, { kind: 'match' }> {
  return statement.kind === 'match' && statement.operator === 'in' && statement.left.kind === 'payload';
}

function changes({ kind }: nft.Statement): boolean {
  return kind === 'assign' || kind === 'notrack';
}

function isUnequal(operator: nft.Operator): boolean {
  return operator === '!=';
}

function isEqual(operator: nft.Operator): boolean {
  return operator === '==' || operator === 'in';
}

/** How many statements other than comparisons stand before one. */
function statementsBefore({ statements }: nft.Rule, index: number): number {
  return statements.slice(0, index).filter(({ kind }) => kind !== 'match').length;
}

interface Compared {
  readonly index: number; // of the statement
  readonly place: Place;
}

function comparedPlaces(rule: nft.Rule, isSuch: (operator: nft.Operator) => boolean): readonly Compared[] {
  const compared: Compared[] = [];
  for (let index = 0; index < rule.statements.length; index++) {
    const statement = rule.statements[index]!;
    const place = statement.kind === 'match' && isSuch(statement.operator) ? placeOf(statement) : undefined;
    if (place !== undefined) compared.push({ index, place });
  }
  return compared;
}

/** Comparisons that nft joins, by their statements; of those that it leaves alone, nothing. */
function neighbours(compared: readonly Compared[]): readonly (readonly number[])[] {
  if (compared.length < 2) return NONE; // nearly all rules
  const groups: number[][] = [];
  const inOrder = compared.toSorted((a, b) => order(a.place, b.place));
  for (let first = 0; first < inOrder.length; ) {
    let { base, offset, length } = inOrder[first]!.place;
    let end = first + 1;
    for (; end < inOrder.length; end++) {
      const next = inOrder[end]!.place;
      const isNext = next.base === base && next.offset === offset + length;
      if (!isNext || length + next.length > MOST_BITS) break;
      length += next.length;
    }
    if (end - first > 1) groups.push(inOrder.slice(first, end).map(({ index }) => index));
    first = end;
  }
  return groups;
}

const NONE: readonly never[] = [];

function order(a: Place, b: Place): number {
  return a.base === b.base ? a.offset - b.offset : a.base < b.base ? -1 : 1;
}

/** The place that a comparison reads, where it is with one value: ranges, sets and masks are never joined. */
function placeOf({ left, operator, right }: Extract<nft.Statement, { kind: 'match' }>): Place | undefined {
  const value = onlyValue(right);
  const isFlags = operator === 'in' && (value.kind === 'list' || value.kind === 'binary'); // `syn,ack`: one value, too
  if (value.kind !== 'number' && value.kind !== 'word' && !isFlags) return undefined;
  if (left.kind === 'raw') return left;
  if (left.kind !== 'payload') return undefined;
  const { protocol, field } = left;
  const own = PLACES[protocol]?.[field];
  const found = own ?? (TRANSPORTS.includes(protocol) ? PORTS[field] : undefined);
  if (found === undefined) return undefined;
  return { base: protocol === 'ip' || protocol === 'ip6' ? 'nh' : 'th', offset: found[0], length: found[1] };
}

/** nft makes a set of one into its value. */
function onlyValue(right: nft.Expression): nft.Expression {
  if (right.kind !== 'set') return right;
  const [only, ...others] = right.elements;
  return only !== undefined && others.length === 0 ? only.key : right;
}

type Places = Readonly<Record<string, readonly [offset: number, length: number]>>;

const PORTS: Places = { sport: [0, 16], dport: [16, 16] };
const TRANSPORTS: readonly string[] = ['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'th'];
const ICMP: Places = { type: [0, 8], code: [8, 8], checksum: [16, 16], id: [32, 16], sequence: [48, 16] };

/** RFC 791 3.1, 8200 3, 9293 3.1, 768, 3828, 792, 4443. Addresses are too long to be joined with anything. */
const PLACES: Readonly<Record<string, Places>> = {
  ip: {
    length: [16, 16],
    id: [32, 16],
    'frag-off': [48, 16],
    ttl: [64, 8],
    protocol: [72, 8],
    checksum: [80, 16],
  },
  ip6: { length: [32, 16], nexthdr: [48, 8], hoplimit: [56, 8] },
  tcp: { flags: [104, 8], window: [112, 16], checksum: [128, 16], urgptr: [144, 16] },
  udp: { length: [32, 16], checksum: [48, 16] },
  udplite: { csumcov: [32, 16], checksum: [48, 16] },
  icmp: ICMP,
  icmpv6: ICMP,
};
