import { formatPortRange, ICMP_TYPES, ICMPV6_TYPES, PORT_PROTOCOLS, PROTOCOLS, protocolName } from '../net/index.ts';
import type { Box, Interval, NumberRange } from '../packetset/index.ts';

/**
 * A service as one number, so that sets of packets can be taken apart by it: the protocol in the upper bits; in the lower 16 the port, or of
 * ICMP the type and the code. Types of ICMPv6 that ICMP has too (echo request) have ICMP's number: a policy names both as one.
 */
const PORTS = 65_536;
const CODES = 256; // of one ICMP type

const SHARED: ReadonlyMap<number, number> = new Map(
  Object.entries(ICMPV6_TYPES).flatMap(([name, type]) => {
    const other = Object.hasOwn(ICMP_TYPES, name) ? ICMP_TYPES[name] : undefined;
    return other === undefined ? [] : [[type, other] as const];
  }),
);
const SHARED_ICMP: ReadonlySet<number> = new Set(SHARED.values());

const ALL_TYPES: readonly NumberRange[] = [{ first: 0, last: 255 }];
const ALL_PORTS: readonly NumberRange[] = [{ first: 0, last: 65_535 }];

/** The services of a box of packets, of one family; ICMP of the other family is left out. */
export function serviceCodes(box: Box, family: 4 | 6): Interval[] {
  const codes: Interval[] = [];
  const add = (first: number, last: number): void => {
    codes.push({ first: BigInt(first), last: BigInt(last) });
  };
  for (const { first, last } of box.numbers.get('protocol') ?? ALL_TYPES) {
    for (let protocol = first; protocol <= last; protocol++) {
      const base = protocol * PORTS;
      if (isForeignIcmp(protocol, family)) continue;
      if (PORT_PROTOCOLS.includes(protocol))
        for (const ports of box.numbers.get('dport') ?? ALL_PORTS) add(base + ports.first, base + ports.last);
      else if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6) {
        for (const types of box.numbers.get('icmpType') ?? ALL_TYPES) {
          for (let type = types.first; type <= types.last; type++) {
            const shared = protocol === PROTOCOLS.icmpv6 ? SHARED.get(type) : undefined;
            const start = shared === undefined ? base + type * CODES : PROTOCOLS.icmp * PORTS + shared * CODES;
            for (const range of box.numbers.get('icmpCode') ?? ALL_TYPES) add(start + range.first, start + range.last);
          }
        }
      } else add(base, base + PORTS - 1);
    }
  }
  return codes;
}

function isForeignIcmp(protocol: number, family: 4 | 6): boolean {
  return protocol === (family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp);
}

/** Numbers that mean nothing in a family: nobody cares what is said about them. */
export function meaninglessCodes(family: 4 | 6): Interval[] {
  const codes: Interval[] = [];
  if (family === 4) {
    const base = PROTOCOLS.icmpv6 * PORTS;
    codes.push({ first: BigInt(base), last: BigInt(base + PORTS - 1) });
    return codes;
  }
  for (let type = 0; type < 256; type++) {
    if (SHARED_ICMP.has(type)) continue;
    const start = PROTOCOLS.icmp * PORTS + type * CODES;
    codes.push({ first: BigInt(start), last: BigInt(start + CODES - 1) });
  }
  for (const type of SHARED.keys()) {
    const start = PROTOCOLS.icmpv6 * PORTS + type * CODES;
    codes.push({ first: BigInt(start), last: BigInt(start + CODES - 1) });
  }
  return codes;
}

export const HIGHEST_CODE = 256 * PORTS - 1; // inclusive

/** The families that services speak of: ICMP of one family only is of no use to the other. */
export function familiesOf(codes: readonly NumberRange[]): readonly (4 | 6)[] {
  const all = codes.flatMap(({ first, last }) => [first, last]);
  const within = (protocol: number): boolean => all.every((code) => Math.floor(code / PORTS) === protocol);
  if (within(PROTOCOLS.icmpv6)) return [6];
  if (within(PROTOCOLS.icmp)) {
    const types = codes.flatMap(({ first, last }) => typesBetween(first, last));
    if (types.every(({ type }) => !SHARED_ICMP.has(type))) return [4];
  }
  return [4, 6];
}

function typesBetween(first: number, last: number) {
  const types: { readonly type: number; readonly codes: NumberRange }[] = [];
  const [low, high] = [first % PORTS, last % PORTS];
  for (let type = Math.floor(low / CODES); type <= Math.floor(high / CODES); type++) {
    types.push({
      type,
      codes: { first: Math.max(low - type * CODES, 0), last: Math.min(high - type * CODES, CODES - 1) },
    });
  }
  return types;
}

