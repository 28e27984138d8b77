import { excerpt } from '../diagnostic/index.ts';

/** What was read of the kernel's rules, all of one moment. */
export interface Listings {
  readonly json: string; // `nft -j list ruleset`
  readonly said: string; // on standard error beside it
  readonly bytecode: string | undefined; // `nft --debug=netlink list ruleset`; `undefined`: it did not come
}

/** What the listing of `nft` does not say of the kernel's rules, in sentences for people. Seen of nft 1.0.6 and 1.1.3. */
export function listingLimits({ json, said, bytecode }: Listings): readonly string[] {
  if (bytecode === undefined) return [...leftOut(said), NOT_COMPARED];
  return [...leftOut(said), ...joined(bytecode), ...lostConditions(bytecode, json)];
}

const NOT_COMPARED =
  "`nft` did not tell the kernel's bytecode, so that nobody has looked whether its listing leaves conditions out, or joins them";

/**
 * Of what it cannot read back of its own bytecode, nft leaves a part out (`ip ttl >> 4 3` is listed as `meta nfproto ipv4`), says so on standard error
 * (`netlink_error`, src/netlink.c) and ends with 0.
 */
export function leftOut(said: string): readonly string[] {
  const errors = new Set(said.split('\n').filter((line) => /\berror: /i.test(line)));
  if (errors.size === 0) return [];
  const first = excerpt([...errors].join('; '), 400);
  return [`\`nft\` could not list every rule whole, so that one may ask for more than what is read of it: ${first}`];
}

/**
 * Two neighbouring comparisons by order are listed as a range, even of two fields: `tcp sport >= 1024 tcp dport <= 2000` as `tcp dport 1024-2000`,
 * `< 5` before `> 7` as `!= 5-7` (`expr_may_merge_range`, src/netlink_delinearize.c).
 * @param bytecode a line of family, table, chain and handle before the instructions of each rule
 */
export function joined(bytecode: string): readonly string[] {
  const places = rulesIn(bytecode).flatMap(({ place, instructions }) => (isJoined(instructions) ? [place] : []));
  return told(
    '`nft` lists two comparisons as one range, so that what is read of it is not what the kernel does',
    places,
  );
}

/** One right after the other, of two values of one kind: what lies between them is loading the second, no other statement. */
const JOINED = /(?:^| )(\w+(?: bitwise)?) (?:gte \1 lte|lt \1 gt)(?: |$)/;

function isJoined(instructions: readonly string[]): boolean {
  const steps = instructions.flatMap((line) => {
    const [, operator, name] = /^ *\[ (?:cmp (\w+)|(\w+)) /.exec(line) ?? [];
    return operator ?? name ?? [];
  });
  return JOINED.test(steps.filter((step) => step !== 'byteorder').join(' '));
}

/**
 * nft leaves out a condition that it takes for what the rest of the rule asks for anyway, where that is not so: `meta nfproto ipv4 tcp dport 22
 * reject with tcp reset` is listed as `tcp dport 22 reject with tcp reset`, `ct l3proto ipv6 tcp dport 22` as `tcp dport 22`
 * (`payload_dependency_kill`, src/payload.c).
 * @param listed as JSON, of the same moment
 */
export function lostConditions(bytecode: string, listed: string): readonly string[] {
  const rules = new Map(rulesListed(listed));
  const places = rulesIn(bytecode).flatMap(({ place, instructions }) => {
    const rule = rules.get(place);
    const isLost = ({ loads, says }: Condition): boolean =>
      rule !== undefined && instructions.some((line) => loads.test(line)) && !says.test(rule);
    return CONDITIONS.some(isLost) ? [place] : [];
  });
  return told(
    '`nft` lists rules without a condition on the family or the protocol that they have, so that they are read as rules for more packets',
    places,
  );
}

/** A condition that can be lost. */
interface Condition {
  readonly loads: RegExp; // in bytecode
  readonly says: RegExp; // whatever of a rule in JSON says it, or stands on it; what nft has no JSON for stands there as text
}

const CONDITIONS: readonly Condition[] = [
  {
    loads: /^ *\[ (?:meta load (?:nfproto|protocol)|ct load l3protocol) => /,
    says: /"(?:nfproto|protocol|l3proto|family|addr|rt|exthdr|ether|vlan|arp|ip6?|ip option|icmp|icmpv6|igmp|icmpx|nexthop)"|\bip6? |"\d+\.\d+\.\d+\.\d+/,
  },
  { loads: /^ *\[ ct load protocol => /, says: /"ct":\{"key":"protocol"|\bct (?:original|reply) protocol / },
];

function rulesListed(text: string): [place: string, rule: string][] {
  return listing(text).nftables.flatMap(({ rule }) =>
    rule === undefined
      ? []
      : [[placeOf(rule.family, rule.table, rule.chain, rule.handle), withoutProtocols(JSON.stringify(rule.expr))]],
  );
}

/** That `{"payload": {"protocol": "tcp", ...}}` is read, or that the protocol is `icmp`, says no family. */
function withoutProtocols(rule: string): string {
  return rule
    .replaceAll(/"protocol":"(?:tcp|udp|udplite|sctp|dccp|th)"/g, '')
    .replaceAll(/"right":"(?:ipv6-)?icmp"/g, '');
}

/** What is no JSON is told by whoever reads the rules. */
function listing(text: string): Listing {
  try {
    return JSON.parse(text);
  } catch {
    return { nftables: [] };
  }
}

/** As `nft -j list ruleset` has it (libnftables-json(5)). */
interface Listing {
  readonly nftables: readonly {
    readonly rule?: {
      readonly family: string;
      readonly table: string;
      readonly chain: string;
      readonly handle: number;
      readonly expr: readonly unknown[];
    };
  }[];
}

interface BytecodeRule {
  readonly place: string;
  readonly instructions: readonly string[];
}

/** A line that is not indented begins a rule, or a set; only some are followed by an empty one. */
function rulesIn(bytecode: string): BytecodeRule[] {
  return bytecode.split(/^(?=\S)/m).flatMap((block) => {
    const [, family = '', table = '', chain = '', handle = ''] = /^(\S+) (\S+) ([^@\s]\S*) (\d+)/.exec(block) ?? [];
    return family === '' ? [] : [{ place: placeOf(family, table, chain, handle), instructions: block.split('\n') }];
  });
}

function placeOf(family: string, table: string, chain: string, handle: string | number): string {
  return `\`${family} ${table} ${chain}\`, handle ${handle}`;
}

function told(what: string, places: readonly string[]): readonly string[] {
  return places.length === 0 ? [] : [`${what}: ${excerpt(places.join('; '), 400)}`];
}
