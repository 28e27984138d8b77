import { IntervalSet } from '../../../packetset/index.ts';
import type { ConnectionProtocol, PortMatch } from '../../policy.ts';
import type { Part } from '../part.ts';
import { CALICO_PROBLEMS } from './problems.ts';

/** What a rule asks of protocol and ports, with what cannot be said in `PortMatch` as conditions. */
export interface Traffic {
  readonly ports: readonly PortMatch[] | 'any';
  readonly conditions: readonly string[];
}

const NAMED: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, sctp: 132, udplite: 136 };
const BY_NUMBER: ReadonlyMap<number, ConnectionProtocol> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
  [1, 'ICMP'],
  [58, 'ICMPv6'],
]);
const WITH_PORTS: readonly number[] = [6, 17, 132];
const ALL_PORTS = IntervalSet.of([{ first: 1n, last: 65_535n }]);
const ALL_TYPES = IntervalSet.of([{ first: 0n, last: 255n }]);

/** `rule` with its `protocol`, `icmp` and so on; `destination` is its destination, whose ports are those of the connection. */
export function readTraffic(rule: Part, source: Part, destination: Part): Traffic {
  const protocol = readProtocol(rule.at('protocol'));
  const excluded = readProtocol(rule.at('notProtocol'));
  checkPorts(protocol, source, destination);
  const conditions = sourcePorts(source);
  if (protocol === undefined) return { ports: allBut(excluded), conditions };
  if (protocol === excluded) return { ports: [], conditions };
  const name = BY_NUMBER.get(protocol);
  if (name === undefined) return { ports: [{ kind: 'protocol', number: protocol }], conditions };
  if (name === 'ICMP' || name === 'ICMPv6') return icmp(rule, name, conditions);
  return ports(destination, name, conditions);
}

/** Its number. */
function readProtocol(part: Part): number | undefined {
  const written = part.integerOrText();
  if (written === undefined) return undefined;
  const number = typeof written === 'number' ? written : (NAMED[written.toLowerCase()] ?? wholeNumber(written));
  if (number !== undefined && number >= 1 && number <= 255) return number;
  const expected = 'TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or a number from 1 to 255';
  return part.report.say(CALICO_PROBLEMS.badValue, part.span, part.path, String(written), expected);
}

function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}

function checkPorts(protocol: number | undefined, source: Part, destination: Part): void {
  if (protocol !== undefined && WITH_PORTS.includes(protocol)) return;
  for (const end of [source, destination]) {
    for (const key of ['ports', 'notPorts']) {
      const part = end.at(key);
      if (part.items().length === 0) continue;
      part.report.say(CALICO_PROBLEMS.refused, part.span, part.path, 'ports need `protocol: TCP`, `UDP` or `SCTP`');
    }
  }
}

function allBut(excluded: number | undefined): readonly PortMatch[] | 'any' {
  if (excluded === undefined) return 'any';
  const matches: PortMatch[] = [];
  for (let number = 0; number <= 255; number++) {
    if (number === excluded) continue;
    const name = BY_NUMBER.get(number);
    if (name === undefined) matches.push({ kind: 'protocol', number });
    else matches.push(...intervals(name, name === 'ICMP' || name === 'ICMPv6' ? ALL_TYPES : ALL_PORTS));
  }
  return matches;
}

function intervals(protocol: ConnectionProtocol, set: IntervalSet): PortMatch[] {
  return set.intervals.map(({ first, last }) => ({
    kind: 'ports',
    protocol,
    first: Number(first),
    last: Number(last),
  }));
}

interface WrittenPorts {
  readonly numbers: IntervalSet;
  readonly names: readonly string[];
}

