import type { Judgement } from './judge.ts';
import type { Understood } from './read.ts';

/** A ruleset, in whichever language, that was sent to the kernel and read by us. */
export interface Judged {
  readonly kind: 'judged';
  readonly text: string;
  readonly reading: Understood;
  readonly judgement: Judgement;
  readonly notListed?: readonly string[]; // which listings its own program broke over
  readonly notRead?: readonly string[]; // constructs of the listings that our reader does not understand
}

export interface Counted {
  readonly outcome: Judged | { readonly kind: 'refused by the kernel' | 'refused by the reader' };
}

/** What a run has come to. */
export class Tally {
  rulesets = 0;
  packets = 0; // compared with the kernel's verdict
  bothSides = 0; // of these we said that nobody can know: the kernel's word was one of two
  disagreements = 0;
  readonly verdicts: Record<string, number> = {}; // `input 4 passed`
  readonly states: Record<string, number> = {};
  readonly left: Record<string, number> = {}; // packets that say nothing, by the reason
  readonly notRead: Record<string, number> = {}; // constructs of nft's listings that the reader refused
  readonly refused: Record<string, number> = {}; // rules that nft or the kernel refused, by the reason
  readonly dropped: Record<string, number> = {}; // whole rulesets that were not judged
  notDenoted = 0; // readings that `evaluate` alone answered for
  notListed = 0; // listings that nft broke over

  add({ outcome }: Counted): void {
    if (outcome.kind !== 'judged') {
      count(this.dropped, outcome.kind);
      return;
    }
    const { judgement, notListed = [], notRead = [] } = outcome;
    const { compared, left, disagreements } = judgement;
    this.rulesets++;
    this.packets += compared.length;
    this.disagreements += disagreements.length;
    for (const { flow, passed, isOpen } of compared) {
      if (isOpen) this.bothSides++;
      count(this.verdicts, `${flow.hook} IPv${flow.family} ${passed ? 'passed' : 'stopped'}`);
      count(this.states, flow.state);
    }
    for (const [why, packets] of Object.entries(left)) count(this.left, why, packets);
    for (const construct of notRead) count(this.notRead, construct.replace(/: .*/s, ''));
    this.notListed += notListed.length;
    this.notDenoted += judgement.notDenoted;
  }

  refuse(said: string): void {
    count(this.refused, said);
  }

  /** The whole as data, keys in order. */
  summary(): Record<string, unknown> {
    const {
      rulesets,
      packets,
      bothSides,
      disagreements,
      verdicts,
      states,
      left,
      notRead,
      refused,
      dropped,
      notListed,
      notDenoted,
    } = this;
    return {
      rulesets,
      packets,
      bothSides,
      disagreements,
      verdicts: sorted(verdicts),
      states: sorted(states),
      left: sorted(left),
      dropped: sorted(dropped),
      notListed,
      notDenoted,
      notRead: sorted(notRead),
      refused: sorted(refused),
    };
  }
}

export function count(into: Record<string, number>, name: string, by = 1): void {
  into[name] = (into[name] ?? 0) + by;
}

/** Keys in order. */
export function sorted<T>(counts: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
