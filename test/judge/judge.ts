import type { Flow, Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { denote, type Evaluation, includes } from '../../src/semantics/index.ts';
import { assumptionsOf, flowOf } from './flow.ts';
import type { Packet } from './packet.ts';
import { placeDependent, placesOf } from './places.ts';
import type { Understood } from './read.ts';
import { allows, answerOf, isOpenAnswer } from './verdicts.ts';
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

export interface Compared {
  readonly flow: Flow;
  readonly passed: boolean;
  readonly isOpen: boolean; // we left it open, since it depends on what nobody can know
}

export interface Judgement {
  readonly notDenoted: number; // readings whose packet sets are too large for this suite: `evaluate` alone was compared
  readonly compared: readonly Compared[];
  readonly left: Readonly<Record<string, number>>; // packets that say nothing, by the reason
  readonly disagreements: readonly Disagreement[];
}

/** What our semantics says of rulesets that should mean the same, against what the kernel did. */
export function judge(
  understood: Readonly<Record<string, Understood>>,
  packets: readonly Packet[],
  sightings: readonly Sighting[],
): Judgement {
  const compared: Compared[] = [];
  const disagreements: Disagreement[] = [];
  const left: Record<string, number> = {};
  const readings = Object.entries(understood).map(([source, reading]) => ({
    source,
    reading,
    assumptions: assumptionsOf(reading.ruleset),
    accept: denoted(reading.ruleset),
  }));
  const asked = placesOf(Object.values(understood).map(({ ruleset }) => ruleset));
  for (const [index, packet] of packets.entries()) {
    const seen = sightings[index]!;
    const why = seen.kind === 'unusable' ? seen.why : placeDependent(packet, seen, asked);
    if (seen.kind === 'unusable' || why !== undefined) {
      left[why ?? ''] = (left[why ?? ''] ?? 0) + 1;
      continue;
    }
    const { passed } = seen;
    for (const { source, reading, assumptions, accept } of readings) {
      const flow = flowOf(packet, seen, assumptions);
      const answer = answerOf(reading.ruleset, flow, reading);
      if (source === readings[0]?.source) compared.push({ flow, passed, isOpen: isOpenAnswer(answer) });
      const isAllowed = allows(answer, passed);
      const wrong = answer.sides.find((side) => {
        const accepted = side.evaluation.verdict === 'accept';
        return !isAllowed || (accept !== undefined && includes(accept, side.flow) !== accepted);
      });
      if (wrong === undefined) continue;
      const { evaluation } = wrong;
      const denotedAccept = accept === undefined ? evaluation.verdict === 'accept' : includes(accept, wrong.flow);
      disagreements.push({ packet, flow: wrong.flow, passed, evaluation, denotedAccept, source });
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
