import type { Random } from '../random.ts';
import { constants, type Declare, formsOf } from './forms.ts';
import { LEARNING } from './learning.ts';
import { type Needs, type Place, PORT_PROTOCOL, RARE, SELECTORS, type Selector } from './selectors.ts';
import { REWRITES, TRANSLATIONS } from './translations.ts';
import { MARK_MASKS, MARK_VALUES } from './values.ts';

/** One construct of nft's language. Random rulesets are made of those that the reader understands; the others are its work list. */
export interface Feature {
  readonly name: string;
  readonly group: string; // features of a group share one chance
  readonly field?: string; // that it asks for
  readonly kind: 'match' | 'statement' | 'map' | 'verdict' | 'place'; // `place`: what only some base chains may do
  readonly needs: Needs;
  readonly write: (random: Random, site: Site) => string;
}

/** What a rule is about, and what its chain may do. */
export type About = Omit<Needs, 'place'> & { readonly places: readonly Place[] };

/** Where a feature is written: what it may declare, and where a verdict may lead. */
export interface Site {
  readonly about: About;
  readonly declare: Declare;
  /** Declares a set that many rules of the table share, once. */
  readonly share: (name: string, body: string) => string;
  readonly verdict: () => string;
  /** Tells what a packet is like that the rule has changed: chains behind all others ask for it. */
  readonly expect: (condition: string) => void;
}

/** Selectors that can be parts of a key: those with a plain datatype. */
const KEYS = SELECTORS.filter(
  ({ text, type, kind, needs }) =>
    !RARE.includes(text) && type !== 'integer' && kind !== 'flags' && needs.inet !== true && needs.transport !== 'th',
);

/**
 * The field that a selector reads: `iifname` is `meta iifname`. Fields that tell protocols count as one, since nft 1.0.6 lists
 * `meta nfproto ipv4 meta l4proto icmp` without its first half, and `meta l4proto { tcp, udp } ct original protocol 58 th dport 1` without its
 * second condition.
 */
function fieldOf({ text }: Selector): string {
  return PROTOCOL_FIELDS.includes(text) ? 'protocols' : text.replace(/^meta /, '');
}

const PROTOCOL_FIELDS: readonly string[] = [
  'meta l4proto',
  'ip protocol',
  'ip6 nexthdr',
  'meta nfproto',
  'meta protocol',
  'ct l3proto',
  'ct original protocol',
  'ct reply protocol',
];

function isSet(form: string): boolean {
  return form === 'set' || form === 'set of ranges' || form === 'words';
}

/**
 * Behind `meta l4proto { 1-17, sctp }`, nft 1.0.6 takes every packet for SCTP, as the last value says: `sctp sport` then reads the
 * bytes of any transport, and is listed as `th sport`. The same with families. What that means, only the listing tells.
 */
function withoutHeaders({ text }: Selector): Needs {
  if (text === 'meta nfproto' || text === 'meta protocol') return { without: 'family' };
  return ['meta l4proto', 'ip protocol', 'ip6 nexthdr'].includes(text) ? { without: 'transport' } : {};
}

/** nft 1.0.6 lists `ct reply protocol 6 tcp doff < 6` without its first half: it takes it for what the second asks for anyway. */
function isLostBesideHeaders({ text }: Selector): boolean {
  return text === 'ct original protocol' || text === 'ct reply protocol';
}

function needsOf(selector: Selector, form: string): Needs {
  if (isLostBesideHeaders(selector)) return { ...selector.needs, without: 'transport' };
  return isSet(form) ? { ...selector.needs, ...withoutHeaders(selector) } : selector.needs;
}

const matches: readonly Feature[] = SELECTORS.flatMap((selector) =>
  formsOf(selector).map(
    (form): Feature => ({
      name: `${selector.text}: ${form.name}`,
      group: fieldOf(selector),
      field: selector.text,
      kind: 'match',
      needs: needsOf(selector, form.name),
      write: (random, { declare }) => form.write(random, declare),
    }),
  ),
);

