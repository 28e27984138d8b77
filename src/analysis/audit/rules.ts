import { RuleFindingText } from '../rule-finding-text.ts';
import { type RuleFinding, ruleFindings } from '../rule-findings.ts';
import { RULESET_PROBLEMS } from '../rule-problems.ts';
import type { ControlId } from './controls.ts';
import type { Finding, Fix } from './finding.ts';
import type { Severity } from './severity.ts';
import type { AuditView } from './view.ts';

/** Of rules without effect, those that say the opposite of what happens are the worse ones. */
export const RULE_SEVERITIES = {
  contradicted: 'medium',
  shadowed: 'low',
  redundant: 'low',
  impossible: 'low',
  unreachable: 'low',
} as const satisfies Readonly<Record<RuleFinding['kind'], Severity>>;

export const RULE_CONTROLS: readonly ControlId[] = ['PCI-1.2.1', 'PCI-1.2.7', 'ISO-A.8.20'];

/** Every rule without effect. What a policy means has none: its flows only add up. */
export function ruleFindingsOf(view: AuditView): Finding[] {
  if (view.subject.policy !== undefined) return [];
  const text = new RuleFindingText(view.ruleset);
  return ruleFindings(view.ruleset, view.subject.opaque).map((found): Finding => {
    const { message, help } = text.diagnostic(found);
    const rules = found.kind === 'unreachable' ? found.chain.rules.slice(0, 1) : [found.rule];
    const witness = found.kind === 'unreachable' ? undefined : found.witness;
    const fix = removal(view, found);
    return {
      code: RULESET_PROBLEMS[found.kind].code,
      severity: RULE_SEVERITIES[found.kind],
      message,
      help: help ?? '',
      explanation: RULESET_PROBLEMS[found.kind].explanation,
      controls: RULE_CONTROLS,
      subject: found.kind === 'unreachable' ? `${found.table.name} ${found.chain.name}` : text.of(found.rule),
      origins: [...rules, ...found.by].map(({ origin }) => origin),
      ...(witness === undefined ? {} : { witness }),
      conditions: [],
      ...(fix === undefined ? {} : { fix }),
    };
  });
}

/** A rule that makes no difference can go; what its author meant by one that contradicts, nobody knows. */
function removal({ ruleset }: AuditView, found: RuleFinding): Fix | undefined {
  if (ruleset.layer !== 'nftables' || found.kind === 'unreachable' || found.kind === 'contradicted') return undefined;
  const { text, handle } = found.rule.origin;
  if (handle !== undefined)
    return {
      language: 'nft',
      remove: [],
      add: [`delete rule ${found.table.name} ${found.chain.name} handle ${handle}`],
    };
  return text === undefined ? undefined : { language: 'nft', remove: [text], add: [] };
}
