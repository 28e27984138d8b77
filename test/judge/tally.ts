import type { Case } from './run.ts';

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

  add({ outcome }: Case): void {
    if (outcome.kind !== 'judged') {
      count(this.dropped, outcome.kind);
      return;
    }
    const { compared, left, disagreements } = outcome.judgement;
    this.rulesets++;
    this.packets += compared.length;
    this.disagreements += disagreements.length;
    for (const { flow, passed, isOpen } of compared) {
      if (isOpen) this.bothSides++;
      count(this.verdicts, `${flow.hook} IPv${flow.family} ${passed ? 'passed' : 'stopped'}`);
      count(this.states, flow.state);
    }
    for (const [why, packets] of Object.entries(left)) count(this.left, why, packets);
    for (const construct of outcome.notRead) count(this.notRead, construct.replace(/: .*/s, ''));
    this.notListed += outcome.notListed.length;
    this.notDenoted += outcome.judgement.notDenoted;
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

function count(into: Record<string, number>, name: string, by = 1): void {
  into[name] = (into[name] ?? 0) + by;
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
