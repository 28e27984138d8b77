import type { Service } from '../ir/index.ts';
import type { Address, AddressRange, Family } from '../net/index.ts';
import { PROTOCOLS } from '../net/index.ts';
import { UNPLAYABLE } from './probe-stage.ts';

/** A value to try in one place of a packet, and what it is, in words: `the last address of 10.0.0.0/8`. */
export interface Corner<Value> {
  readonly value: Value;
  readonly words: string;
  readonly inside: boolean; // of what the policy names there; the first corner always is, where there is any
}

/** The ends of the ranges, moved inwards to addresses that packets can carry, then their neighbours outside. */
export function addressCorners(ranges: readonly AddressRange[], family: Family, side: string): Corner<Address>[] {
  const own = ranges.filter((range) => range.family === family);
  const inside = own.flatMap((range) => {
    const first = inwards(range, range.first, 1n);
    const last = inwards(range, range.last, -1n);
    return [
      ...(first === undefined ? [] : [corner(family, first, `the first ${side} address`, true)]),
      ...(last === undefined || last === first ? [] : [corner(family, last, `the last ${side} address`, true)]),
    ];
  });
  const outside = own.flatMap((range) => [
    corner(family, range.first - 1n, `just before the first ${side} address`, false),
    corner(family, range.last + 1n, `just past the last ${side} address`, false),
  ]);
  const highest = family === 4 ? 2n ** 32n : 2n ** 128n;
  return [
    ...inside,
    ...outside.filter(
      ({ value: { value } }) =>
        value >= 0n &&
        value < highest &&
        blockOf(family, value) === undefined &&
        !own.some((range) => range.first <= value && value <= range.last),
    ),
  ];
}

function corner(family: Family, value: bigint, words: string, inside: boolean): Corner<Address> {
  return { value: { family, value }, words, inside };
}

/** The nearest playable address of the range, going up (1) or down (-1); `undefined` where it has none. */
function inwards(range: AddressRange, from: bigint, step: 1n | -1n): bigint | undefined {
  let value = from;
  while (range.first <= value && value <= range.last) {
    const block = blockOf(range.family, value);
    if (block === undefined) return value;
    value = step === 1n ? block.last + 1n : block.first - 1n;
  }
  return undefined;
}

function blockOf(family: Family, value: bigint): AddressRange | undefined {
  return UNPLAYABLE.find((block) => block.family === family && block.first <= value && value <= block.last);
}

/** What a packet of a service carries; `undefined` where a service of this family has none. */
export interface Payload {
  readonly protocol: number;
  readonly dport?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
}

/** A port for services that mean every port; no rule is likely to be about it. */
const ANY_PORT = 40_443;
const WITH_PORTS: ReadonlySet<number> = new Set([
  PROTOCOLS.tcp,
  PROTOCOLS.udp,
  PROTOCOLS.sctp,
  PROTOCOLS.dccp,
  PROTOCOLS.udplite,
]);
const ECHO_REQUEST: Readonly<Record<Family, { protocol: number; icmpType: number; icmpCode: number }>> = {
  4: { protocol: PROTOCOLS.icmp, icmpType: 8, icmpCode: 0 },
  6: { protocol: PROTOCOLS.icmpv6, icmpType: 128, icmpCode: 0 },
};

export function serviceCorners(service: Service, family: Family): Corner<Payload>[] {
  if (service.family !== undefined && service.family !== family) return [];
  const { protocol } = service;
  if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6) {
    if ((protocol === PROTOCOLS.icmp) !== (family === 4)) return [];
    const { type, code } = service.icmp ?? { type: ECHO_REQUEST[family].icmpType, code: 0 };
    return [
      { value: { protocol, icmpType: type, icmpCode: code ?? 0 }, words: 'the ICMP message', inside: true },
      { value: { protocol: PROTOCOLS.udp, dport: ANY_PORT }, words: 'UDP instead of ICMP', inside: false },
    ];
  }
  if (!WITH_PORTS.has(protocol)) return [{ value: { protocol }, words: 'the protocol', inside: true }];
  const { first, last } = service.ports ?? { first: ANY_PORT, last: ANY_PORT };
  const at = (dport: number, words: string, inside: boolean): Corner<Payload> => ({
    value: { protocol, dport },
    words,
    inside,
  });
  const other = protocol === PROTOCOLS.tcp ? PROTOCOLS.udp : PROTOCOLS.tcp;
  return [
    at(Math.max(first, 1), 'the first port', true), // port 0 cannot be asked for
    ...(last > Math.max(first, 1) ? [at(last, 'the last port', true)] : []),
    ...(service.ports === undefined || first <= 1 ? [] : [at(first - 1, 'the port before the first', false)]),
    ...(service.ports === undefined || last === 65_535 ? [] : [at(last + 1, 'the port past the last', false)]),
    { value: { protocol: other, dport: Math.max(first, 1) }, words: 'the other protocol', inside: false },
    { value: ECHO_REQUEST[family], words: 'an echo request instead', inside: false },
  ];
}

/** Why the lab cannot send such a packet; `undefined` where it can. */
export function unsendable(payload: Payload): string | undefined {
  const { protocol, icmpType } = payload;
  if (protocol === PROTOCOLS.tcp || protocol === PROTOCOLS.udp) return undefined;
  const echo = ECHO_REQUEST[protocol === PROTOCOLS.icmp ? 4 : 6];
  if (protocol === echo.protocol) {
    return icmpType === echo.icmpType
      ? undefined
      : `the lab sends no ICMP message but echo requests, not type ${icmpType}`;
  }
  return `the lab sends TCP, UDP and ICMP, not protocol ${protocol}`;
}
