import { lockdownIntent, proveIptablesChange } from '../../apply/index.ts';
import type { ChangeRequest, HostSnapshot, PersistedIptables } from '../../enforcer/protocol.ts';
import {
  chainNames,
  type IptablesProgram,
  iptablesPlain,
  policyOfText,
  stageIptables,
  TARGETS,
} from '../../target/index.ts';
import { renderProven } from '../../verify/index.ts';
import { EXIT } from '../console.ts';
import type { NewRules } from '../live/new-rules.ts';
import type { Live, Planned } from '../live/planned.ts';
import { stop } from '../report.ts';
import { type ChangeOrder, changeable, faultText, managementOf, unknownToConntrack } from './order.ts';
import { APPLY_PROBLEMS } from './problems.ts';

/**
 * As `writeNftChange`, for chains of iptables and the switch that the enforcer keeps. @throws Stop where something else stands in the way, or
 * a proof fails: then nothing is changed
 */
export function writeIptablesChange(
  { rules, plan, live }: Planned & { readonly live: Live },
  { terse, state, trialHolder }: HostSnapshot,
  { meta, trialSeconds, keep }: ChangeOrder,
): ChangeRequest {
  const { listing } = live.facts.around;
  const before = changeable(listing.standingOfIptables(), state);
  const unhooked = before.kind === 'absent' ? undefined : listing.misledHook();
  if (unhooked !== undefined) throw stop(EXIT.refused, APPLY_PROBLEMS.misledHook, unhooked.family, unhooked.builtin);
  const policy = rules.written?.mechanism === 'iptables' ? rules.written.policy : undefined;
  if (policy === undefined && before.kind === 'absent') throw stop(EXIT.unusable, APPLY_PROBLEMS.nothingToRemove);
  const alive =
    policy === undefined ? [] : unknownToConntrack(live, new Set(plan.denied.map((each) => each.connection)));
  const steps = stageIptables(before, {
    ...(policy === undefined ? {} : { policy }),
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    heldBy: trialHolder,
    alive,
    by: meta.by.name,
    at: meta.at,
    policyHash: meta.policyHash,
  });
  const faults = proveIptablesChange({
    before: listing.ownIptables(),
    ...(policy === undefined ? {} : { policy }),
    alive,
    steps,
  });
  const [fault] = faults;
  if (fault !== undefined) throw stop(EXIT.machine, APPLY_PROBLEMS.unprovenChange, faultText(fault), faults.length);
  return {
    meta,
    terse,
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    texts: { mechanism: 'iptables', ...steps },
    ...(policy === undefined ? {} : { persist: persisted(rules, policy, live) }),
    keep,
  };
}

/** What is loaded at boot: the lock-down in one slot, then the rules in the other, which take its place in one transaction. */
function persisted({ intent, sources }: NewRules, policy: IptablesProgram, live: Live): PersistedIptables {
  const { artifacts, proof } = renderProven(TARGETS.iptables, lockdownIntent(intent, managementOf(live)));
  const lockdown = artifacts === undefined ? undefined : policyOfText(textsOf(artifacts));
  if (lockdown === undefined) {
    throw stop(EXIT.machine, APPLY_PROBLEMS.noLockdown, proof.diagnostics[0]?.message ?? 'its proof failed');
  }
  return {
    mechanism: 'iptables',
    ruleset: iptablesPlain(policy, 'a', chainNames(lockdown, 'b')),
    lockdown: iptablesPlain(lockdown, 'b', []),
    policy: JSON.stringify(sources),
  };
}

/** The chains of both families, of what `print` wrote. */
function textsOf(artifacts: readonly { readonly name: string; readonly text: string }[]) {
  const text = (name: string): string => artifacts.find((each) => each.name === name)?.text ?? '';
  return { v4: text('iptables.rules'), v6: text('ip6tables.rules') };
}
