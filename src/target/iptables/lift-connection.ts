import {
  address,
  all,
  any,
  CT_STATUS,
  everything,
  field,
  type Match,
  not,
  nothing,
  quantity,
  type Range,
} from '../../ir/index.ts';
import { formatRange } from '../../net/index.ts';
import {
  CT_MARK,
  earlyStateBits,
  inDirection,
  portTupleMatch,
  SEEN_WHERE_SENT,
  stateBits,
  TRACKED,
  tupleMatch,
  withTemplate,
} from '../netfilter/connection.ts';
import { tracking } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { CT_STATE_BITS, CT_STATUS_BITS } from '../netfilter/words.ts';
import { optionTexts } from './canonical.ts';
import type { ChainContext, RuleContext } from './context.ts';
import type { MatchLifter } from './lift-transport.ts';
import { lookup } from './lookup.ts';
import type { Options } from './options.ts';
import { maskedOf, networkOf, portRange, protocolOf } from './values.ts';

/** Whether conntrack has seen packets here. */
export function isTracked({ entries }: ChainContext): boolean {
  switch (tracking(entries)) {
    case 'after':
      return true;
    case 'before':
      return false;
    case 'either':
      throw new NotUnderstood('packets come here both before and after connection tracking');
  }
}

/** `-m state` (net/netfilter/xt_state.c): the state alone. */
export const state: MatchLifter = (options, context) => [
  options.condition('--state', (text) => stateMatch(text, isTracked(context), context)),
];

/**
 * `-m conntrack` (conntrack_mt, net/netfilter/xt_conntrack.c). A packet without a connection is asked for its state only: where that is
 * asked for and holds, all else is taken to hold too, and where it is not asked for, nothing does.
 */
export const conntrack: MatchLifter = (options, context) => {
  const isAfter = isTracked(context);
  const state = options.condition('--ctstate', (text) => stateMatch(text, isAfter, context));
  const asked = optionTexts(options.all());
  const rest = all(...tupleConditions(options, context).flatMap((match) => match ?? []));
  const whole = state === undefined ? all(TRACKED, rest) : all(state, any(not(TRACKED), rest));
  if (isAfter) return [whole];
  const template = withTemplate(context.host);
  const ofTemplate =
    asked.length === 0 ? everything : context.host.unknowns.property(ofTemplateText('conntrack', asked));
  return [
    any(
      all(template, state ?? everything, ofTemplate),
      all(not(template), SEEN_WHERE_SENT, whole),
      all(not(template), not(SEEN_WHERE_SENT), state ?? nothing),
    ),
  ];
};

/** What a template says besides its state depends on the kernel, and on packets before. */
function ofTemplateText(module: string, asked: readonly string[]): string {
  return `the template of its connection: ${[module, ...asked].join(' ')}`;
}

/** Packets that have a connection here. */
export function connected(context: ChainContext): Match {
  return isTracked(context) ? TRACKED : all(SEEN_WHERE_SENT, TRACKED);
}

function stateMatch(text: string, isAfter: boolean, { host, entries }: RuleContext): Match {
  let bits = 0;
  let translated = 0;
  for (const word of text.split(',')) {
    const state = Object.entries(CT_STATE_BITS).find(([name]) => name === word.toLowerCase());
    if (state !== undefined) bits |= state[1];
    else if (word.toUpperCase() === 'SNAT') translated |= CT_STATUS_BITS.snat;
    else if (word.toUpperCase() === 'DNAT') translated |= CT_STATUS_BITS.dnat;
    else throw new NotUnderstood(`\`${word}\` is no state that is known`);
  }
  const states = isAfter ? stateBits(bits) : earlyStateBits(bits, host, entries);
  if (translated === 0) return states;
  return any(states, all(isAfter ? TRACKED : all(SEEN_WHERE_SENT, TRACKED), anyBit(CT_STATUS, translated)));
}

function anyBit(name: string, bits: number): Match {
  return quantity(name, bits, { first: 1, last: 0xffff_ffff });
}

const STATUSES: Readonly<Record<string, number>> = {
  NONE: 0,
  EXPECTED: CT_STATUS_BITS.expected,
  SEEN_REPLY: CT_STATUS_BITS['seen-reply'],
  ASSURED: CT_STATUS_BITS.assured,
  CONFIRMED: CT_STATUS_BITS.confirmed,
};

