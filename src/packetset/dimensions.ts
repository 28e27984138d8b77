import type { Limb } from './range-nodes.ts';

/**
 * The dimensions in the order in which diagrams ask for them, with the highest value of each. 128-bit values take four
 * dimensions of 32 bits, most significant first; an IPv4 address uses the first of its four. Early are those that split
 * rules into unrelated parts (hook, family, state, the interfaces: firewalls between zones have a chain for each pair; accounts);
 * addresses before ports, because rules differ most in them.
 */
export const NUMBERS = {
  hook: 2,
  family: 1, // 0 is IPv4, 1 is IPv6
  state: 4,
  in0: 0xffff_ffff,
  in1: 0xffff_ffff,
  in2: 0xffff_ffff,
  in3: 0xffff_ffff,
  out0: 0xffff_ffff,
  out1: 0xffff_ffff,
  out2: 0xffff_ffff,
  out3: 0xffff_ffff,
  srcAccount: 0xffff_ffff, // the highest is "no socket"
  dstAccount: 0xffff_ffff,
  src0: 0xffff_ffff,
  src1: 0xffff_ffff,
  src2: 0xffff_ffff,
  src3: 0xffff_ffff,
  dst0: 0xffff_ffff,
  dst1: 0xffff_ffff,
  dst2: 0xffff_ffff,
  dst3: 0xffff_ffff,
  protocol: 255,
  dport: 65535,
  sport: 65535,
  icmpType: 255,
  icmpCode: 255,
  tcpFlags: 255,
  srcType: 8,
  dstType: 8,
} as const;

export type NumberDimension = keyof typeof NUMBERS;
/** A value of 128 bits, by the name its dimensions begin with. */
export type WideDimension = 'src' | 'dst' | 'in' | 'out';
export const LIMBS: readonly Limb[] = [0, 1, 2, 3];
/** A dimension that is a number of its own and no limb of a wider one. */
export type NarrowDimension = Exclude<NumberDimension, `${WideDimension}${Limb}`>;

export const NAMES = Object.keys(NUMBERS) as readonly NumberDimension[];
export const INDEX: Readonly<Record<NumberDimension, number>> = Object.fromEntries(
  NAMES.map((name, index) => [name, index]),
) as Record<NumberDimension, number>;

export const FIRST_LIMB: Readonly<Record<WideDimension, number>> = {
  src: INDEX.src0,
  dst: INDEX.dst0,
  in: INDEX.in0,
  out: INDEX.out0,
};

/** What a dimension asks for, as those who take a set apart (`sample`, `boxes`) need to know it. */
export type DimensionName =
  | { readonly kind: 'number'; readonly name: NarrowDimension; readonly max: number }
  | { readonly kind: 'wide'; readonly name: WideDimension; readonly limb: Limb }
  | { readonly kind: 'bit'; readonly quantity: string; readonly bit: number } // bit 31 is the most significant
  | { readonly kind: 'symbol'; readonly key: string };