/** As the policy language writes them. @param families that the other end has addresses of */
export function serviceTexts(codes: readonly NumberRange[], families: readonly (4 | 6)[]): string[] {
  const byProtocol = new Map<number, NumberRange[]>();
  for (const { first, last } of codes) {
    for (let protocol = Math.floor(first / PORTS); protocol <= Math.floor(last / PORTS); protocol++) {
      const base = protocol * PORTS;
      const part = { first: Math.max(first, base) - base, last: Math.min(last, base + PORTS - 1) - base };
      byProtocol.set(protocol, [...(byProtocol.get(protocol) ?? []), part]);
    }
  }
  const isWhole = (protocol: number): boolean => {
    const parts = byProtocol.get(protocol);
    return parts?.length === 1 && parts[0]!.first === 0 && parts[0]!.last === PORTS - 1;
  };
  const icmp = icmpTexts(byProtocol, families);
  const others = Array.from({ length: 256 }, (_, protocol) => protocol).filter(
    (protocol) => protocol !== PROTOCOLS.icmp && protocol !== PROTOCOLS.icmpv6,
  );
  if (others.every(isWhole) && icmp.some((text) => ECHO.includes(text)))
    return ['any', ...icmp.filter((text) => !text.includes('/echo-request'))];
  return [
    ...others.flatMap((protocol) => protocolTexts(protocol, byProtocol.get(protocol) ?? [], isWhole(protocol))),
    ...icmp,
  ];
}

const ECHO: readonly string[] = [
  'icmp',
  'icmp/echo-request',
  'icmpv4',
  'icmpv6',
  'icmpv4/echo-request',
  'icmpv6/echo-request',
];

function protocolTexts(protocol: number, parts: readonly NumberRange[], whole: boolean): string[] {
  if (parts.length === 0) return [];
  const name = protocolName(protocol);
  if (!PORT_PROTOCOLS.includes(protocol)) return [/^[0-9]/.test(name) ? `protocol/${name}` : name];
  return whole ? [`${name}/any`] : parts.map((ports) => `${name}/${formatPortRange(ports)}`);
}

function icmpTexts(byProtocol: ReadonlyMap<number, readonly NumberRange[]>, families: readonly (4 | 6)[]): string[] {
  const [v4, v6] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6].map((protocol) =>
    (byProtocol.get(protocol) ?? []).flatMap(({ first, last }) => typesBetween(first, last)),
  );
  const whole = (types: readonly { codes: NumberRange }[]): boolean =>
    types.length === 256 && types.every(({ codes }) => codes.first === 0 && codes.last === CODES - 1);
  const [has4, has6] = [families.includes(4), families.includes(6)];
  if (whole(v4!) && (!has6 || whole(v6!))) return [has4 && has6 ? 'icmp' : has4 ? 'icmpv4' : 'icmpv6'];
  const texts: string[] = [];
  for (const { type, codes } of v4!) {
    const isShared = SHARED_ICMP.has(type);
    const name = nameOf(ICMP_TYPES, type);
    const detail = codeTexts(codes);
    if (isShared && has4 && has6 && detail === undefined) texts.push(`icmp/${name}`);
    else {
      if (has4) texts.push(...(detail ?? ['']).map((code) => `icmpv4/${detail === undefined ? name : type}${code}`));
      if (isShared && has6) {
        const other = [...SHARED].find(([, icmp]) => icmp === type)![0];
        texts.push(
          ...(detail ?? ['']).map(
            (code) => `icmpv6/${detail === undefined ? nameOf(ICMPV6_TYPES, other) : other}${code}`,
          ),
        );
      }
    }
  }
  for (const { type, codes } of has6 ? v6! : []) {
    if (SHARED.has(type)) continue;
    const detail = codeTexts(codes);
    texts.push(
      ...(detail ?? ['']).map((code) => `icmpv6/${detail === undefined ? nameOf(ICMPV6_TYPES, type) : type}${code}`),
    );
  }
  return texts;
}

function nameOf(names: Readonly<Record<string, number>>, type: number): string {
  return Object.entries(names).find(([, number]) => number === type)?.[0] ?? String(type);
}

/** `undefined` for all codes. */
function codeTexts({ first, last }: NumberRange): string[] | undefined {
  if (first === 0 && last === CODES - 1) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => `/${first + index}`);
}
