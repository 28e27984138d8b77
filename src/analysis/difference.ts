import { all, everything, type Flow, inState, type Match, type Ruleset } from '../ir/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import {
  denote,
  evaluate,
  firstPart,
  isLedElsewhere,
  ledElsewhere,
  packetsOf,
  partText,
  sampleFlow,
} from '../semantics/index.ts';
import { conditionsOf, unknownConditions } from './unknowns.ts';

/** What one ruleset lets through and the other does not. */
export interface Difference {
  readonly wider: readonly DifferingPackets[]; // the second lets through, the first does not
  readonly narrower: readonly DifferingPackets[];
}

export interface DifferingPackets {
  readonly packets: string; // in words
  readonly witness: Flow; // one of them, replayed through both
  readonly conditions: readonly string[]; // that nobody can know and that it depends on, each with its place
}

export interface DifferenceOptions {
  readonly limit: number; // parts of each side that are told; a last line says if there are more
  readonly onlyNew: boolean; // first packets only
  readonly among?: Match; // only these packets
}

/** Compares what two rulesets let through, packet by packet, over all packets. */
export function difference(
  space: HeaderSpace,
  before: Ruleset,
  after: Ruleset,
  options: DifferenceOptions,
): Difference {
  const scope = packetsOf(space, all(options.onlyNew ? inState('new') : everything, options.among ?? everything));
  const [a, b] = [denote(space, before).accept.intersect(scope), denote(space, after).accept.intersect(scope)];
  const unknown = [...new Set([before, after].flatMap(unknownConditions))];
  return {
    wider: told(b.subtract(a), shows(after, before), unknown, options.limit),
    narrower: told(a.subtract(b), shows(before, after), unknown, options.limit),
  };
}

/** What both rulesets let through, but to different places. */
export function elsewhere(space: HeaderSpace, one: Ruleset, other: Ruleset, limit: number): DifferingPackets[] {
  const unknown = [...new Set([one, other].flatMap(unknownConditions))];
  return told(ledElsewhere(space, one, other), (flow) => isLedElsewhere(flow, one, other), unknown, limit);
}

function shows(accepts: Ruleset, denies: Ruleset): (flow: Flow) => boolean {
  return (flow) => evaluate(accepts, flow).verdict === 'accept' && evaluate(denies, flow).verdict !== 'accept';
}

function told(
  set: PacketSet,
  differs: (flow: Flow) => boolean,
  unknown: readonly string[],
  limit: number,
): DifferingPackets[] {
  const parts: DifferingPackets[] = [];
  let rest = set;
  while (parts.length < limit && !rest.isEmpty()) {
    const { packets, frame, values } = firstPart(rest);
    const witness = sampleFlow(packets);
    if (witness === undefined) throw new Error('a part of a difference has no packet');
    if (!differs(witness)) throw new Error('a witness of a difference does not show it');
    parts.push({ packets: partText(frame, values), witness, conditions: conditionsOf([packets], unknown) });
    rest = rest.subtract(packets);
  }
  return parts;
}
