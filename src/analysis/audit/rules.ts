import type { Rule } from '../../ir/index.ts';
import { RuleFindingText } from '../rule-finding-text.ts';
import { type RuleFinding, ruleFindings } from '../rule-findings.ts';
import { RULESET_PROBLEMS } from '../rule-problems.ts';
import type { ControlId } from './controls.ts';
import type { Finding, Fix } from './finding.ts';
import type { Severity } from './severity.ts';
import type { AuditView } from './view.ts';
import { withoutCounters } from './words.ts';

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
  const own = ruleFindings(view.ruleset, view.subject.opaque).filter((found) => !isOnPurpose(found));
  return own.map((found): Finding => {
    const { message, help } = text.diagnostic(found);
    const rules = found.kind === 'unreachable' ? found.chain.rules.slice(0, 1) : [found.rule];
    const witness = found.kind === 'unreachable' ? undefined : found.witness;
    const fix = removal(view, found);
    return {
      code: RULESET_PROBLEMS[found.kind].code,
      severity: RULE_SEVERITIES[found.kind],
      message: withoutCounters(message),
      help: withoutCounters(help ?? ''),
      explanation: RULESET_PROBLEMS[found.kind].explanation,
      controls: RULE_CONTROLS,
      subject:
        found.kind === 'unreachable' ? `${found.table.name} ${found.chain.name}` : withoutCounters(text.of(found.rule)),
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

/**
 * Chains that a program keeps as a frame, with rules for cases that may never come: UFW's own (not those with the user's rules), Docker's,
 * Kubernetes', fail2ban's and libvirt's. What has no effect there is nobody's mistake.
 */
const FRAME = /^(?:ufw6?-(?!user-(?:input|output|forward)$)|DOCKER(?!-USER$)|KUBE-|f2b-|LIBVIRT_)/;

function isOnPurpose(found: RuleFinding): boolean {
  if (found.kind === 'redundant' && isGuard(found.rule)) return true;
  if (FRAME.test(found.chain.name)) return true;
  if (found.kind === 'unreachable') return false;
  const { action } = found.rule;
  return (
    (action.kind === 'jump' || action.kind === 'goto') &&
    (FRAME.test(action.chain) || /^ufw6?-user-/.test(action.chain))
  );
}

/** A refusal of whole states stands before the rules that accept, today's and tomorrow's. */
function isGuard({ match, action }: Rule): boolean {
  return match.kind === 'field' && match.field === 'state' && action.kind === 'verdict' && action.verdict !== 'accept';
}
