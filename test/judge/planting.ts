import { HOOKS, type Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { denote, packetsOf } from '../../src/semantics/index.ts';
import { FAULTS } from './faults/index.ts';
import type { Random } from './random.ts';
import { sendable } from './sendable.ts';
import type { Judged } from './tally.ts';
import { allows, answerOf } from './verdicts.ts';

/** In how many rulesets a kind of fault was planted, and what came of it. */
export interface Caught {
  planted: number;
  elsewhere: number; // of these, changed verdicts only of packets that nobody can send here, at every place that was tried
  visible: number; // changed the verdict of a packet that can be sent here
  caught: number; // and was seen in what the kernel had said
}

const PLACES = 4; // in a ruleset, tried until the fault changes a verdict that the kernel can be asked for

/** Plants each kind of fault in what was read of a ruleset, and asks the packets that were sent whether they notice. */
export function plantFaults(
  random: Random,
  { text, reading, judgement }: Pick<Judged, 'text' | 'reading' | 'judgement'>,
  tally: Map<string, Caught>,
): void {
  const change = changesOf(reading.ruleset);
  for (const fault of FAULTS) {
    const row = tally.get(fault.name) ?? { planted: 0, elsewhere: 0, visible: 0, caught: 0 };
    tally.set(fault.name, row);
    let isElsewhere = false;
    for (let place = 0; place < PLACES; place++) {
      const faulty = fault.plant(random, reading.ruleset, text);
      if (faulty === undefined) break;
      if (place === 0) row.planted++;
      const caught = judgement.compared.some(({ flow, passed }) => !allows(answerOf(faulty, flow, reading), passed));
      const changed = caught ? 'here' : change(faulty);
      isElsewhere ||= changed === 'elsewhere';
      if (changed !== 'here') continue;
      row.visible++;
      if (caught) row.caught++;
      isElsewhere = false;
      break;
    }
    if (isElsewhere) row.elsewhere++;
  }
}

/** Kinds of faults that changed the verdicts of packets in so many rulesets, and no packet noticed in any of them. */
export function unnoticed(tally: ReadonlyMap<string, Caught>, least: number): string[] {
  return [...tally].flatMap(([name, { visible, caught }]) => (visible >= least && caught === 0 ? [name] : []));
}

const MAX_NODES = 2_000_000; // for all faults of a ruleset together: they have nearly all of it in common

/** Whether another ruleset gives packets another verdict, and whether such as can be sent here; what takes too long to say counts as no. */
function changesOf(ruleset: Ruleset): (faulty: Ruleset) => 'here' | 'elsewhere' | 'nowhere' {
  const space = new HeaderSpace(new DiagramStore({ maxNodes: MAX_NODES }));
  const inTime = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof DiagramTooLarge) return undefined;
      throw error;
    }
  };
  const known = inTime(() => ({ accept: denote(space, ruleset).accept, here: sendablePackets(space, ruleset) }));
  return (faulty) => {
    const differing = inTime(() => {
      if (known === undefined) return space.nothing();
      const after = denote(space, faulty).accept;
      return after.subtract(known.accept).union(known.accept.subtract(after));
    });
    if (known === undefined || differing === undefined || differing.isEmpty()) return 'nowhere';
    return differing.intersects(known.here) ? 'here' : 'elsewhere';
  };
}

function sendablePackets(space: HeaderSpace, ruleset: Ruleset): PacketSet {
  return space.union(
    HOOKS.flatMap((hook) => ([4, 6] as const).map((family) => packetsOf(space, sendable(ruleset, hook, family)))),
  );
}
