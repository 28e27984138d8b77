import { type Diagnostic, diagnose } from '../diagnostic/index.ts';
import type { Chain, Rule, Ruleset, Verdict } from '../ir/index.ts';
import type { Span } from '../source/index.ts';
import { formatFlow } from './flow-text.ts';
import { placeOf, ruleName } from './path.ts';
import type { RuleFinding, Witness } from './rule-findings.ts';
import { RULESET_PROBLEMS } from './rule-problems.ts';

/** Tells findings about one ruleset in words. */
export class RuleFindingText {
  readonly #indexes: ReadonlyMap<Rule, number>; // of each rule in its chain

  constructor(ruleset: Ruleset) {
    const chains = ruleset.tables.flatMap((table) => table.chains);
    this.#indexes = new Map(chains.flatMap((chain) => chain.rules.map((rule, index) => [rule, index] as const)));
  }

  /** The rule as people know it. */
  of(rule: Rule): string {
    return ruleName(rule, this.#indexes.get(rule) ?? 0);
  }

  diagnostic(finding: RuleFinding): Diagnostic {
    const by = finding.by.map((rule) => this.#named(rule));
    const span = spanOf(finding);
    if (finding.kind === 'unreachable') {
      const { chain } = finding;
      return diagnose(RULESET_PROBLEMS.unreachable, span, chain.name, chain.rules.length, by);
    }
    const text = this.of(finding.rule);
    const example = finding.witness === undefined ? undefined : exampleOf(finding.witness);
    switch (finding.kind) {
      case 'contradicted':
        return diagnose(RULESET_PROBLEMS.contradicted, span, text, by, example);
      case 'shadowed':
        return diagnose(RULESET_PROBLEMS.shadowed, span, text, by, example);
      case 'redundant':
        return diagnose(RULESET_PROBLEMS.redundant, span, text, by, finding.atEnd ? endOf(finding.chain) : '', example);
      case 'impossible':
        return diagnose(RULESET_PROBLEMS.impossible, span, text, finding.chain.name, by);
    }
  }

  #named(rule: Rule): string {
    const place = placeOf(rule.origin);
    return `\`${this.of(rule)}\`${place === null ? '' : ` (${place.file}:${place.line})`}`;
  }
}

/** The rule's place; of a chain, that of its first rule. */
export function spanOf(finding: RuleFinding): Span | undefined {
  const rules = finding.kind === 'unreachable' ? finding.chain.rules : [finding.rule];
  return rules.find((rule) => rule.origin.span !== undefined)?.origin.span;
}

/** What becomes of packets that come to the end of a chain. */
function endOf({ base }: Chain): string {
  return base === undefined ? 'what follows its chain' : `the chain's policy \`${base.policy}\``;
}

const FATES: Readonly<Record<Verdict, string>> = { accept: 'accepted', drop: 'dropped', reject: 'rejected' };

function exampleOf({ flow, verdict }: Witness): string {
  return `\`${formatFlow(flow)}\` is ${FATES[verdict]}`;
}
