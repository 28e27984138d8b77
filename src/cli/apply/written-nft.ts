import { lockdownIntent, type ManagementPath, proveChange } from '../../apply/index.ts';
import type { ChangeRequest, HostSnapshot, PersistedFiles } from '../../enforcer/protocol.ts';
import { SourceFile } from '../../source/index.ts';
import { inTable, LOCKDOWN_TABLE, type Program, stageChange, TARGETS } from '../../target/index.ts';
import { renderProven } from '../../verify/index.ts';
import { EXIT } from '../console.ts';
import type { NewRules } from '../live/new-rules.ts';
import type { Live, Planned } from '../live/planned.ts';
import { stop } from '../report.ts';
import { type ChangeOrder, changeable, faultText, managementOf, unknownToConntrack } from './order.ts';
import { APPLY_PROBLEMS } from './problems.ts';

/**
 * Writes a planned change as the transactions that make it, each read back and followed through all that can happen to it, with
 * what will be loaded at boot. @throws Stop where something else stands in the way, or a proof fails: then nothing is changed
 */
export function writeNftChange(
  { rules, plan, live }: Planned & { readonly live: Live },
  { terse, ruleset, text, state }: HostSnapshot,
  { meta, trialSeconds, keep }: ChangeOrder,
): ChangeRequest {
  const before = changeable(live.facts.around.listing.standingOfNft(), state);
  const written = rules.written?.mechanism === 'nftables' ? rules.written.text : undefined;
  const policy = written === undefined ? undefined : programOf(written);
  const alive =
    rules.ours === undefined ? [] : unknownToConntrack(live, new Set(plan.denied.map((each) => each.connection)));
  const texts = stageChange(before, {
    ...(policy === undefined ? {} : { policy }),
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    alive,
    by: meta.by.name,
    at: meta.at,
    policyHash: meta.policyHash,
  });
  if (texts.begin === '') throw stop(EXIT.unusable, APPLY_PROBLEMS.nothingToRemove);
  const faults = proveChange({
    before: { commands: before.kind === 'absent' ? [] : [{ kind: 'table', table: before.table }] },
    ...(policy === undefined ? {} : { policy }),
    alive,
    onTrial: trialSeconds !== undefined,
    texts,
  });
  const [fault] = faults;
  if (fault !== undefined) throw stop(EXIT.machine, APPLY_PROBLEMS.unprovenChange, faultText(fault), faults.length);
  const withoutLock =
    trialSeconds === undefined
      ? { begin: texts.begin + REMOVES_LOCKDOWN }
      : { confirm: texts.confirm + REMOVES_LOCKDOWN };
  return {
    meta,
    terse,
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    texts: { mechanism: 'nftables', ...texts, ...withoutLock }, // where a boot has left the lock-down standing
    ...(written === undefined ? {} : { persist: persisted(rules, written, managementOf(live), text ?? ruleset) }),
    keep,
  };
}

function programOf(ruleset: string): Program {
  const { ast } = TARGETS.nftables.parse([new SourceFile('<the new rules>', ruleset)]);
  if (ast === undefined) throw new Error('rules that were proven cannot be read');
  return ast;
}

/** What is loaded at boot: the lock-down first, then the rules, which take it away. */
function persisted(
  { intent, sources }: NewRules,
  written: string,
  management: ManagementPath,
  others: string,
): PersistedFiles {
  const { artifacts, proof } = renderProven(TARGETS.nftables, lockdownIntent(intent, management));
  if (artifacts === undefined) {
    throw stop(EXIT.machine, APPLY_PROBLEMS.noLockdown, proof.diagnostics[0]?.message ?? 'its proof failed');
  }
  const lockdown = artifacts.map(({ text }) => programOf(text)).map((program) => inTable(program, LOCKDOWN_TABLE));
  return {
    mechanism: 'nftables',
    ruleset: `${withoutLockdown(written)}${REMOVES_LOCKDOWN}`,
    lockdown: lockdown
      .flatMap((program) => TARGETS.nftables.print(program))
      .map(({ text }) => text)
      .join(''),
    policy: JSON.stringify(sources),
    others,
  };
}

const REMOVES_LOCKDOWN = `table inet ${LOCKDOWN_TABLE}\ndelete table inet ${LOCKDOWN_TABLE}\n`;

/** Of a change that is gone back to: it has been persisted before. */
function withoutLockdown(ruleset: string): string {
  return ruleset.endsWith(REMOVES_LOCKDOWN) ? ruleset.slice(0, -REMOVES_LOCKDOWN.length) : ruleset;
}
