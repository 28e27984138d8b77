import { formatPortRange, ICMP_TYPES, ICMPV6_TYPES, PORT_PROTOCOLS, PROTOCOLS, protocolName } from '../net/index.ts';
import { boxes, type HeaderSpace, type NumberRange, type PacketSet } from '../packetset/index.ts';

/** What services a set speaks of: every one whose packets are all in it, and those of which only some are. */
export interface Services {
  readonly whole: PacketSet; // over protocol, port and type alone
  readonly partial: PacketSet;
}

/** @param within the packets that count */
export function servicesIn(set: PacketSet, within: PacketSet): Services {
  const kept = (of: PacketSet): PacketSet => set.space.project(of, ['protocol', 'dport', 'icmpType']);
  const some = kept(set);
  const missing = kept(within.subtract(set));
  return { whole: some.subtract(missing), partial: some.intersect(missing) };
}

const MOST_PARTS = 16;

/** A set over protocol, port and type taken apart by its ranges; `undefined` where that makes too many parts. */
export function serviceParts(services: PacketSet): PacketSet[] | undefined {
  const { space } = services;
  const parts: PacketSet[] = [];
  for (const { numbers } of boxes(services)) {
    const ofBox = (['protocol', 'icmpType'] as const).reduce(
      (set, name) => (numbers.has(name) ? set.intersect(space.numbers(name, numbers.get(name) ?? [])) : set),
      services,
    );
    const ports = numbers.get('dport');
    const cut = ports === undefined ? [ofBox] : ports.map((each) => ofBox.intersect(space.numbers('dport', [each])));
    parts.push(...cut);
    if (parts.length > MOST_PARTS) return undefined;
  }
  return parts;
}

const TOLD = 6; // ranges of one protocol before the rest is counted

/** The services of a set over protocol, port and type, in words: `TCP 22, 80-443`, `any UDP port`, `ping`. */
export function serviceWords(services: PacketSet): string[] {
  const { space } = services;
  const named = [PROTOCOLS.tcp, PROTOCOLS.udp].flatMap((protocol) => portWords(space, services, protocol));
  const icmp = [PROTOCOLS.icmp, PROTOCOLS.icmpv6].flatMap((protocol) => typeWords(space, services, protocol));
  const isBothPings = icmp.length === 2 && icmp.every((words) => PINGS.includes(words));
  return [...named, ...(isBothPings ? ['ping'] : icmp), ...otherWords(space, services)];
}

function ofProtocol(space: HeaderSpace, services: PacketSet, protocol: number): PacketSet {
  const only = space.numbers('protocol', [{ first: protocol, last: protocol }]);
  return space.project(services.intersect(only), ['dport', 'icmpType']);
}

function portWords(space: HeaderSpace, services: PacketSet, protocol: number): string[] {
  const name = protocolName(protocol).toUpperCase();
  const ports = ofProtocol(space, services, protocol);
  if (ports.isEmpty()) return [];
  if (ports.isEverything()) return [`any ${name} port`];
  const [inside, outside] = [ranges(ports, 'dport'), ranges(ports.complement(), 'dport')];
  if (outside.length < inside.length || isWide(inside)) return [`any ${name} port but ${listed(outside)}`];
  return [`${name} ${listed(inside)}`];
}

/** More than half of all ports are sooner told by those that are missing. */
function isWide(of: readonly NumberRange[]): boolean {
  return of.reduce((sum, { first, last }) => sum + last - first + 1, 0) > 32768;
}

const PINGS = ['IPv4 ping', 'IPv6 ping'];

function typeWords(space: HeaderSpace, services: PacketSet, protocol: number): string[] {
  const types = ofProtocol(space, services, protocol);
  if (types.isEmpty()) return [];
  const echo = protocol === PROTOCOLS.icmp ? 8 : 128;
  const name = protocol === PROTOCOLS.icmp ? 'ICMP' : 'ICMPv6';
  const found = ranges(types, 'icmpType');
  if (types.isEverything()) return [`any ${name}`];
  const [only] = found;
  if (found.length === 1 && only?.first === echo && only.last === echo)
    return [`IPv${protocol === PROTOCOLS.icmp ? 4 : 6} ping`];
  if (isMany(found)) return [`any ${name} but ${listedTypes(ranges(types.complement(), 'icmpType'), protocol)}`];
  return [`${name} ${listedTypes(found, protocol)}`];
}

function isMany(of: readonly NumberRange[]): boolean {
  return of.reduce((sum, { first, last }) => sum + last - first + 1, 0) > 128;
}

function listedTypes(of: readonly NumberRange[], protocol: number): string {
  const names = Object.entries(protocol === PROTOCOLS.icmp ? ICMP_TYPES : ICMPV6_TYPES);
  return few(
    of.map(
      (each) =>
        (each.first === each.last && names.find(([, type]) => type === each.first)?.[0]) || formatPortRange(each),
    ),
  );
}

/** All other protocols, which have no ports that people speak of. */
function otherWords(space: HeaderSpace, services: PacketSet): string[] {
  const told: readonly number[] = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.icmp, PROTOCOLS.icmpv6];
  const others = space.project(
    services.subtract(
      space.numbers(
        'protocol',
        told.map((each) => ({ first: each, last: each })),
      ),
    ),
    ['protocol'],
  );
  if (others.isEmpty()) return [];
  const numbers = ranges(others, 'protocol').flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at),
  );
  if (numbers.length > 256 - told.length - PORT_PROTOCOLS.length) return ['every other protocol'];
  return numbers.length > TOLD ? ['other protocols'] : numbers.map((each) => `protocol ${protocolName(each)}`);
}

function ranges(set: PacketSet, dimension: 'dport' | 'icmpType' | 'protocol'): readonly NumberRange[] {
  const found = [...boxes(set)].flatMap((box) => box.numbers.get(dimension) ?? []);
  return found.toSorted((a, b) => a.first - b.first);
}

function listed(of: readonly NumberRange[]): string {
  return few(of.map(formatPortRange));
}

function few(texts: readonly string[]): string {
  const shown = texts.slice(0, TOLD).join(', ');
  return texts.length > TOLD ? `${shown} and ${texts.length - TOLD} more` : shown;
}
