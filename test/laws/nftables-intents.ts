import * as fc from 'fast-check';
import {
  BASELINE,
  type Grant,
  type Intent,
  type Peer,
  type Range,
  type Rate,
  type Service,
} from '../../src/ir/index.ts';
import type { AddressRange, Family } from '../../src/net/index.ts';

/** Intents over few values, so that flows meet and overlap in every field. */
const V4 = [0n, 0x0a000000n, 0x0a000005n, 0x0a0000ffn, 0xc6336400n, 0xffffffffn];
const V6 = [0n, 0x20010db8n << 96n, (0x20010db8n << 96n) + 0xffffn, (1n << 128n) - 1n];
const NUMBERS = { ports: [0, 22, 80, 443, 65535], accounts: [0, 33, 1000, 4294967294], icmp: [0, 3, 8, 128] } as const;

function between<T extends number | bigint>(values: readonly T[]): fc.Arbitrary<{ first: T; last: T }> {
  const value = fc.constantFrom(...values);
  return fc.tuple(value, value).map(([a, b]) => (a <= b ? { first: a, last: b } : { first: b, last: a }));
}

const addressRange: fc.Arbitrary<AddressRange> = fc.oneof(
  between(V4).map((range) => ({ family: 4 as const, ...range })),
  between(V6).map((range) => ({ family: 6 as const, ...range })),
  between(V4).map((range) => ({ family: 4 as const, first: range.first, last: range.first })),
);
const accounts: fc.Arbitrary<readonly Range[]> = fc.array(between(NUMBERS.accounts), { minLength: 1, maxLength: 2 });
const interfaceNames = fc.array(
  fc
    .record({ name: fc.constantFrom('eth0', 'eth', 'br-', 'lo', ''), wildcard: fc.boolean() })
    .filter((pattern) => pattern.wildcard || pattern.name !== ''),
  { minLength: 1, maxLength: 2 },
);
const local: fc.Arbitrary<Peer> = fc.record(
  { kind: fc.constant('local' as const), accounts, cgroup: fc.constantFrom('system.slice/a.service', 'b@1') },
  { requiredKeys: ['kind'] },
);
const remote: fc.Arbitrary<Peer> = fc.record(
  {
    kind: fc.constant('remote' as const),
    ranges: fc.array(addressRange, { maxLength: 3 }),
    interfaces: interfaceNames,
  },
  { requiredKeys: ['kind', 'ranges'] },
);
/** Zones of containers: whoever is in one is in it wherever it is named. */
const live: fc.Arbitrary<readonly Peer[]> = fc.constantFrom<readonly Peer[]>(
  [
    {
      kind: 'remote',
      ranges: [{ family: 4, first: 0x0a000005n, last: 0x0a000005n }],
      interfaces: [{ name: 'br-', wildcard: false }],
      live: 'web',
    },
    {
      kind: 'remote',
      ranges: [{ family: 6, first: 0x20010db8n << 96n, last: 0x20010db8n << 96n }],
      interfaces: [{ name: 'eth0', wildcard: false }],
      live: 'web',
    },
  ],
  [{ kind: 'remote', ranges: [], live: 'idle' }],
);
/** Several of these as one list. */
function peers(...each: readonly fc.WeightedArbitrary<Peer | readonly Peer[]>[]): fc.Arbitrary<readonly Peer[]> {
  return fc.array(fc.oneof(...each), { minLength: 1, maxLength: 2 }).map((lists) => lists.flat());
}
const named: fc.Arbitrary<Peer> = fc.constantFrom<Peer>(
  { kind: 'named', group: 'backend' },
  { kind: 'named', group: 'catalog:discord' },
);
const family = fc.constantFrom<Family>(4, 6);
const service: fc.Arbitrary<Service> = fc.oneof(
  fc.record(
    { protocol: fc.constantFrom(6, 17, 132), family, ports: between(NUMBERS.ports) },
    { requiredKeys: ['protocol'] },
  ),
  fc.record({ protocol: fc.constantFrom(0, 47, 1, 58), family }, { requiredKeys: ['protocol'] }),
  fc.record(
    {
      protocol: fc.constantFrom(1, 58),
      family,
      icmp: fc.record(
        { type: fc.constantFrom(...NUMBERS.icmp), code: fc.constantFrom(0, 4) },
        { requiredKeys: ['type'] },
      ),
    },
    { requiredKeys: ['protocol', 'icmp'] },
  ),
);
const rate: fc.Arbitrary<Rate> = fc.record({
  count: fc.constantFrom(1, 6, 1000),
  per: fc.constantFrom('second', 'minute', 'hour', 'day'),
  perSource: fc.boolean(),
});
const grant: fc.Arbitrary<Omit<Grant, 'name'>> = fc.record(
  {
    from: peers(
      { weight: 4, arbitrary: local },
      { weight: 4, arbitrary: remote },
      { weight: 1, arbitrary: live },
      { weight: 1, arbitrary: named },
    ),
    to: peers(
      { weight: 4, arbitrary: local },
      { weight: 4, arbitrary: remote },
      { weight: 2, arbitrary: live },
      { weight: 2, arbitrary: named },
    ),
    services: fc.array(service, { minLength: 1, maxLength: 3 }),
    rate,
    required: fc.constant(false),
    origin: fc.constant({}),
  },
  { requiredKeys: ['from', 'to', 'services', 'required', 'origin'] },
);
export const intentArbitrary: fc.Arbitrary<Intent> = fc
  .tuple(fc.array(grant, { maxLength: 5 }), fc.subarray([...BASELINE]))
  .map(([grants, baseline]) => ({
    name: 'law',
    baseline,
    grants: grants.map((each, index) => ({ ...each, name: `f${index}` })),
    groups: [],
    tests: [],
    zones: new Map(),
    unknownAccounts: new Map(),
  }));
