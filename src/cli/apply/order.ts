import { type ChangeFault, isRemoteShell, type LiveConnection, type ManagementPath } from '../../apply/index.ts';
import type { ChangeMeta, StoredState } from '../../enforcer/protocol.ts';
import { PROTOCOLS } from '../../net/index.ts';
import type { AliveConnection, IptablesStanding, Standing } from '../../target/index.ts';
import { EXIT } from '../console.ts';
import type { Live } from '../live/planned.ts';
import { stop } from '../report.ts';
import { APPLY_PROBLEMS } from './problems.ts';

/** How a change is to be made. */
export interface ChangeOrder {
  readonly meta: ChangeMeta;
  readonly trialSeconds?: number; // absent: permanent at once
  readonly keep: number; // confirmed changes that are kept
}

/** @throws Stop where a trial runs, or what stands under our names is not ours */
export function changeable<S extends Standing | IptablesStanding>(
  stands: S,
  { pending }: StoredState,
): Extract<S, { readonly kind: 'absent' | 'settled' | 'expired' }> {
  if (isChangeable(stands)) return stands;
  if (stands.kind === 'foreign') throw stop(EXIT.refused, APPLY_PROBLEMS.notOurs, stands.reason);
  const { by, since } = ('candidateNote' in stands ? stands.candidateNote : undefined) ?? {};
  const left = pending === undefined ? '' : `, ${Math.ceil(pending.remainingSeconds)} s left`;
  throw stop(
    EXIT.refused,
    APPLY_PROBLEMS.pending,
    `by ${by ?? 'somebody'}, since ${since ?? 'an unknown time'}${left}`,
  );
}

function isChangeable<S extends Standing | IptablesStanding>(
  stands: S,
): stands is Extract<S, { readonly kind: 'absent' | 'settled' | 'expired' }> {
  return stands.kind === 'absent' || stands.kind === 'settled' || stands.kind === 'expired';
}

/** What the new rules would let open, and conntrack would take for something new where it appears in the middle. */
export function unknownToConntrack({ facts }: Live, denied: ReadonlySet<LiveConnection>): AliveConnection[] {
  return facts.connections.flatMap((connection) => {
    const { protocol, src, sport, dst, dport, way, tracked } = connection;
    const isKnown = tracked || way === 'loopback' || way === 'forward' || denied.has(connection);
    if (isKnown || sport === undefined || dport === undefined) return [];
    if (protocol !== PROTOCOLS.tcp && protocol !== PROTOCOLS.udp) return [];
    return [{ protocol, src, sport, dst, dport }];
  });
}

/** The flows that the sessions were proven to come in by, and the ports that take new ones. */
export function managementOf({ facts, preflight }: Live): ManagementPath {
  const flows = preflight.proven.flatMap(({ what, path }) => (what === 'new' ? (path.at(-1)?.origin?.flow ?? []) : []));
  const ports = facts.listeners.flatMap(({ port, program }) => (isRemoteShell(program) ? [port] : []));
  return { flows: new Set(flows), ports: ports.length > 0 ? ports : [SSH] };
}

/** The port that IANA gave to SSH: where nothing listens now, it may when the machine needs repair. */
const SSH = 22;

export function faultText({ at, problem }: ChangeFault): string {
  return `${at}: ${problem}`;
}
