import { type Family, parsePrefix, prefixRange } from '../../../src/net/index.ts';
import type { Random } from '../random.ts';
import type { AddressSelector, FlagsSelector, NameSelector, NumberSelector, Selector } from './selectors.ts';
import { addressText, disjoint, MASKS, PREFIXES, type Span } from './values.ts';

/** A way in which nft's language compares. */
export interface Form<S extends Selector = Selector> {
  readonly name: string;
  /** The condition in nft's text; a set that it needs is declared through `declare`, which returns its name. */
  readonly write: (random: Random, selector: S, declare: Declare) => string;
}

export type Declare = (kind: 'set' | 'map', body: string) => string;

/** Constants for a selector: exact ones, or ranges and prefixes too; disjoint, as sets want them. */
export function constants(random: Random, selector: Selector, count: number, exact: boolean): string[] {
  switch (selector.kind) {
    case 'number':
      if (selector.values.length === 0 || (selector.words.length > 0 && !selector.ordered)) {
        return random.some(selector.words, count);
      }
      return disjoint(random, selector.values, count, exact || !selector.ordered).map(rangeText);
    case 'address':
      return disjoint(random, points(selector.family), count, exact).map((span) =>
        spanText(random, selector.family, span, !exact),
      );
    case 'name':
      return random.some(exact ? NAMES : ['"eth1*"', '"br-*"', '"wan"', '"lo"'], count);
    case 'flags':
      return random.some(selector.words, count);
  }
}

const NAMES = ['"lo"', '"eth0"', '"eth1"', '"eth10"', '"br-1"', '"br-22"', '"wan"', '"nowhere"'];
const WILDCARDS = ['"eth*"', '"eth1*"', '"br-*"', '"wan*"'];

