import { type Flow, type Match, type Ruleset, symbolKey } from '../../src/ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../../src/net/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, type Evaluation, evaluate, includes } from '../../src/semantics/index.ts';
import { MARKS, type Packet } from './packet.ts';
import { bites, visitMatches } from './read.ts';
import type { Sighting } from './world/protocol.ts';

/** One packet over which we and the kernel differ. */
export interface Disagreement {
  readonly packet: Packet;
  readonly flow: Flow;
  readonly passed: boolean; // the kernel's word
  readonly evaluation: Evaluation;
  readonly denotedAccept: boolean;
  readonly source: string; // which text of the ruleset was read: `text`, `listing`, `json`
}

export interface Judgement {
  readonly compared: readonly { readonly flow: Flow; readonly passed: boolean }[];
  readonly left: Readonly<Record<string, number>>; // packets that say nothing, by the reason
  readonly disagreements: readonly Disagreement[];
}

/** What our semantics says of rulesets that should mean the same, against what the kernel did. */
export function judge(
  rulesets: Readonly<Record<string, Ruleset>>,
  packets: readonly Packet[],
  sightings: readonly Sighting[],
): Judgement {
  const compared: { flow: Flow; passed: boolean }[] = [];
  const disagreements: Disagreement[] = [];
  const left: Record<string, number> = {};
  const readings = Object.entries(rulesets).map(([source, ruleset]) => ({
    source,
    ruleset,
    symbols: heldSymbols(ruleset),
    accept: denote(new HeaderSpace(), ruleset).accept,
  }));
  for (const [index, packet] of packets.entries()) {
    const seen = sightings[index]!;
    if (seen.kind === 'unusable') {
      left[seen.why] = (left[seen.why] ?? 0) + 1;
      continue;
    }
    for (const { source, ruleset, symbols, accept } of readings) {
      const flow = flowOf(packet, seen, symbols);
      if (source === readings[0]?.source) compared.push({ flow, passed: seen.passed });
      const evaluation = evaluate(ruleset, flow);
      const denotedAccept = includes(accept, flow);
      if ((evaluation.verdict === 'accept') === seen.passed && denotedAccept === seen.passed) continue;
      disagreements.push({ packet, flow, passed: seen.passed, evaluation, denotedAccept, source });
    }
  }
  return { compared, left, disagreements };
}

/** The packet as our semantics sees it: its own bytes, and what the kernel knew of it. */
function flowOf(packet: Packet, seen: Extract<Sighting, { kind: 'seen' }>, symbols: ReadonlySet<string>): Flow {
  const { entry, family, src, dst, protocol } = packet;
  const hasPorts = PORT_PROTOCOLS.includes(protocol);
  const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
  return {
    hook: seen.hook,
    family,
    src,
    dst,
    protocol,
    ...(hasPorts ? { sport: packet.sport, dport: packet.dport } : {}),
    ...(isIcmp ? { icmpType: packet.icmpType, icmpCode: packet.icmpCode } : {}),
    ...(protocol === PROTOCOLS.tcp ? { tcpFlags: packet.tcpFlags } : {}),
    state: seen.state,
    ...('interface' in entry ? { inInterface: entry.interface } : { srcAccount: entry.account }),
    ...(seen.outInterface === undefined ? {} : { outInterface: seen.outInterface }),
    srcType: seen.srcType,
    dstType: seen.dstType,
    quantities: quantitiesOf(packet, seen),
    symbols,
  };
}

function quantitiesOf(packet: Packet, seen: Extract<Sighting, { kind: 'seen' }>): Map<string, number> {
  // A packet that is forwarded has lost one hop before it comes to the rules (ip_forward, net/ipv4/ip_forward.c).
  const ttl = seen.hook === 'forward' ? packet.ttl - 1 : packet.ttl;
  return new Map<string, number>([
    ['mark', MARKS[packet.mark] ?? 0],
    ['ctmark', seen.connectionMark],
    packet.family === 4 ? ['ip ttl', ttl] : ['ip6 hoplimit', ttl],
  ]);
}

/** The symbols that hold in the judging world: limits never bite, and nobody fills sets or moves into cgroups. */
function heldSymbols(ruleset: Ruleset): ReadonlySet<string> {
  const held = new Set<string>();
  visitMatches(ruleset, (match) => {
    if (match.kind === 'symbol' && holds(match)) held.add(symbolKey(match.symbol));
  });
  return held;
}

function holds({ symbol }: Extract<Match, { kind: 'symbol' }>): boolean {
  switch (symbol.kind) {
    case 'asked':
    case 'member':
    case 'cgroup':
      return false;
    case 'within-rate':
      return true;
    case 'unknown':
      return bites(symbol.text) ?? false;
  }
}
