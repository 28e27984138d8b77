import type { Grant, Intent } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { intentRuleset, ruleFaults } from '../semantics/index.ts';

/** A flow that could go without any packet noticing. */
export interface IdleFlow {
  readonly grant: Grant;
  readonly by: readonly string[]; // the flows and baseline pieces that allow it all already, flows before all; none: no packet fits it
}

/** Flows of which every rule, at every place where packets stand, is without effect. */
export function idleFlows(intent: Intent): IdleFlow[] {
  const ruleset = intentRuleset(intent);
  const faults = Map.groupBy(ruleFaults(new HeaderSpace(), ruleset), ({ rule }) => rule.origin.flow ?? '');
  const rules = Map.groupBy(
    ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules)),
    ({ origin }) => origin.flow ?? '',
  );
  return intent.grants.flatMap((grant) => {
    const idle = faults.get(grant.name) ?? [];
    if (idle.length === 0 || idle.length < (rules.get(grant.name)?.length ?? 0)) return [];
    const all = [...new Set(idle.flatMap((fault) => fault.by.map(({ origin }) => origin.flow ?? '')))];
    const flows = all.filter((flow) => !flow.startsWith('baseline:'));
    return [{ grant, by: flows.length > 0 ? flows : all }]; // replies, for one, the baseline always allows
  });
}
