import type { Origin } from '../../ir/index.ts';
import type { Witness } from '../rule-findings.ts';
import type { ControlId } from './controls.ts';
import type { Severity } from './severity.ts';

/** A kind of finding, written once: the code, the words and the reference page all come from here. */
export interface FindingKind<Arguments extends readonly unknown[]> {
  readonly code: string; // stable: `A` and four digits
  readonly severity: Severity;
  readonly message: (...args: Arguments) => string; // no capital, no full stop
  readonly help: (...args: Arguments) => string; // what to do
  readonly explanation: string; // for the reference: why this is a problem, in a sentence or two
  readonly controls: readonly ControlId[];
}

/** Something that an audit has to say. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly help: string;
  readonly explanation: string;
  readonly controls: readonly ControlId[];
  /** What it is about, in words that stay the same from one audit to the next: `tcp/22`, the name of a flow. */
  readonly subject: string;
  readonly origins: readonly Origin[]; // the rules or flows that make it so, a few of them
  readonly witness?: Witness; // a packet that shows it, replayed
  readonly connection?: ConnectionWitness; // in a cluster, in its place
  readonly conditions: readonly string[]; // that nobody can know and that it depends on, each with its place
  readonly fix?: Fix;
}

/** A connection between ends of a cluster, asked again. */
export interface ConnectionWitness {
  readonly text: string; // `tcp shop/web[Deployment] -> shop/db[StatefulSet]:5432`
  readonly verdict: 'accept' | 'drop';
}

/** What would mend it: lines to take away and lines to put in their place, in the language of what was audited. */
export interface Fix {
  readonly language: FixLanguage;
  readonly remove: readonly string[];
  readonly add: readonly string[];
}

/** `nft`: commands for `nft -f`; `policy`: lines of portcullis.yaml; `shell`: commands for root; `kubernetes`: lines of a manifest. */
export type FixLanguage = 'nft' | 'policy' | 'shell' | 'kubernetes';

/** What of a finding depends on the case at hand, beside its words. */
export type Particulars = Pick<Finding, 'subject'> &
  Partial<Pick<Finding, 'origins' | 'witness' | 'connection' | 'conditions' | 'fix'>>;

export function finding<Arguments extends readonly unknown[]>(
  kind: FindingKind<Arguments>,
  particulars: Particulars,
  ...args: Arguments
): Finding {
  const { code, severity, message, help, explanation, controls } = kind;
  return {
    code,
    severity,
    message: message(...args),
    help: help(...args),
    explanation,
    controls,
    origins: [],
    conditions: [],
    ...particulars,
  };
}