/**
 * No packet of the world has any of them, and packets of other protocols have none either. nft 1.1.3 lists `meta l4proto { 200 } tcp option maxseg
 * missing` without its first half.
 */
const options: readonly Feature[] = ['tcp option maxseg', 'tcp option sack-perm', 'sctp chunk data'].flatMap((option) =>
  ['missing', 'exists', '!= exists', '!= missing', '{ 0, 1 }', '!= 1', '0-5', '{ 1-5, 7 }', '!= { 1, 2 }'].map(
    (asked): Feature => ({
      name: `${option}: ${asked}`,
      group: 'protocols',
      kind: 'match',
      needs: { without: 'transport' },
      write: () => `${option} ${asked}`,
    }),
  ),
);

const maps: readonly Feature[] = SELECTORS.filter((selector) => selector.type !== 'integer').flatMap((selector) => {
  const ofKind = (name: string, exact: boolean, write: (elements: string, declare: Declare) => string): Feature => ({
    name: `${selector.text}: ${name}`,
    group: `${fieldOf(selector)} vmap`,
    field: selector.text,
    kind: 'map',
    needs: needsOf(selector, name),
    write: (random, { declare, verdict }) => {
      const keys = constants(random, selector, random.between(1, 4), exact);
      return `${selector.text} vmap ${write(keys.map((key) => `${key} : ${verdict()}`).join(', '), declare)}`;
    },
  });
  const intervals = ofKind(
    'named interval vmap',
    false,
    (elements, declare) =>
      `@${declare('map', `type ${selector.type} : verdict; flags interval; elements = { ${elements} }`)}`,
  );
  return [
    ofKind('vmap', true, (elements) => `{ ${elements} }`),
    ofKind('vmap of ranges', false, (elements) => `{ ${elements} }`),
    ofKind(
      'named vmap',
      true,
      (elements, declare) => `@${declare('map', `type ${selector.type} : verdict; elements = { ${elements} }`)}`,
    ),
    ...(selector.kind === 'flags' ? [] : [intervals]), // nft 1.0.6 breaks off when it is to list one of bits
  ];
});

/** Keys of two or three parts; the first parts of the elements are disjoint, so that the kernel takes them as intervals too. */
const CONCATENATIONS: readonly (readonly Selector[])[] = [
  ...KEYS.flatMap((first) =>
    KEYS.filter((second) => second.text !== first.text).map((second) => [first, second] as const),
  ),
  ...SELECTORS.filter(({ text }) => text.startsWith('th ')).flatMap((port) => [
    [PORT_PROTOCOL, port],
    ...SELECTORS.filter(({ kind }) => kind === 'address').map((address) => [address, PORT_PROTOCOL, port]),
  ]),
].filter((parts) => compatible(parts.map(partNeeds)));

/** In a concatenation `th` comes behind its protocol and needs no more. */
function partNeeds({ needs }: Selector): Needs {
  return needs.transport === 'th' ? {} : needs;
}

function compatible(needs: readonly Needs[]): boolean {
  const agree = <T>(values: readonly (T | undefined)[]): boolean =>
    new Set(values.filter((each) => each !== undefined)).size <= 1;
  return agree(needs.map(({ family }) => family)) && agree(needs.map(({ transport }) => transport));
}

const concatenations: readonly Feature[] = [
  concatenation('set', true, (key, elements) => `${key} { ${elements} }`),
  concatenation('not in set', true, (key, elements) => `${key} != { ${elements} }`),
  concatenation(
    'named set',
    true,
    (key, elements, type, declare) => `${key} @${declare('set', `type ${type}; elements = { ${elements} }`)}`,
  ),
  concatenation(
    'named interval set',
    false,
    (key, elements, type, declare) =>
      `${key} @${declare('set', `type ${type}; flags interval; elements = { ${elements} }`)}`,
  ),
  concatenation(
    'typeof interval set',
    false,
    (key, elements, _, declare) =>
      `${key} @${declare('set', `typeof ${key}; flags interval; elements = { ${elements} }`)}`,
  ),
];

