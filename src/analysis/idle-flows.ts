import type { Grant, Intent, Rule } from '../ir/index.ts';
import { HeaderSpace, UNWATCHED, type Watcher } from '../packetset/index.ts';
import { intentRuleset, ruleFaults } from '../semantics/index.ts';

/** A flow that could go without any packet noticing. */
export interface IdleFlow {
  readonly grant: Grant;
  readonly by: readonly string[]; // the flows that allow it all already; none: no packet fits it
}

/**
 * Flows of which every rule, at every place where packets stand, is without effect beside the other flows. Of two that say
 * the same, the later one.
 */
export function idleFlows(intent: Intent, watcher: Watcher = UNWATCHED): IdleFlow[] {
  const ruleset = intentRuleset({ ...intent, baseline: [] });
  const faults = Map.groupBy(ruleFaults(HeaderSpace.watched(watcher), ruleset), ({ rule }) => nameOf(rule));
  const rules = Map.groupBy(
    ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules)),
    nameOf,
  );
  const idle = new Map<string, IdleFlow>();
  for (const grant of intent.grants.toReversed()) {
    const found = faults.get(grant.name) ?? [];
    if (found.length === 0 || found.length < (rules.get(grant.name)?.length ?? 0)) continue;
    const by = [...new Set(found.flatMap((fault) => fault.by.map(nameOf)))].filter((name) => name !== grant.name);
    if (by.length === 0 || !by.every((name) => idle.has(name))) idle.set(grant.name, { grant, by });
  }
  return [...idle.values()].toReversed();
}

function nameOf(rule: Rule): string {
  return rule.origin.flow ?? '';
}
