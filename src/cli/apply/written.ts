import {
  type ChangeFault,
  isRemoteShell,
  type LiveConnection,
  lockdownIntent,
  type ManagementPath,
  proveChange,
} from '../../apply/index.ts';
import type { ChangeMeta, ChangeRequest, HostSnapshot, PersistedFiles } from '../../enforcer/protocol.ts';
import { PROTOCOLS } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import {
  type AliveConnection,
  type Changeable,
  inTable,
  LOCKDOWN_TABLE,
  type Program,
  stageChange,
  TARGETS,
} from '../../target/index.ts';
import { renderProven } from '../../verify/index.ts';
import { EXIT } from '../console.ts';
import type { NewRules } from '../live/new-rules.ts';
import type { Live, Planned } from '../live/planned.ts';
import { stop } from '../report.ts';
import { APPLY_PROBLEMS } from './problems.ts';

/** How a change is to be made. */
export interface ChangeOrder {
  readonly meta: ChangeMeta;
  readonly trialSeconds?: number; // absent: permanent at once
  readonly keep: number; // confirmed changes that are kept
}

/**
 * Writes a planned change as the transactions that make it, each read back and followed through all that can happen to it, with
 * what will be loaded at boot. @throws Stop where something else stands in the way, or a proof fails: then nothing is changed
 */
export function writeChange(
  { rules, plan, live }: Planned & { readonly live: Live },
  { terse, ruleset, text, state }: HostSnapshot,
  { meta, trialSeconds, keep }: ChangeOrder,
): ChangeRequest {
  const before = changeable(live, state);
  const policy = rules.ruleset === '' ? undefined : programOf(rules.ruleset);
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
    ...(policy === undefined ? {} : { persist: persisted(rules, managementOf(live), text ?? ruleset) }),
    keep,
  };
}

/** @throws Stop where a trial runs, or our table is not ours */
function changeable({ facts }: Live, { pending }: HostSnapshot['state']): Changeable {
  const stands = facts.around.listing.standing();
  switch (stands.kind) {
    case 'absent':
    case 'settled':
    case 'expired':
      return stands;
    case 'foreign':
      throw stop(EXIT.refused, APPLY_PROBLEMS.notOurs, stands.reason);
    case 'trial': {
      const { by, since } = stands.candidateNote ?? {};
      const left = pending === undefined ? '' : `, ${Math.ceil(pending.remainingSeconds)} s left`;
      throw stop(
        EXIT.refused,
        APPLY_PROBLEMS.pending,
        `by ${by ?? 'somebody'}, since ${since ?? 'an unknown time'}${left}`,
      );
    }
  }
}

function programOf(ruleset: string): Program {
  const { ast } = TARGETS.nftables.parse([new SourceFile('<the new rules>', ruleset)]);
  if (ast === undefined) throw new Error('rules that were proven cannot be read');
  return ast;
}

/** What the new rules would let open, and conntrack would take for something new where it appears in the middle. */
function unknownToConntrack({ facts }: Live, denied: ReadonlySet<LiveConnection>): AliveConnection[] {
  return facts.connections.flatMap((connection) => {
    const { protocol, src, sport, dst, dport, way, tracked } = connection;
    const isKnown = tracked || way === 'loopback' || way === 'forward' || denied.has(connection);
    if (isKnown || sport === undefined || dport === undefined) return [];
    if (protocol !== PROTOCOLS.tcp && protocol !== PROTOCOLS.udp) return [];
    return [{ protocol, src, sport, dst, dport }];
  });
}

/** The flows that the sessions were proven to come in by, and the ports that take new ones. */
function managementOf({ facts, preflight }: Live): ManagementPath {
  const flows = preflight.proven.flatMap(({ what, path }) => (what === 'new' ? (path.at(-1)?.origin?.flow ?? []) : []));
  const ports = facts.listeners.flatMap(({ port, program }) => (isRemoteShell(program) ? [port] : []));
  return { flows: new Set(flows), ports: ports.length > 0 ? ports : [SSH] };
}

/** The port that IANA gave to SSH: where nothing listens now, it may when the machine needs repair. */
const SSH = 22;

/** What is loaded at boot: the lock-down first, then the rules, which take it away. */
function persisted(rules: NewRules, management: ManagementPath, others: string): PersistedFiles {
  const { artifacts, proof } = renderProven(TARGETS.nftables, lockdownIntent(rules.intent, management));
  if (artifacts === undefined) {
    throw stop(EXIT.machine, APPLY_PROBLEMS.noLockdown, proof.diagnostics[0]?.message ?? 'its proof failed');
  }
  const lockdown = artifacts.map(({ text }) => programOf(text)).map((program) => inTable(program, LOCKDOWN_TABLE));
  return {
    mechanism: 'nftables',
    ruleset: `${withoutLockdown(rules.ruleset)}${REMOVES_LOCKDOWN}`,
    lockdown: lockdown
      .flatMap((program) => TARGETS.nftables.print(program))
      .map(({ text }) => text)
      .join(''),
    policy: JSON.stringify(rules.sources),
    others,
  };
}

const REMOVES_LOCKDOWN = `table inet ${LOCKDOWN_TABLE}\ndelete table inet ${LOCKDOWN_TABLE}\n`;

/** Of a change that is gone back to: it has been persisted before. */
function withoutLockdown(ruleset: string): string {
  return ruleset.endsWith(REMOVES_LOCKDOWN) ? ruleset.slice(0, -REMOVES_LOCKDOWN.length) : ruleset;
}

function faultText({ at, problem }: ChangeFault): string {
  return `${at}: ${problem}`;
}