const concatenatedMaps: readonly Feature[] = [
  concatenation('vmap', true, (key, elements) => `${key} vmap { ${elements} }`, true),
  concatenation(
    'named vmap',
    true,
    (key, elements, type, declare) =>
      `${key} vmap @${declare('map', `type ${type} : verdict; elements = { ${elements} }`)}`,
    true,
  ),
  concatenation(
    'named interval vmap',
    false,
    (key, elements, type, declare) =>
      `${key} vmap @${declare('map', `type ${type} : verdict; flags interval; elements = { ${elements} }`)}`,
    true,
  ),
];

function concatenation(
  name: string,
  exact: boolean,
  write: (key: string, elements: string, type: string, declare: Declare) => string,
  leads = false,
): Feature {
  return {
    name: `concatenation: ${name}`,
    group: leads ? 'concatenation vmap' : 'concatenation',
    kind: leads ? 'map' : 'match',
    needs: {},
    write: (random, { about, declare, verdict }) => {
      const parts = random.pick(
        CONCATENATIONS.filter((each) => each.every((part) => needsMet(partNeeds(part), about))),
      );
      const columns = parts.map((part, index) => constants(random, part, 3, exact || index > 0));
      const rows = (columns[0] ?? []).map((first) =>
        [first, ...columns.slice(1).map((column) => random.pick(column))].join(' . '),
      );
      const elements = rows.map((row) => (leads ? `${row} : ${verdict()}` : row)).join(', ');
      return write(
        parts.map(({ text }) => text).join(' . '),
        elements,
        parts.map(({ type }) => type).join(' . '),
        declare,
      );
    },
  };
}

function statement(name: string, text: string | ((random: Random, site: Site) => string), needs: Needs = {}): Feature {
  return {
    name,
    group: name.replace(/:.*/, ''),
    kind: 'statement',
    needs,
    write: typeof text === 'string' ? () => text : text,
  };
}

const mark = (random: Random): number => random.pick(MARK_VALUES);
const mask = (random: Random): number => random.pick(MARK_MASKS);

const statements: readonly Feature[] = [
  statement('counter: plain', 'counter'),
  statement('counter: with values', 'counter packets 7 bytes 420'),
  statement('log: plain', 'log'),
  statement('log: group', 'log prefix "seen: " group 7'),
  statement('log: options', 'log prefix "x" level info flags all'),
  statement('limit: never bites', 'limit rate 1000000/second burst 1000000 packets'),
  statement('limit: over, never bites', 'limit rate over 1000000/second burst 1000000 packets'),
  statement('limit: bytes, never bites', 'limit rate 4000 mbytes/second burst 4000 mbytes'),
  statement('quota: never used up', 'quota 900000 mbytes'),
  statement('mark: set', (random, { expect }) => {
    const value = mark(random);
    expect(`meta mark ${value}`);
    return `meta mark set ${value}`;
  }),
  statement('mark: bits added', (random, { expect }) => {
    const bits = mask(random);
    expect(`meta mark & ${bits} == ${bits}`);
    return `meta mark set meta mark or ${bits}`;
  }),
  statement('mark: bits taken', (random) => `meta mark set meta mark and ${mask(random)}`),
  statement('mark: bits flipped', (random) => `meta mark set mark xor ${mask(random)}`),
  statement('mark: some bits set', (random) => {
    const bits = mask(random);
    return `meta mark set meta mark & ${(~bits & 0xffff_ffff) >>> 0} | ${(mark(random) & bits) >>> 0}`;
  }),
  statement('mark: from the connection', 'meta mark set ct mark', { ip: true }),
  statement(
    'mark: by a map',
    (random) => {
      const [low, high] = [random.pick([22, 80, 443]), random.pick([1024, 8080, 60999])];
      return `meta mark set th dport map { ${low} : ${mark(random)}, 1000-1023 : ${mark(random)}, ${high}-65534 : ${mark(random)} }`;
    },
    { transport: 'th' },
  ),
  statement(
    'connection mark: set',
    (random, { expect }) => {
      const value = mark(random);
      expect(`ct mark ${value}`);
      return `ct mark set ${value}`;
    },
    { ip: true },
  ),
  statement('connection mark: from the packet', 'ct mark set meta mark', { ip: true }),
  statement('connection mark: bits added', (random) => `ct mark set ct mark | ${mask(random)}`, { ip: true }),
  statement('priority: set', 'meta priority set 1:2'),
  // A packet without what a value is reckoned from ends the rule there.
  reckoned('ip saddr', 'family'),
  reckoned('ip6 daddr', 'family'),
  reckoned('tcp dport', 'transport'),
  reckoned('icmp type', 'either'),
  reckoned('ip saddr . udp dport', 'either'),
  // A packet without a connection has none of these, and goes on.
  statement('label: set', 'ct label set 1', { ip: true }),
  statement('event: set', 'ct event set new', { ip: true }),
  statement('trace: set', 'meta nftrace set 1'),
  statement('option: taken out', 'reset tcp option timestamp', { without: 'transport' }),
  statement('dscp: set', 'ip dscp set cs1', { family: 4 }),
];

