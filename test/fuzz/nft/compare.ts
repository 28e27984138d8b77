import { AssertionError } from 'node:assert';
import { hasErrors } from '../../../src/diagnostic/index.ts';
import type { Ruleset } from '../../../src/ir/index.ts';
import { DiagramTooLarge } from '../../../src/packetset/index.ts';
import { SourceFile } from '../../../src/source/index.ts';
import { nftablesTarget, type Program } from '../../../src/target/nftables/index.ts';
import { finalProgram } from '../../../src/target/nftables/program.ts';
import { type Difference, differences, liftedFrom } from '../../corpus/meaning.ts';
import type { Load, Loaded } from './protocol.ts';
import { includeParts } from './read-one.ts';

/** How our reading of a ruleset stands to nft's own. */
export type Comparison =
  | { readonly kind: 'both refuse' | 'only nft refuses' | 'same' | 'opaque' | 'large' }
  | { readonly kind: 'excused'; readonly excuse: Excuse }
  | { readonly kind: 'only we refuse'; readonly said: string }
  | { readonly kind: 'differs'; readonly what: string };

/**
 * Where nft takes a ruleset, it says how many rules each chain has, and its listings, read by us, must mean what the ruleset itself
 * means, read by us. We may refuse what nft takes: then nothing is left out silently.
 */
export function compareReading({ text, format }: Load, loaded: Loaded): Comparison {
  const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('ruleset', text)], includeParts);
  if (loaded.kind !== 'listed') return { kind: ast === undefined ? 'both refuse' : 'only nft refuses' };
  if (ast === undefined) {
    const [first] = diagnostics.filter((each) => hasErrors([each]));
    const line =
      first?.span === undefined ? '' : first.span.file.lineText(first.span.file.positionAt(first.span.start).line);
    return { kind: 'only we refuse', said: `${first?.message} in: ${format === 'json' ? '(JSON)' : line.trim()}` };
  }
  const counted = rulesByChain(ast);
  const expected = listedRules(loaded.json);
  for (const [chain, count] of expected) {
    if (counted.get(chain) !== count)
      return {
        kind: 'differs',
        what: `chain ${chain} has ${count} rules, we read ${counted.get(chain) ?? 'no chain'}`,
      };
  }
  if ([...counted].some(([chain, count]) => count > 0 && !expected.has(chain)))
    return { kind: 'differs', what: 'we read a chain that nft does not list' };
  if (expected.size === 0) return { kind: 'same' }; // nothing is left to compare
  if ([...expected.values()].reduce((sum, count) => sum + count, 0) > MOST_COMPARED) return { kind: 'large' };
  try {
    const { ruleset: meant, opaque } = nftablesTarget.lift(ast);
    if (opaque.length > 0) return { kind: 'opaque' }; // said to be not understood: the listing may say it better
    // In JSON nft 1.0.6 writes for the flags of a table what it finds in memory.
    const listings = hasTableFlags(loaded.json) ? [loaded.text] : [loaded.text, loaded.json];
    let excuse: Excuse | undefined;
    for (const listing of listings) {
      const listed = readListing(listing);
      if (listed === 'opaque') return { kind: 'opaque' };
      for (const difference of typeof listed === 'string' ? [{ what: listed }] : differences(listed, meant)) {
        excuse = loaded.isWhole ? excuseOf(text, difference) : NOT_WHOLE;
        if (excuse === undefined) return { kind: 'differs', what: `the listing: ${difference.what}` };
      }
    }
    return excuse === undefined ? { kind: 'same' } : { kind: 'excused', excuse };
  } catch (error) {
    if (error instanceof DiagramTooLarge) return { kind: 'large' };
    throw error;
  }
}

