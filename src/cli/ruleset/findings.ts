import { formatFlow, type Place, placeOf, type RuleFinding, ruleName, type Witness } from '../../analysis/index.ts';
import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Chain, Rule, Ruleset, Verdict } from '../../ir/index.ts';
import type { Span } from '../../source/index.ts';
import { RULESET_PROBLEMS } from './problems.ts';

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
  readonly #indexes: ReadonlyMap<Rule, number>; // of each rule in its chain

  constructor(ruleset: Ruleset) {
    const chains = ruleset.tables.flatMap((table) => table.chains);
    this.#indexes = new Map(chains.flatMap((chain) => chain.rules.map((rule, index) => [rule, index] as const)));
  }

  diagnostic(finding: RuleFinding): Diagnostic {
    const by = finding.by.map((rule) => this.#named(rule));
    const span = spanOf(finding);
    if (finding.kind === 'unreachable') {
      const { chain } = finding;
      return diagnose(RULESET_PROBLEMS.unreachable, span, chain.name, chain.rules.length, by);
    }
    const text = this.#text(finding.rule);
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
    return { text: this.#text(rule), ...(handle === undefined ? {} : { handle }), origin: placeOf(rule.origin) };
  }

  #named(rule: Rule): string {
    const place = placeOf(rule.origin);
    return `\`${this.#text(rule)}\`${place === null ? '' : ` (${place.file}:${place.line})`}`;
  }

  #text(rule: Rule): string {
    return ruleName(rule, this.#indexes.get(rule) ?? 0);
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
