import { HOOKS, type Ruleset } from '../../src/ir/index.ts';
import {
  addressRange,
  type Family,
  highestAddress,
  PROTOCOLS,
  parseAddress,
  parsePrefix,
  prefixRange,
} from '../../src/net/index.ts';
import { aimAtSomeRule, entryFor, type PacketDraft } from './aim.ts';
import { spans } from './generate/forms.ts';
import { ACCOUNTS, edgeAddress, PORTS, PROTOCOL_NUMBERS, type Span } from './generate/values.ts';
import { LOWEST_TTL, MARKS, type Packet } from './packet.ts';
import { Forecast } from './predict.ts';
import type { Random } from './random.ts';
import { possibleHistories } from './world/volley.ts';

/** The values that a ruleset's text names: what our reader lost or misread is among them all the same. */
interface Values {
  readonly addresses: Readonly<Record<Family, readonly Span[]>>;
  readonly numbers: readonly number[];
}

const PICKED = 0.4; // of the packets: those that take other ways through the rules than the rest
const OFFERED = 3; // packets for each of these to choose from

/**
 * Packets on the borders of what a ruleset asks for: most of them aimed at its rules, as our reader understood them. Some are picked from many
 * more, so that they meet as many different rules, one after the other, as can be.
 */
export function boundaryPackets(random: Random, text: string, ruleset: Ruleset, count: number): Packet[] {
  const values = valuesIn(text);
  const make = (length: number): Packet[] =>
    Array.from({ length }, () => complete(random, random.chance(0.7) ? aimAtSomeRule(random, ruleset) : {}, values));
  const picked = Math.floor(count * PICKED);
  const plain = make(count - picked);
  return [...plain, ...onOtherWays(ruleset, plain, make(picked * OFFERED), picked)];
}

/** So many of the packets on offer, first of those whose way through the rules the fewest take. */
function onOtherWays(
  ruleset: Ruleset,
  sent: readonly Packet[],
  offered: readonly Packet[],
  count: number,
): readonly Packet[] {
  const forecast = new Forecast(ruleset);
  const taken = new Map<string, number>();
  const turn = (packet: Packet): number => {
    const way = forecast.way(packet);
    const before = taken.get(way) ?? 0;
    taken.set(way, before + 1);
    return before;
  };
  for (const packet of sent) turn(packet);
  return offered
    .map((packet) => ({ packet, turn: turn(packet) }))
    .sort((a, b) => a.turn - b.turn)
    .slice(0, count)
    .map(({ packet }) => packet);
}

function valuesIn(text: string): Values {
  const addresses: Record<Family, Span[]> = { 4: [...spans(4)], 6: [...spans(6)] };
  for (const [found] of text.matchAll(/(?:\d+\.){3}\d+(?:\/\d+)?|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*(?:\/\d+)?/g)) {
    const [address, prefix] = [parseAddress(found), parsePrefix(found)];
    if (address !== undefined) addresses[address.family].push(addressRange(address));
    else if (!('kind' in prefix)) addresses[prefix.family].push(prefixRange(prefix));
  }
  const numbers = [...text.matchAll(/(?<![\w.:])(?:0x[0-9a-f]+|\d+)(?![\w.:])/g)].map(([found]) => Number(found));
  return { addresses, numbers: [...new Set(numbers)] };
}