/** What we make of a listing, or what we say against it; of what nft lists by its bits, we may say that we do not understand it. */
function readListing(text: string): Ruleset | string {
  try {
    const { ruleset, opaque } = liftedFrom(new SourceFile('listing', text));
    return opaque.length > 0 ? 'opaque' : ruleset;
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
}

/** Rules of a ruleset whose meaning is compared: larger ones take seconds each. */
const MOST_COMPARED = 40;

/**
 * Rules that nft 1.0.6 lists as something else than it has loaded, or that say a thing in a way that we keep as text. Each was looked into:
 * what we read of the text itself is what the kernel was given (`nft --debug=netlink`), or we say that we do not know.
 */
const EXCUSES = {
  'comparisons of neighbouring fields or of the same one, listed as one':
    /ether (?:saddr|daddr)|meta mark [<>].*meta mark [<>]/,
  'ranges of bits or of kinds of link, of which nft lists the bytes turned round':
    /(?:ct (?:state|status)|[io]iftype|tcp flags|ether type) \{[^}]*\d-\d/,
  'flags beside another field, whose listing means another thing where it is loaded':
    /tcp flags [^\n]*tcp (?:window|doff)|tcp (?:window|doff)[^\n]*tcp flags/,
  'two comparisons by order, listed as one range': /[<>]=? [^\n]*[<>]=? /,
  'what a map leads to, left out of the listing': /ct event set [^\n]* map/,
  'the same element twice in a map, listed once':
    /(\[(?:"[^"]+"|\d+|\{"[a-z|]+": *(?:\{[^{}]*\}|\[[^[\]]*\])\}), *[^\]]*\]),(?:[^\n]*,)? *\1|[{,] ([\w-]+ : \w+), \2/,
  'bits that are all asked for, listed without the sign':
    /ct state ==[^\n]*,|"op": *"==", *"left": *\{ *"ct": *\{ *"key": *"state" *\} *\}, *"right": *(?:\[|\{ *"\|")/,
  'a field behind another protocol, listed as one of its own': /icmp(?:v6)? \w+ [^\n]*th dport/,
  'an address behind a mask, listed as a prefix': /ip6? [sd]addr & [^\n]*[<>]/,
  'an interface by its number, listed by its name': /\b[io]if (?:!= |vmap )?(?:\{ )?(?:0x)?\d/,
  'a unit that runs into the next word, which both pass over': /bytes[a-z]/,
  'names that only JSON can say': /"name": *"(?:"|[^"]*[^\x20-\x7e"]|[^"]*[{};])/,
  'a rule without a statement, of which a listing in text shows an empty line': /"expr": *\[\]/,
  'a set within a set, listed as one': /\{ \{/,
  'a time by its number, listed as a date': /\btime (?:!= |[<>]=? )?(?:\{ )?\d/,
  'a mask without a bit, listed as a prefix of no bits': /(?:&|\band) 0(?:x0+)?\b/,
  'a prefix behind a mask, listed with another mask': /&.*==.*\/[0-9]/,
  'bits in a set of one, listed as nft before 1.0.9 takes them':
    /(?:flags|state|status|label) \{ [^,}]*\}|"set": *\[[^\],]*\]/,
  'elements of a map that is assigned, which nft sorts': / (?:set|to) [^\n]* map \{|"(?:mangle|[sd]nat)"[^\n]*"map"/,
  'bits of a byte as the key of a meter, listed with how far nft moves them':
    /meter \w+ \{ ip6? (?:version|hdrlength|dscp|ecn)/,
  'presence by a number above 1, listed as presence': /(?:exthdr|option|chunk) [^\n]*\{[^}]*\b(?:[2-9]|\d\d+)\b/,
  'a class of traffic with more behind it, which nft passes over': /meta priority [^\n]*[0-9a-f]+:[0-9a-f]*:/,
  'a time that is none, of which nft takes no second': /ct expiration (?:[<>=!]+ )?[a-z]/,
  'chance as numbers of protocols, listed as their names': /meta random \{/,
  'a realm by its number, listed by its name': /rt ?classid/,
  'an old word for an option': /tcp option mss/,
  'a field of a routing header, listed as one that nft does not know': /srh sid/,
  'a burst of more bytes than 32 bits hold, of which nft takes the rest': /burst (?:0x[0-9a-f]+|\d+) mbytes/,
  'an extension header behind a kind of link, for which nft asks twice':
    /(?:iiftype|vlan id)[^\n]* (?:exthdr|dst|hbh|frag|rt|srh|mh) /,
  'a word of another datatype':
    /\b[io]if \{ [a-z]|\bmeta (?:mark|cpu|cgroup|rtclassid)[^\n]*[a-z]-[a-z]|"concat": *\["tcp"/,
  'numbers by their first bits, of which nft turns the bytes round': /"prefix": *\{ *"addr": *[0-9]|0x[0-9a-f]+\/[0-9]/,
  'a range as what a map leads to, whose bytes nft turns round': /map \{[^}]*: *\d+-\d+|"map"[^\n]*"range"/,
  'values of a key that nobody knows: any of them may be it, the first one counts, and nft sorts them':
    /(?:numgen|jhash|symhash|ct helper)[^\n]* vmap|"(?:numgen|jhash|symhash)"/,
  'a range of one, listed as its value': /\b([\w.:]+)-\1\b|"range": *\[(\d+), *\2\]/,
  'elements side by side that nft joins, of a set that we keep as its text':
    /(?:ipsec|vlan id|rt ip6? nexthop|ct (?:original|reply) ip6? [sd]addr) [^\n]*\{[^}]*-/,
  'a header behind a kind of link, which nft asks the frame for': /iiftype ether [^\n]*(?:reject with|option|hbh) /,
  'a frame behind a tag, which nft asks for once more': /vlan (?:type|id [^\n]*(?:reject|option))/,
  'an account by its name and its number, listed once': /sk[ug]id \{ [a-z]/,
  'a number that nft lists as `exists`': /set meta (?:ipsec|secpath)/,
  'the highest number, listed as -1': /ct count [^\n]*4294967295/,
  'a range of numbers in a key of several parts, whose bytes nft turns round':
    /\. (?:tcp (?:checksum|sequence)|meta cpu)|(?:tcp (?:checksum|sequence)|meta cpu) \.|"concat"[^\n]*"(?:sequence|cpu)"/,
  'bits that do not end where bytes do': /@(?:ll|nh|th|ih),|"base": *"/,
} as const satisfies Readonly<Record<string, RegExp>>;

/** What is left out may be missed where the listing, as we read it, asks for more packets than the rule. */
const IMPLIED = 'a condition that nft takes for implied, and leaves out of its listing';
const PROTOCOL = /iiftype|tcp option|ether type|@ll,96,16|\bprotocol|nexthdr|l4proto|nfproto|l3proto|"field": *"type"/;

/** What nft says itself, on standard error, while it lists. */
const NOT_WHOLE = 'a rule that nft says it cannot list whole';

export type Excuse = keyof typeof EXCUSES | typeof IMPLIED | typeof NOT_WHOLE;

/** By the text of the rule that differs; by all of the text, where it asks a set that stands elsewhere, or no rule is known. */
function excuseOf(text: string, { rule, isWider = false }: Difference): Excuse | undefined {
  const span = rule?.origin.span;
  const own = rule === undefined || span === undefined ? text : span.file.text.slice(span.start, span.end);
  const searched = own.includes('@') ? text : own;
  for (const [excuse, pattern] of Object.entries(EXCUSES)) if (pattern.test(searched)) return excuse as Excuse;
  return (isWider && PROTOCOL.test(searched)) || /ether type ip6? reject/.test(searched) ? IMPLIED : undefined;
}

/** Chains without a name are no chains of their own in nft's JSON. */
function rulesByChain(program: Program): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { family, name, chains } of finalProgram(program).tables) {
    for (const chain of chains)
      if (!chain.name.includes('{')) counts.set(`${family} ${name} ${chain.name}`, chain.rules.length);
  }
  return counts;
}

function hasTableFlags(json: string): boolean {
  const { nftables }: { nftables: readonly Item[] } = JSON.parse(json);
  return nftables.some(({ table }) => table?.flags !== undefined);
}

interface Item {
  readonly table?: { readonly flags?: unknown };
  readonly chain?: { readonly family: string; readonly table: string; readonly name: string };
  readonly rule?: { readonly family: string; readonly table: string; readonly chain: string };
}

/** Counted without our reader. */
function listedRules(json: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const { nftables }: { nftables: readonly Item[] } = JSON.parse(json);
  for (const { chain, rule } of nftables) {
    if (chain !== undefined) counts.set(`${chain.family} ${chain.table} ${chain.name}`, 0);
    if (rule === undefined) continue;
    const key = `${rule.family} ${rule.table} ${rule.chain}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