function ports(destination: Part, protocol: ConnectionProtocol, before: readonly string[]): Traffic {
  const wanted = readPorts(destination.at('ports'));
  const unwanted = readPorts(destination.at('notPorts'));
  const numbers = (wanted?.numbers ?? ALL_PORTS).subtract(unwanted?.numbers ?? IntervalSet.empty);
  const names = (wanted?.names ?? []).filter((name) => unwanted?.names.includes(name) !== true);
  const conditions = [...before];
  for (const name of unwanted?.names ?? []) conditions.push(`ports other than the one named \`${name}\` only`);
  if (names.length > 0 && unwanted !== undefined && !unwanted.numbers.isEmpty()) {
    conditions.push('named ports only where their numbers are none of `notPorts`');
  }
  return {
    ports: [...intervals(protocol, numbers), ...names.map((name): PortMatch => ({ kind: 'named', protocol, name }))],
    conditions,
  };
}

/** Numbers, ranges as `8000:8100`, and names. `undefined`: none are written, which restricts nothing. */
function readPorts(part: Part): WrittenPorts | undefined {
  const items = part.items();
  if (items.length === 0) return undefined;
  const ranges: { first: bigint; last: bigint }[] = [];
  const names: string[] = [];
  for (const item of items) {
    const written = item.integerOrText();
    if (written === undefined) continue;
    const range = /^([0-9]+)(?::([0-9]+))?$/.exec(String(written));
    if (range !== null) {
      const first = Number(range[1]);
      const last = range[2] === undefined ? first : Number(range[2]);
      if (first >= 1 && first <= last && last <= 65_535) {
        ranges.push({ first: BigInt(first), last: BigInt(last) });
        continue;
      }
    } else if (/^[a-zA-Z0-9_.-]{1,128}$/.test(String(written))) {
      names.push(String(written));
      continue;
    }
    const expected = 'a port from 1 to 65535, a range such as `8000:8100`, or the name of a port';
    item.report.say(CALICO_PROBLEMS.badValue, item.span, item.path, String(written), expected);
  }
  return { numbers: IntervalSet.of(ranges), names };
}

function sourcePorts(source: Part): string[] {
  const wanted = readPorts(source.at('ports'));
  const unwanted = readPorts(source.at('notPorts'));
  return [
    ...(wanted === undefined ? [] : [`from source ports ${written(wanted)} only`]),
    ...(unwanted === undefined ? [] : [`from source ports other than ${written(unwanted)} only`]),
  ];
}

function written({ numbers, names }: WrittenPorts): string {
  const ranges = numbers.intervals.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`));
  return [...ranges, ...names].join(', ');
}

function icmp(rule: Part, protocol: 'ICMP' | 'ICMPv6', before: readonly string[]): Traffic {
  const wanted = readIcmp(rule.at('icmp'));
  const unwanted = readIcmp(rule.at('notICMP'));
  const conditions = [...before];
  let types = wanted?.type === undefined ? ALL_TYPES : single(wanted.type);
  if (wanted?.code !== undefined) conditions.push(`code ${wanted.code} only`);
  if (unwanted?.type !== undefined) {
    if (unwanted.code === undefined) types = types.subtract(single(unwanted.type));
    else conditions.push(`not type ${unwanted.type} with code ${unwanted.code}`);
  }
  return { ports: intervals(protocol, types), conditions };
}

function single(value: number): IntervalSet {
  return IntervalSet.of([{ first: BigInt(value), last: BigInt(value) }]);
}

function readIcmp(part: Part): { readonly type: number | undefined; readonly code: number | undefined } | undefined {
  if (!part.exists) return undefined;
  part.only(['type', 'code']);
  const type = small(part.at('type'), 254);
  const code = small(part.at('code'), 255);
  if (code !== undefined && !part.at('type').exists) {
    part.report.say(CALICO_PROBLEMS.refused, part.span, part.path, 'a `code` needs a `type`');
  }
  return { type, code };
}

function small(part: Part, last: number): number | undefined {
  const value = part.integer();
  if (value === undefined || (value >= 0 && value <= last)) return value;
  return part.report.say(CALICO_PROBLEMS.badValue, part.span, part.path, String(value), `a number from 0 to ${last}`);
}