function rangeText({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/** Ends of prefixes and what lies next to them: sets of them fall apart exactly where packets are sent. */
function points(family: Family): bigint[] {
  return spans(family).flatMap(({ first, last }) => [first, last, first + 1n]);
}

export function spans(family: Family): Span[] {
  return PREFIXES[family].flatMap((text) => {
    const prefix = parsePrefix(text);
    return 'kind' in prefix ? [] : [prefixRange(prefix)];
  });
}

function spanText(random: Random, family: Family, { first, last }: Span, asPrefix: boolean): string {
  if (first !== last) return `${addressText(family, first)}-${addressText(family, last)}`;
  const text = addressText(family, first);
  return asPrefix && random.chance(0.2) ? `${text}/${family === 4 ? 32 : 128}` : text;
}

const OPERATORS = { '<': 'less', '>': 'greater', '<=': 'at-most', '>=': 'at-least' } as const;

/** Forms that all selectors share. */
function common<S extends Selector>(exactOnly: (selector: S) => boolean): Form<S>[] {
  const one = (random: Random, selector: S): string => constants(random, selector, 1, true)[0] ?? '0';
  const several = (random: Random, selector: S, exact: boolean): string =>
    constants(random, selector, random.between(1, 4), exact || exactOnly(selector)).join(', ');
  return [
    { name: 'is', write: (random, selector) => `${selector.text} ${one(random, selector)}` },
    { name: '==', write: (random, selector) => `${selector.text} == ${one(random, selector)}` },
    { name: '!=', write: (random, selector) => `${selector.text} != ${one(random, selector)}` },
    { name: 'set', write: (random, selector) => `${selector.text} { ${several(random, selector, true)} }` },
    { name: 'not in set', write: (random, selector) => `${selector.text} != { ${several(random, selector, true)} }` },
    {
      name: 'set of ranges',
      write: (random, selector) => `${selector.text} { ${several(random, selector, false)} }`,
    },
    {
      name: 'named set',
      write: (random, selector, declare) => {
        const set = declare('set', `type ${selector.type}; elements = { ${several(random, selector, true)} }`);
        return `${selector.text} ${random.chance(0.3) ? '!= ' : ''}@${set}`;
      },
    },
    {
      name: 'typeof set',
      write: (random, selector, declare) => {
        const set = declare('set', `typeof ${selector.text}; elements = { ${several(random, selector, true)} }`);
        return `${selector.text} @${set}`;
      },
    },
    {
      name: 'named interval set',
      write: (random, selector, declare) => {
        const elements = several(random, selector, false);
        const set = declare('set', `type ${selector.type}; flags interval; elements = { ${elements} }`);
        return `${selector.text} ${random.chance(0.3) ? '!= ' : ''}@${set}`;
      },
    },
    {
      name: 'empty named set',
      write: (random, selector, declare) => {
        const set = declare('set', `type ${selector.type};${random.chance(0.5) ? ' flags interval;' : ''}`);
        return `${selector.text} ${random.chance(0.5) ? '!= ' : ''}@${set}`;
      },
    },
  ];
}

const number: readonly Form<NumberSelector>[] = [
  ...common<NumberSelector>((selector) => !selector.ordered),
  ...orderForms<NumberSelector>((random, selector) => String(random.pick(selector.values))),
  {
    name: 'word',
    write: (random, selector) => `${selector.text} ${random.chance(0.3) ? '!= ' : ''}${random.pick(selector.words)}`,
  },
  {
    name: 'words',
    write: (random, selector) => `${selector.text} { ${random.some(selector.words, 2).join(', ')} }`,
  },
  {
    name: 'mask',
    write: (random, selector) => {
      const mask = random.pick(selector.masks);
      const value = (random.pick(selector.values) & mask) >>> 0;
      return `${selector.text} & ${mask} ${random.pick(['==', '!='])} ${value}`;
    },
  },
  {
    name: 'mask without operator',
    write: (random, selector) => {
      const mask = random.pick(selector.masks);
      return `${selector.text} & ${mask} ${(random.pick(selector.values) & mask) >>> 0}`;
    },
  },
  {
    name: 'masked order',
    write: (random, selector) =>
      `${selector.text} & ${random.pick(selector.masks)} ${random.pick(['<', '>='])} ${random.pick(selector.values)}`,
  },
  {
    name: 'mask in set',
    write: (random, selector) => {
      const mask = random.pick(selector.masks);
      const values = new Set(random.some(selector.values, 3).map((value) => (value & mask) >>> 0));
      return `${selector.text} & ${mask} { ${[...values].join(', ')} }`;
    },
  },
];

const address: readonly Form<AddressSelector>[] = [
  ...common<AddressSelector>(() => false),
  ...orderForms<AddressSelector>((random, { family }) => addressText(family, random.pick(points(family)))),
  { name: 'prefix', write: (random, { text, family }) => `${text} ${random.pick(PREFIXES[family])}` },
  { name: '!= prefix', write: (random, { text, family }) => `${text} != ${random.pick(PREFIXES[family])}` },
  {
    name: 'set of prefixes',
    write: (random, { text, family }, declare) => {
      const set = random.pick(DISJOINT_PREFIXES[family]).join(', ');
      if (random.chance(0.5)) return `${text} ${random.chance(0.3) ? '!= ' : ''}{ ${set} }`;
      const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
      return `${text} @${declare('set', `type ${type}; flags interval; elements = { ${set} }`)}`;
    },
  },
  {
    name: 'auto-merged set',
    write: (random, { text, family, type }, declare) => {
      const set = random.some(PREFIXES[family], 4).join(', ');
      return `${text} @${declare('set', `type ${type}; flags interval; auto-merge; elements = { ${set} }`)}`;
    },
  },
  {
    name: 'mask',
    write: (random, { text, family }) => {
      const mask = random.pick(MASKS[family]);
      return `${text} & ${mask} ${random.pick(['==', '!='])} ${masked(random, family, mask)}`;
    },
  },
  {
    name: 'slashed mask',
    write: (random, { text, family }) => {
      const mask = random.pick(MASKS[family]);
      return `${text} and ${mask} ${masked(random, family, mask)}`;
    },
  },
];

const DISJOINT_PREFIXES: Readonly<Record<Family, readonly (readonly string[])[]>> = {
  4: [
    ['10.0.0.0/8', '192.0.2.64/26', '203.0.113.7'],
    ['10.0.0.0/31', '10.0.0.128/25', '128.0.0.0/1'],
    ['127.0.0.0/8', '172.16.0.0/12', '224.0.0.0/4'],
  ],
  6: [
    ['2001:db8::/64', '2001:db8:0:1::/64', 'fd00::/8'],
    ['::1', '2000::/3', '8000::/1'],
    ['2001:db8::/127', '2001:db8:8000::/33', 'ff00::/8'],
  ],
};

function masked(random: Random, family: Family, mask: string): string {
  const bits = parsePrefix(mask);
  if ('kind' in bits) throw new RangeError(`no mask: ${mask}`);
  return addressText(family, random.pick(points(family)) & bits.value);
}

function orderForms<S extends Selector>(value: (random: Random, selector: S) => string): Form<S>[] {
  const range = (random: Random, selector: S): string | undefined => {
    const [found] = constants(random, selector, 1, false);
    return found;
  };
  return [
    ...Object.entries(OPERATORS).map(
      ([operator, name]): Form<S> => ({
        name,
        write: (random, selector) => `${selector.text} ${operator} ${value(random, selector)}`,
      }),
    ),
    { name: 'range', write: (random, selector) => `${selector.text} ${range(random, selector)}` },
    { name: '!= range', write: (random, selector) => `${selector.text} != ${range(random, selector)}` },
  ];
}

const name: readonly Form<NameSelector>[] = [
  ...common<NameSelector>(() => true),
  { name: 'wildcard', write: (random, { text }) => `${text} ${random.pick(WILDCARDS)}` },
  { name: '!= wildcard', write: (random, { text }) => `${text} != ${random.pick(WILDCARDS)}` },
  {
    name: 'set of wildcards',
    write: (random, { text }) => `${text} { ${random.some(['"eth1*"', '"br-*"', '"wan"'], 2).join(', ')} }`,
  },
];

const flags: readonly Form<FlagsSelector>[] = [
  ...common<FlagsSelector>(() => true),
  {
    name: 'list',
    write: (random, { text, words }) => `${text} ${random.chance(0.3) ? '!= ' : ''}${list(random, words, ',')}`,
  },
  { name: 'masked ==', write: (random, selector) => `${maskedFlags(random, selector)}` },
  {
    name: 'mask, any',
    write: (random, { text, words }) => `${text} & (${list(random, words, '|')}) ${random.pick(['!=', '=='])} 0`,
  },
  {
    name: 'slash',
    write: (random, { text, words }) => {
      const mask = random.some(words, 3);
      return `${text} ${random.chance(0.3) ? '!= ' : ''}${list(random, mask, ',')} / ${mask.join(',')}`;
    },
  },
  {
    name: '== list',
    write: (random, { text, words }) => `${text} == ${list(random, words, '|')}`,
  },
  {
    name: 'set of lists',
    write: (random, { text, words }) => {
      const [single, ...others] = random.some(words, 4);
      return `${text} { ${single}, ${list(random, others, '|')} }`;
    },
  },
];

function maskedFlags(random: Random, { text, words }: FlagsSelector): string {
  const mask = random.some(words, random.between(2, 4));
  return `${text} & (${mask.join('|')}) ${random.pick(['==', '!='])} ${list(random, mask, '|')}`;
}

function list(random: Random, words: readonly string[], separator: string): string {
  return random.some(words, random.between(1, 3)).join(separator);
}

/** The forms that can be written for a selector. */
export function formsOf(
  selector: Selector,
): readonly { readonly name: string; readonly write: (random: Random, declare: Declare) => string }[] {
  switch (selector.kind) {
    case 'number':
      return number.filter((form) => applies(form, selector)).map((form) => bound(form, selector));
    case 'address':
      return address.map((form) => bound(form, selector));
    case 'name':
      return name.map((form) => bound(form, selector));
    case 'flags':
      return flags.filter((form) => isListed(form, selector)).map((form) => bound(form, selector));
  }
}

/**
 * nft 1.0.6 breaks off when it is to list an interval set of bits, and lists `ct state == new | related` (none has both) as
 * `ct state new | related`, which means any of them.
 */
function isListed({ name }: Form<FlagsSelector>, { type }: FlagsSelector): boolean {
  return name !== 'named interval set' && (name !== '== list' || type === 'tcp_flag');
}

function bound<S extends Selector>(form: Form<S>, selector: S) {
  return { name: form.name, write: (random: Random, declare: Declare) => form.write(random, selector, declare) };
}

const ORDERED: readonly string[] = [
  ...Object.values(OPERATORS),
  'range',
  '!= range',
  'set of ranges',
  'named interval set',
];

function applies(form: Form<NumberSelector>, selector: NumberSelector): boolean {
  if (selector.type === 'integer' && form.name.includes('named')) return false; // no set can be declared so
  if (form.name === 'typeof set' && selector.text.includes(' proto-')) return false; // nft 1.0.6 knows no type for them
  if (form.name.includes('mask')) return selector.masks.length > 0;
  if (form.name.startsWith('word')) return selector.words.length > 0;
  if (ORDERED.includes(form.name)) return selector.ordered && selector.values.length > 1;
  return true;
}
