import {
  formatFlow,
  type Place,
  placeOf,
  RULESET_PROBLEMS,
  type RuleFinding,
  RuleFindingText,
} from '../../analysis/index.ts';
import type { Diagnostic } from '../../diagnostic/index.ts';
import type { Rule, Ruleset, Verdict } from '../../ir/index.ts';

/** A finding as other programs read it (schema/check.json). */
export interface FindingJson {
  readonly code: string;
  readonly kind: RuleFinding['kind'];
  readonly table: string;
  readonly chain: string;
  readonly rule: RuleJson | null; // null: the chain as a whole
  readonly by: readonly RuleJson[];
  readonly witness: { readonly flow: string; readonly verdict: Verdict } | null;
}

export interface RuleJson {
  readonly text: string;
  readonly handle?: number;
  readonly origin: Place | null;
}

/** Tells findings about one ruleset. */
export class FindingWriter {
  readonly #text: RuleFindingText;

  constructor(ruleset: Ruleset) {
    this.#text = new RuleFindingText(ruleset);
  }

  diagnostic(finding: RuleFinding): Diagnostic {
    return this.#text.diagnostic(finding);
  }

  json(finding: RuleFinding): FindingJson {
    const { kind, table, chain, by } = finding;
    const witness = kind === 'unreachable' ? undefined : finding.witness;
    return {
      code: RULESET_PROBLEMS[kind].code,
      kind,
      table: table.name,
      chain: chain.name,
      rule: kind === 'unreachable' ? null : this.#json(finding.rule),
      by: by.map((rule) => this.#json(rule)),
      witness: witness === undefined ? null : { flow: formatFlow(witness.flow), verdict: witness.verdict },
    };
  }

  #json(rule: Rule): RuleJson {
    const { handle } = rule.origin;
    return {
      text: this.#text.of(rule),
      ...(handle === undefined ? {} : { handle }),
      origin: placeOf(rule.origin),
    };
  }
}