function reckoned(key: string, without: NonNullable<Needs['without']>): Feature {
  return statement(`priority: from ${key}`, `meta priority set jhash ${key} mod 2`, { without });
}

/** Groups are picked alike: what decides has more of them than what does not. */
const verdicts: readonly Feature[] = [
  ...['a', 'b', 'c'].flatMap((group) => [
    verdict('accept', 'accept', {}, `accept ${group}`),
    verdict('drop', 'drop', {}, `drop ${group}`),
    { ...verdict('jump or goto', '', {}, `lead ${group}`), write: (_: Random, site: Site) => site.verdict() },
  ]),
  verdict('return', 'return', {}, 'return'),
  verdict('continue', 'continue', {}, 'go on'),
  verdict('none', 'counter', {}, 'go on'),
  verdict('reject', 'reject', { ip: true }),
  verdict('reject with icmpx', 'reject with icmpx admin-prohibited', { inet: true }),
  verdict('reject with icmpx type', 'reject with icmpx type port-unreachable', { inet: true }),
  verdict('reject with icmp', 'reject with icmp host-unreachable', { family: 4, ip: true }),
  verdict('reject with icmpv6', 'reject with icmpv6 no-route', { family: 6, ip: true }),
  verdict('reject with tcp reset', 'reject with tcp reset', { transport: 'tcp', ip: true }),
  verdict('reject TCP with tcp reset', 'meta l4proto tcp reject with tcp reset', { transport: 'tcp', ip: true }),
];

function verdict(name: string, text: string, needs: Needs = {}, group = 'reject'): Feature {
  return { name, group, kind: 'verdict', needs, write: () => text };
}

export const FEATURES: readonly Feature[] = [
  ...matches,
  ...options,
  ...maps,
  ...concatenations,
  ...concatenatedMaps,
  ...statements,
  ...verdicts,
  ...REWRITES,
  ...TRANSLATIONS,
  ...LEARNING,
];

/** Whether a feature fits into a rule about these packets. */
export function fits({ needs }: Feature, rule: About): boolean {
  return needsMet(needs, rule);
}

function needsMet(needs: Needs, rule: About): boolean {
  if (needs.ip === true && rule.ip !== true) return false;
  if (needs.place !== undefined && !rule.places.includes(needs.place)) return false;
  if (needs.inet === true && rule.inet !== true) return false;
  const { without } = needs;
  if ((without === 'family' || without === 'either') && rule.family !== undefined) return false;
  if (without === 'either' && rule.transport !== undefined) return false;
  if (without === 'transport' && rule.transport !== undefined && rule.transport !== 'th') return false;
  if (needs.family !== undefined && needs.family !== rule.family) return false;
  return needs.transport === undefined || needs.transport === rule.transport;
}

/** How a rule begins that is about a transport, where nft does not say so by itself. */
export function transportPrelude(random: Random, transport: Needs['transport']): string {
  if (transport === 'th') return `${random.pick(['meta l4proto { 6, 17 } ', 'meta l4proto { tcp, udp, sctp } '])}`;
  return '';
}
