import type { ChainHook, Flow, Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { denote, type Evaluation, evaluate, includes } from '../../src/semantics/index.ts';
import { assumptionsOf, flowOf } from './flow.ts';
import type { Packet } from './packet.ts';
import { visitMatches } from './read.ts';
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
  readonly notDenoted: number; // readings whose packet sets are too large for this suite: `evaluate` alone was compared
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
    assumptions: assumptionsOf(ruleset),
    accept: denoted(ruleset),
  }));
  const asked = placesOf(Object.values(rulesets));
  for (const [index, packet] of packets.entries()) {
    const seen = sightings[index]!;
    if (seen.kind === 'unusable') {
      left[seen.why] = (left[seen.why] ?? 0) + 1;
      continue;
    }
    const why = placeDependent(packet, seen, asked);
    if (why !== undefined) {
      left[why] = (left[why] ?? 0) + 1;
      continue;
    }
    for (const { source, ruleset, assumptions, accept } of readings) {
      const flow = flowOf(packet, seen, assumptions);
      if (source === readings[0]?.source) compared.push({ flow, passed: seen.passed });
      const evaluation = evaluate(ruleset, flow);
      const denotedAccept = accept === undefined ? seen.passed : includes(accept, flow);
      if ((evaluation.verdict === 'accept') === seen.passed && denotedAccept === seen.passed) continue;
      disagreements.push({ packet, flow, passed: seen.passed, evaluation, denotedAccept, source });
    }
  }
  return { notDenoted: readings.filter(({ accept }) => accept === undefined).length, compared, left, disagreements };
}

const MAX_NODES = 2_000_000;

/** The packets that a ruleset accepts; `undefined` where they take more memory than this suite has time for. */
function denoted(ruleset: Ruleset): PacketSet | undefined {
  try {
    return denote(new HeaderSpace(new DiagramStore({ maxNodes: MAX_NODES })), ruleset).accept;
  } catch (error) {
    if (error instanceof DiagramTooLarge) return undefined;
    throw error;
  }
}

/** What rulesets ask for, and where. */
interface Asked {
  readonly hops: boolean;
  readonly types: boolean; // of addresses
  readonly before: boolean; // at prerouting
  readonly after: boolean; // at postrouting
}

function placesOf(rulesets: readonly Ruleset[]): Asked {
  let [hops, types] = [false, false];
  for (const ruleset of rulesets) {
    visitMatches(ruleset, (match) => {
      if (match.kind === 'quantity' && (match.quantity === 'ip ttl' || match.quantity === 'ip6 hoplimit')) hops = true;
      if (match.kind === 'field' && (match.field === 'srcType' || match.field === 'dstType')) types = true;
    });
  }
  const stands = (hook: ChainHook): boolean =>
    rulesets.some(({ tables }) => tables.some(({ chains }) => chains.some(({ base }) => base?.hook === hook)));
  return { hops, types, before: stands('prerouting'), after: stands('postrouting') };
}

/** Why a packet is not the same to all hooks on its way, as our semantics takes it to be; `undefined` where it is. */
function placeDependent(packet: Packet, seen: Extract<Sighting, { kind: 'seen' }>, asked: Asked): string | undefined {
  if (asked.hops && asked.before && seen.hook === 'forward') return 'loses a hop on its way';
  // A copy for the machine itself passes postrouting too, without the socket that sent it (ip_mc_output, net/ipv4/ip_output.c).
  if (asked.after && seen.hook === 'output' && (seen.dstType === 'broadcast' || seen.dstType === 'multicast')) {
    return 'is sent twice';
  }
  // Routes to link-local addresses depend on the device, which is another one at each hook (nft_fib6_flowi_init).
  const ofLink = [packet.src, packet.dst].some(({ family, value }) => family === 6 && isLinkLocal(value));
  return asked.types && (asked.before || asked.after) && ofLink ? 'has a link-local address' : undefined;
}

/** fe80::/10, and groups of link-local scope: ff02::/16 with any flags. */
function isLinkLocal(value: bigint): boolean {
  return value >> 118n === 0x3fan || (value >> 120n === 0xffn && ((value >> 112n) & 0xfn) === 2n);
}
