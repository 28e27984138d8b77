import type { Address } from './address.ts';

/** An IPv4 address that an IPv6 address stands for, and whether the kernel goes there past all rules for IPv6. */
export type Disguised =
  | { readonly kind: 'plain' }
  | { readonly kind: 'never' }
  | { readonly kind: 'carries'; readonly inner: Address };

/**
 * IPv6 addresses that carry one of IPv4. Mapped and compatible ones (RFC 4291 2.5.5) are in nobody's zone and only serve to get past filters. What a
 * translator or relay (NAT64, RFC 6052 and RFC 8215; 6to4, RFC 3056) makes of the others is for the address in them to say (D12).
 */
export function disguised({ family, value }: Address): Disguised {
  if (family === 4) return { kind: 'plain' };
  const low = value & 0xffff_ffffn;
  if (value >> 32n === 0xffffn || (value >> 32n === 0n && value > 1n)) return { kind: 'never' };
  if (value >> 32n === NAT64 || value >> 80n === NAT64_LOCAL)
    return { kind: 'carries', inner: { family: 4, value: low } };
  if (value >> 112n === 0x2002n) return { kind: 'carries', inner: { family: 4, value: (value >> 80n) & 0xffff_ffffn } };
  return { kind: 'plain' };
}

const NAT64 = 0x0064_ff9b_0000_0000_0000_0000n; // 64:ff9b::/96
const NAT64_LOCAL = 0x0064_ff9b_0001n; // 64:ff9b:1::/48; where in it the address stands is the operator's: at its end, as is usual
