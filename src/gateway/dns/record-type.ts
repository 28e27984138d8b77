/** Types of records by IANA's numbers (DNS Parameters, Resource Record TYPEs). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
} as const;

export const CLASS_IN = 1;

/** Types that the policy may let clients ask for; whatever is not here carries more than addresses need (D3). */
export const ALLOWABLE_DNS_TYPES = ['A', 'AAAA', 'HTTPS', 'SVCB', 'PTR', 'SRV', 'MX', 'TXT', 'CAA'] as const;
export type AllowableDnsType = (typeof ALLOWABLE_DNS_TYPES)[number];

/**
 * What a client needs to connect to a name. SRV and MX lead to other names and ports, which the policy names itself where they are
 * meant; TXT carries a kilobyte of anybody's choice at a time. Who needs them allows them.
 */
export const DEFAULT_DNS_TYPES: readonly AllowableDnsType[] = ['A', 'AAAA', 'HTTPS', 'SVCB'];

const NAMES = new Map<number, string>([
  ...Object.entries(TYPE).map(([name, number]) => [number, name] as const),
  [10, 'NULL'],
  [251, 'IXFR'],
  [252, 'AXFR'],
  [255, 'ANY'],
]);

/** As it stands in records; RFC 3597 5 for those without a name. */
export function typeName(type: number): string {
  return NAMES.get(type) ?? `TYPE${type}`;
}
