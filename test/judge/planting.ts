import type { Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
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
  { text, reading, judgement }: Pick<Extract<Outcome, { kind: 'judged' }>, 'text' | 'reading' | 'judgement'>,
  tally: Map<string, Caught>,
): void {
  const isChanged = changesAVerdict(reading.ruleset);
  for (const fault of FAULTS) {
    const row = tally.get(fault.name) ?? { planted: 0, visible: 0, caught: 0 };
    tally.set(fault.name, row);
    const faulty = fault.plant(random, reading.ruleset, text);
    if (faulty === undefined) continue;
    row.planted++;
    const caught = judgement.compared.some(({ flow, passed }) => !allows(answerOf(faulty, flow, reading), passed));
    if (caught) row.caught++;
    if (caught || isChanged(faulty)) row.visible++;
  }
}

const MAX_NODES = 2_000_000; // for all faults of a ruleset together: they have nearly all of it in common

/** Whether another ruleset gives any packet another verdict; of what nobody can say in time, it is not counted. */
function changesAVerdict(ruleset: Ruleset): (faulty: Ruleset) => boolean {
  const space = new HeaderSpace(new DiagramStore({ maxNodes: MAX_NODES }));
  const accepted = (of: Ruleset): PacketSet | undefined => {
    try {
      return denote(space, of).accept;
    } catch (error) {
      if (error instanceof DiagramTooLarge) return undefined;
      throw error;
    }
  };
  const before = accepted(ruleset);
  return (faulty) => {
    const after = before === undefined ? undefined : accepted(faulty);
    return before !== undefined && after !== undefined && !after.equals(before);
  };
}