function tupleConditions(options: Options, context: RuleContext): (Match | undefined)[] {
  const { host } = context;
  return [
    options.condition('--ctproto', (text) => protocolMatch(text, context)),
    ...(['original', 'reply'] as const).flatMap((direction) =>
      (['src', 'dst'] as const).flatMap((end) => {
        const name = `--ct${direction === 'original' ? 'orig' : 'repl'}${end}`;
        return [
          options.condition(name, (text) => addressMatch(direction, end, text, context)),
          options.condition(`${name}port`, (text) => portMatch(direction, end, portRange(text), context)),
        ];
      }),
    ),
    options.condition('--ctstatus', (text) => statusMatch(text)),
    options.condition('--ctexpire', (text) => host.unknowns.property(`ct expiration ${text}`)),
    options.condition('--ctdir', (text) => directionMatch(text)),
  ];
}

/** Translation changes no protocol. */
function protocolMatch(text: string, { host }: ChainContext): Match {
  const protocol = protocolOf(text);
  if (protocol === undefined) return field('protocol', 0);
  const match = field('protocol', protocol);
  const question = {
    text: `ct protocol as asked (${protocol})`,
    direction: 'original',
    here: match,
    there: match,
  } as const;
  return tupleMatch(question, { translates: false, unknowns: host.unknowns });
}

type Direction = 'original' | 'reply';
type End = 'src' | 'dst';

function addressMatch(direction: Direction, end: End, text: string, { family, host }: ChainContext): Match {
  const ranges = networkOf(text, family);
  // iptables 1.8.9 loses masks with gaps here: it loads `--ctorigsrc 10.0.0.5/255.255.0.255` as the one address.
  if (ranges.length > 1) throw new NotUnderstood('iptables does not load a mask with gaps as it is written');
  const here = address(end, ...ranges);
  const there = address(end === 'src' ? 'dst' : 'src', ...ranges);
  const key = `${family === 4 ? 'ip' : 'ip6'} ${end === 'src' ? 'saddr' : 'daddr'}`;
  const asked = ranges.map(formatRange).join(',');
  return tupleMatch({ text: `ct ${direction} ${key} as asked (${asked})`, direction, here, there }, host);
}

function portMatch(direction: Direction, end: End, range: Range, { host }: ChainContext): Match {
  const [here, there] = end === 'src' ? (['sport', 'dport'] as const) : (['dport', 'sport'] as const);
  const key = `ct ${direction} proto-${end}`;
  const asked = range.first === range.last ? String(range.first) : `${range.first}-${range.last}`;
  const question = {
    text: `${key} as asked (${asked})`,
    direction,
    here: field(here, range),
    there: field(there, range),
  };
  return portTupleMatch(question, `${key} of a protocol without ports is ${asked}`, host);
}

function statusMatch(text: string): Match {
  const bits = text.split(',').reduce((sum, word) => {
    const bit = lookup(STATUSES, word.toUpperCase());
    if (bit === undefined) throw new NotUnderstood(`\`${word}\` is no status of a connection that is known`);
    return sum | bit;
  }, 0);
  return bits === 0 ? nothing : anyBit(CT_STATUS, bits);
}

function directionMatch(text: string): Match {
  switch (text.toUpperCase()) {
    case 'ORIGINAL':
      return inDirection('original');
    case 'REPLY':
      return inDirection('reply');
    default:
      throw new NotUnderstood(`\`${text}\` is no direction`);
  }
}

/** The mark of a packet's connection; a packet without one has none that could match, negated or not. */
export const connmark: MatchLifter = (options, context) => {
  const asked = optionTexts(options.all());
  const condition = options.condition('--mark', (text) => markMatch(CT_MARK, text)) ?? everything;
  const ofConnection = all(connected(context), condition);
  if (isTracked(context)) return [ofConnection];
  const ofTemplate = context.host.unknowns.property(ofTemplateText('connmark', asked));
  return [any(ofConnection, all(withTemplate(context.host), ofTemplate))];
};

export const mark: MatchLifter = (options) => [options.condition('--mark', (text) => markMatch('mark', text))];

function markMatch(name: string, text: string): Match {
  const { value, mask } = maskedOf(text, 0xffff_ffff);
  // A value with bits outside of the mask is none that could be found.
  if ((value & ~mask) !== 0) return nothing;
  return mask === 0 ? everything : quantity(name, mask, value);
}
