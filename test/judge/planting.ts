import type { Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace } from '../../src/packetset/index.ts';
import { denote, evaluate } from '../../src/semantics/index.ts';
import { FAULTS } from './faults.ts';
import type { Judgement } from './judge.ts';
import type { Random } from './random.ts';

/** How often a kind of fault was planted, changed any verdict at all, and was seen in what the kernel had said. */
export interface Caught {
  planted: number;
  visible: number;
  caught: number;
}

/** Plants each kind of fault once in what was read of a ruleset, and asks the packets that were sent whether they notice. */
export function plantFaults(
  random: Random,
  ruleset: Ruleset,
  { compared }: Judgement,
  tally: Map<string, Caught>,
): void {
  for (const fault of FAULTS) {
    const row = tally.get(fault.name) ?? { planted: 0, visible: 0, caught: 0 };
    tally.set(fault.name, row);
    const faulty = fault.plant(random, ruleset);
    if (faulty === undefined) continue;
    row.planted++;
    const caught = compared.some(({ flow, passed }) => (evaluate(faulty, flow).verdict === 'accept') !== passed);
    if (caught) row.caught++;
    if (caught || changesAVerdict(faulty, ruleset)) row.visible++;
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
