import type * as nft from './ast.ts';

/*
 * nft before 1.1 (and so Debian 12's 1.0.6) makes one comparison of two that ask for fields beside each other. Of `==` that is the same. Of
 * `tcp sport != 22 tcp dport != 80` it makes "not both at once", which matches far more packets than the rule says (payload_do_merge,
 * src/rule.c; netfilter-devel, 8 March 2024, "Wrong payload merge"). Which nft has loaded a ruleset, its text does not tell.
 */

/** The condition that only the machine that loads the rules knows. */
export const JOINS = 'nft before 1.1 has loaded the rules, and joins `!=` of neighbouring fields';

const MOST_BITS = 32; // of what is joined: a register

/** Where a field lies; in bits. */
interface Place {
  readonly base: string;
  readonly offset: number;
  readonly length: number;
}

/** For each statement of a rule that is joined with others: these. */
export function joinedStatements(rule: nft.Rule): ReadonlyMap<number, readonly number[]> {
  const compared: { readonly index: number; readonly place: Place }[] = [];
  for (let index = 0; index < rule.statements.length; index++) {
    const statement = rule.statements[index]!;
    const place = statement.kind === 'match' && statement.operator === '!=' ? placeOf(statement) : undefined;
    if (place !== undefined) compared.push({ index, place });
  }
  if (compared.length < 2) return NONE; // nearly all rules
  const joined = new Map<number, readonly number[]>();
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
    const group = inOrder.slice(first, end).map(({ index }) => index);
    if (group.length > 1)
      for (const index of group)
        joined.set(
          index,
          group.filter((other) => other !== index),
        );
    first = end;
  }
  return joined;
}

const NONE: ReadonlyMap<number, readonly number[]> = new Map();

function order(a: Place, b: Place): number {
  return a.base === b.base ? a.offset - b.offset : a.base < b.base ? -1 : 1;
}

/** The place that a comparison reads, where it is with one value: ranges, sets and masks are never joined. */
function placeOf({ left, right }: Extract<nft.Statement, { kind: 'match' }>): Place | undefined {
  const value = right.kind === 'set' && right.elements.length === 1 ? right.elements[0]!.key : right; // nft makes them one
  if (value.kind !== 'number' && value.kind !== 'word') return undefined;
  if (left.kind === 'raw') return left;
  if (left.kind !== 'payload') return undefined;
  const { protocol, field } = left;
  const own = PLACES[protocol]?.[field];
  const found = own ?? (TRANSPORTS.includes(protocol) ? PORTS[field] : undefined);
  if (found === undefined) return undefined;
  return { base: protocol === 'ip' || protocol === 'ip6' ? 'nh' : 'th', offset: found[0], length: found[1] };
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
