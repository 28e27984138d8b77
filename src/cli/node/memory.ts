import { LEDGER_FILE, type LedgerEntry, parseLedger } from '../../enforcer/index.ts';
import type { LiveHost } from '../live/host.ts';
import { noteInLedger } from '../live/in-ledger.ts';

/**
 * Whether this machine was well under a policy is kept in its own ledger, so that a pod that starts again (as Kubernetes makes it, again and
 * again) does not put the same policy on trial once more, and the node with it.
 */
const EVENT = 'health';
const WELL = 'well';

/** When a policy was last taken back here because the node was unwell under it; `undefined` where that is not so. */
export function unwellUnder(host: LiveHost, policyHash: string): Pick<LedgerEntry, 'at' | 'outcome'> | undefined {
  const read = host.machine.read(LEDGER_FILE);
  if (!('text' in read)) return undefined;
  const last = parseLedger(read.text).entries.findLast(
    (entry) => entry.event === EVENT && entry.policyHash === policyHash,
  );
  return last === undefined || last.outcome === WELL ? undefined : last;
}

export async function rememberHealth(host: LiveHost, policyHash: string, why: string | undefined): Promise<void> {
  await noteInLedger(host, { event: EVENT, outcome: why ?? WELL, policyHash });
}
