import { all, CONNTRACK_STATES, field, type Match, type Rule, type Ruleset } from '../../ir/index.ts';
import { HeaderSpace } from '../../packetset/index.ts';
import { ruleFaults } from '../../semantics/index.ts';
import { placeOf } from '../path.ts';
import { RuleFindingText } from '../rule-finding-text.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { RULES } from './kinds-rules.ts';
import type { AuditView } from './view.ts';
import { withoutCounters } from './words.ts';

/** One state of a rule that names several. */
interface Part {
  readonly whole: Rule;
  readonly state: number;
}

/**
 * States that a rule names although packets in them are decided before: `NEW,ESTABLISHED` behind a rule for all that is established. Each rule
 * that names several states is taken apart, one for each, and those that then have no effect are told.
 */
export function idleStates(view: AuditView): Finding[] {
  if (view.subject.policy !== undefined) return [];
  const parts = new Map<Rule, Part>();
  const apart = takenApart(view.ruleset, parts);
  if (parts.size === 0) return [];
  const idle = Map.groupBy(
    ruleFaults(new HeaderSpace(), apart).filter((fault) => fault.kind === 'shadowed' && parts.has(fault.rule)),
    (fault) => parts.get(fault.rule)!.whole,
  );
  const text = new RuleFindingText(view.ruleset);
  return [...idle].flatMap(([whole, faults]) => {
    const all = [...parts.values()].filter((part) => part.whole === whole);
    if (faults.length === all.length) return []; // the rule as a whole has no effect
    const states = faults.map(({ rule }) => CONNTRACK_STATES[parts.get(rule)!.state]!).join(',');
    const by = [...new Set(faults.flatMap((fault) => fault.by.map((rule) => parts.get(rule)?.whole ?? rule)))];
    const names = by.map((rule) => `\`${withoutCounters(text.of(rule))}\`${placeText(rule)}`);
    const reason =
      names.length === 0
        ? 'its packets are decided before'
        : `${names.join(', ')} decide${names.length === 1 ? 's' : ''} such packets first`;
    const name = withoutCounters(text.of(whole));
    const origins = [whole, ...by].map(({ origin }) => origin);
    return [finding(RULES.idleState, { subject: name, origins }, states, name, reason)];
  });
}

function placeText(rule: Rule): string {
  const place = placeOf(rule.origin);
  return place === null ? '' : ` (${place.file}:${place.line})`;
}

function takenApart(ruleset: Ruleset, parts: Map<Rule, Part>): Ruleset {
  const apart = (rule: Rule): readonly Rule[] => {
    const states = statesOf(rule.match);
    if (states === undefined || states.values.length < 2 || rule.effects !== undefined) return [rule];
    return states.values.map((state) => {
      const part = { ...rule, match: all(...states.rest, field('state', state)) };
      parts.set(part, { whole: rule, state });
      return part;
    });
  };
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.flatMap(apart) })),
    })),
  };
}

/** The states that a rule names among other conditions; a rule for states alone is what others rely on. */
function statesOf(match: Match): { readonly values: readonly number[]; readonly rest: readonly Match[] } | undefined {
  if (match.kind !== 'all') return undefined;
  const named = match.of.filter((part) => part.kind === 'field' && part.field === 'state');
  const [only] = named;
  if (named.length !== 1 || only?.kind !== 'field') return undefined;
  const values = CONNTRACK_STATES.map((_, index) => index).filter((index) =>
    only.ranges.some(({ first, last }) => first <= index && index <= last),
  );
  return { values, rest: match.of.filter((part) => part !== only) };
}
