import type { Flow, Ruleset } from '../../src/ir/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
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
    accept: denote(new HeaderSpace(), ruleset).accept,
  }));
  const countsHops = Object.values(rulesets).some(asksForHopsBeforeRouting);
  for (const [index, packet] of packets.entries()) {
    const seen = sightings[index]!;
    if (seen.kind === 'unusable') {
      left[seen.why] = (left[seen.why] ?? 0) + 1;
      continue;
    }
    if (seen.hook === 'forward' && countsHops) {
      left['loses a hop on its way'] = (left['loses a hop on its way'] ?? 0) + 1;
      continue;
    }
    for (const { source, ruleset, assumptions, accept } of readings) {
      const flow = flowOf(packet, seen, assumptions);
      if (source === readings[0]?.source) compared.push({ flow, passed: seen.passed });
      const evaluation = evaluate(ruleset, flow);
      const denotedAccept = includes(accept, flow);
      if ((evaluation.verdict === 'accept') === seen.passed && denotedAccept === seen.passed) continue;
      disagreements.push({ packet, flow, passed: seen.passed, evaluation, denotedAccept, source });
    }
  }
  return { compared, left, disagreements };
}

/** Between `prerouting` and the other hooks a forwarded packet loses a hop; our packets have one number for all hooks. */
function asksForHopsBeforeRouting(ruleset: Ruleset): boolean {
  let asks = false;
  visitMatches(ruleset, (match) => {
    if (match.kind === 'quantity' && (match.quantity === 'ip ttl' || match.quantity === 'ip6 hoplimit')) asks = true;
  });
  return asks && ruleset.tables.some(({ chains }) => chains.some(({ base }) => base?.hook === 'prerouting'));
}
