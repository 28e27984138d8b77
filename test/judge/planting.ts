import type { Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace } from '../../src/packetset/index.ts';
import { denote } from '../../src/semantics/index.ts';
import type { Outcome } from './case.ts';
import { FAULTS } from './faults/index.ts';
import type { Random } from './random.ts';
import { allows, answerOf } from './verdicts.ts';

/** How often a kind of fault was planted, changed any verdict at all, and was seen in what the kernel had said. */
export interface Caught {
  planted: number;
  visible: number;
  caught: number;
}

/** Plants each kind of fault once in what was read of a ruleset, and asks the packets that were sent whether they notice. */
export function plantFaults(
  random: Random,
  { text, reading, judgement }: Extract<Outcome, { kind: 'judged' }>,
  tally: Map<string, Caught>,
): void {
  for (const fault of FAULTS) {
    const row = tally.get(fault.name) ?? { planted: 0, visible: 0, caught: 0 };
    tally.set(fault.name, row);
    const faulty = fault.plant(random, reading.ruleset, text);
    if (faulty === undefined) continue;
    row.planted++;
    const caught = judgement.compared.some(({ flow, passed }) => !allows(answerOf(faulty, flow, reading), passed));
    if (caught) row.caught++;
    if (caught || changesAVerdict(faulty, reading.ruleset)) row.visible++;
  }
}

function changesAVerdict(faulty: Ruleset, ruleset: Ruleset): boolean {
  const space = new HeaderSpace(new DiagramStore({ maxNodes: 1_000_000 }));
  try {
    return !denote(space, faulty).accept.equals(denote(space, ruleset).accept);
  } catch (error) {
    if (error instanceof DiagramTooLarge) return false; // nobody can say in time: it does not count
    throw error;
  }
}
