import type { Effect } from '../../ir/index.ts';
import { CT_MARK } from '../netfilter/connection.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { DSCP_WORDS, trafficClass } from '../netfilter/words.ts';
import type { ChainContext } from './context.ts';
import { dscpClass, dscpOf, ecnOf, TOS_NAMES } from './lift-header.ts';
import { lookup } from './lookup.ts';
import type { Options } from './options.ts';
import { type Masked, maskedOf, numberOf } from './values.ts';

const ALL = 0xffff_ffff;

/** What `MARK` and `CONNMARK` set: `(mark & ~mask) ^ value`. */
export function markChange(options: Options): Masked | undefined {
  const exclusive = options.value('--set-xmark');
  if (exclusive !== undefined) return maskedOf(exclusive, ALL);
  const set = options.value('--set-mark');
  if (set !== undefined) {
    const { value, mask } = maskedOf(set, ALL);
    return { value, mask: (value | mask) >>> 0 };
  }
  const and = options.value('--and-mark');
  if (and !== undefined) return { value: 0, mask: ~numberOf(and, ALL) >>> 0 };
  const or = options.value('--or-mark');
  if (or !== undefined) return { value: numberOf(or, ALL), mask: numberOf(or, ALL) };
  const xor = options.value('--xor-mark');
  return xor === undefined ? undefined : { value: numberOf(xor, ALL), mask: 0 };
}

export function assign(quantity: string, { value, mask }: Masked, most = ALL): Effect {
  return { kind: 'assign', quantity, from: quantity, keep: (~mask & most) >>> 0, flip: value };
}

/** `CLASSIFY`: iptables has no match for it, nft has (`meta priority`). */
export function classChange(options: Options): Effect {
  const text = options.value('--set-class') ?? '';
  const value = trafficClass(text);
  if (value === undefined) throw new NotUnderstood(`\`${text}\` is no class of traffic control`);
  return assign('meta priority', { value, mask: ALL });
}

/** Which way `CONNMARK` copies, and the effect. */
export interface MarkCopy {
  readonly to: 'connection' | 'packet';
  readonly effect: Extract<Effect, { kind: 'assign' }>;
}

/** `--save-mark` and `--restore-mark`: the bits of one mask give way to those of the other (connmark_tg_shift, xt_connmark.c). */
export function markCopy(options: Options): MarkCopy | undefined {
  const save = options.has('--save-mark');
  const restore = options.has('--restore-mark');
  if (!save && !restore) return undefined;
  const both = options.value('--mask');
  const of = (name: string): number => numberOf(options.value(name) ?? both ?? '0xffffffff', ALL);
  const [packet, connection] = [of('--nfmask'), of('--ctmask')];
  const [from, taken, to, given] = save
    ? (['mark', packet, CT_MARK, connection] as const)
    : ([CT_MARK, connection, 'mark', packet] as const);
  if ((taken & ~given) !== 0) throw new NotUnderstood('it adds bits of one mark to another');
  return {
    to: save ? 'connection' : 'packet',
    effect: { kind: 'assign', quantity: to, from, keep: taken, flip: 0, ...(given === ALL ? {} : { bits: given }) },
  };
}

/** `TOS`, `DSCP`, `TTL`, `HL`, `ECN`: fields of the header that later rules may ask for. */
export function headerChanges(name: string, options: Options, context: ChainContext): readonly Effect[] {
  switch (name) {
    case 'TOS':
      return tosChanges(options, context);
    case 'DSCP': {
      const value = options.value('--set-dscp');
      const word = options.value('--set-dscp-class');
      const dscp =
        value === undefined ? dscpClass(word ?? '') : numberOf(value, Math.max(...Object.values(DSCP_WORDS), 63));
      return [{ kind: 'assign', quantity: dscpOf(context), from: '', keep: 0, flip: dscp }];
    }
    case 'TTL':
      return [hopsChange('ip ttl', 'ttl', options)];
    case 'HL':
      return [hopsChange('ip6 hoplimit', 'hl', options)];
    default:
      throw new NotUnderstood(`what \`${name}\` changes is not known`);
  }
}

function tosChanges(options: Options, context: ChainContext): readonly Effect[] {
  const { value, mask } = tosChange(options);
  return [
    assign(dscpOf(context), { value: value >> 2, mask: mask >> 2 }, 0x3f),
    assign(ecnOf(context), { value: value & 3, mask: mask & 3 }, 3),
  ];
}

/** `(tos & ~mask) ^ value` (xt_DSCP.c, tos_tg). */
function tosChange(options: Options): Masked {
  const set = options.value('--set-tos');
  if (set !== undefined) {
    const named = lookup(TOS_NAMES, set.toLowerCase());
    return named === undefined ? maskedOf(set, 0xff) : { value: named, mask: 0x3f };
  }
  const and = options.value('--and-tos');
  if (and !== undefined) return { value: 0, mask: ~numberOf(and, 0xff) & 0xff };
  const or = options.value('--or-tos');
  if (or !== undefined) return { value: numberOf(or, 0xff), mask: numberOf(or, 0xff) };
  return { value: numberOf(options.value('--xor-tos') ?? '', 0xff), mask: 0 };
}

/** What is reckoned from the old value is a number of its own, which nobody knows. */
function hopsChange(quantity: string, prefix: string, options: Options): Effect {
  const set = options.value(`--${prefix}-set`);
  if (set !== undefined) return { kind: 'assign', quantity, from: '', keep: 0, flip: numberOf(set, 255) };
  const less = options.value(`--${prefix}-dec`);
  const more = options.value(`--${prefix}-inc`);
  const text =
    less === undefined ? `${quantity} + ${numberOf(more ?? '', 255)}` : `${quantity} - ${numberOf(less, 255)}`;
  return { kind: 'assign', quantity, from: text, keep: 0xff, flip: 0 };
}