/** What the aim has left open is filled in: values of the ruleset, their neighbours, and others. */
function complete(random: Random, draft: PacketDraft, values: Values): Packet {
  const family = draft.family ?? random.pick([4, 6]);
  const entry = draft.entry ?? entryFor(random, random.pick(HOOKS));
  const number = (known: readonly number[], highest: number): number => {
    const from = random.chance(0.5) && values.numbers.length > 0 ? values.numbers : known;
    return Math.min(Math.max(random.pick(from) + random.pick([-1, 0, 0, 1]), 0), highest);
  };
  const address = (): Packet['src'] => ({ family, value: usableAddress(random, family, values.addresses[family]) });
  const protocol = usableProtocol(draft.protocol ?? anyProtocol(random, family, number), family);
  const src = sendable(random, entry, draft.src?.family === family ? draft.src : address());
  const packet: Packet = {
    entry: 'account' in entry && draft.entry === undefined ? { account: random.pick(ACCOUNTS) } : entry,
    family,
    src,
    dst: draft.dst?.family === family ? draft.dst : address(),
    protocol,
    sport: draft.sport ?? number(PORTS, 65535),
    dport: draft.dport ?? number(PORTS, 65535),
    icmpType: draft.icmpType ?? (random.chance(0.5) ? (family === 4 ? 8 : 128) : number([0, 3, 8, 11, 128, 129], 255)),
    icmpCode: draft.icmpCode ?? number([0, 4], 255),
    tcpFlags: draft.tcpFlags ?? (random.chance(0.6) ? 2 : random.pick([16, 18, 4, 1, 0x29, 0, 255, 0x42, 3, 0x12])),
    ttl: Math.min(Math.max(draft.ttl ?? random.pick([LOWEST_TTL, 199, 200, 201, 255]), LOWEST_TTL), 255),
    mark: draft.mark ?? (random.chance(0.7) ? 0 : random.below(MARKS.length)),
    tracked: draft.tracked ?? random.chance(0.93),
    history: 'none',
    options: random.chance(0.08),
  };
  const histories = possibleHistories(packet);
  const history = draft.history ?? (random.chance(0.15) ? random.pick(histories) : 'none');
  return { ...packet, history: histories.includes(history) ? history : 'none' };
}

/** Addresses of any kind, most of them such that a machine sends and takes them. */
function usableAddress(random: Random, family: Family, known: readonly Span[]): bigint {
  if (random.chance(0.1)) return random.pick(OWN[family]);
  return random.chance(0.9) ? edgeAddress(random, family, known) : anyAddress(random, family);
}

/** Groups are no sources: the kernel takes in no packet from one. A few are sent all the same. */
const FIRST_GROUP: Readonly<Record<Family, bigint>> = { 4: 0xe000_0000n, 6: 0xff00n << 112n };

function sendable(random: Random, entry: Packet['entry'], { family, value }: Packet['src']): Packet['src'] {
  if ('account' in entry) return { family, value: family === 4 && value === 0n ? 1n : value }; // else the kernel fills it in, raw(7)
  if (value >= FIRST_GROUP[family] && random.chance(0.8)) return { family, value: FIRST_GROUP[family] - 1n };
  return { family, value: family === 6 && value === 1n && random.chance(0.8) ? 2n : value };
}

const OWN: Readonly<Record<Family, readonly bigint[]>> = {
  4: [0x0a00_0001n, 0xc000_0201n, 0x7f00_0001n, 0x0a00_00ffn, 0xe000_0001n, 0xffff_ffffn],
  6: [(0x2001_0db8n << 96n) | 1n, (0xfd00n << 112n) | 1n, 1n, (0xff02n << 112n) | 1n, (0xfe80n << 112n) | 9n],
};

function anyAddress(random: Random, family: Family): bigint {
  let value = 0n;
  for (let word = 0; word < 4; word++) value = (value << 32n) | BigInt(random.below(2 ** 32));
  return value & highestAddress(family);
}

function anyProtocol(
  random: Random,
  family: Family,
  number: (known: readonly number[], highest: number) => number,
): number {
  if (random.chance(0.1)) return number(PROTOCOL_NUMBERS, 255);
  return random.pick([6, 6, 6, 17, 17, 132, 136, 33, family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6, 47, 58, 1]);
}

/** In IPv6 these are headers before another one, which our packets do not have (ipv6_ext_hdr, net/ipv6/exthdrs_core.c). */
function usableProtocol(protocol: number, family: Family): number {
  return family === 6 && [0, 43, 44, 51, 60].includes(protocol) ? 200 : protocol;
}
