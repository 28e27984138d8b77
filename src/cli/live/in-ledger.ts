import type { LedgerNote } from '../../enforcer/protocol.ts';
import { Stop } from '../report.ts';
import type { LiveHost } from './host.ts';

/**
 * Writes down in the machine's own ledger what was found or rehearsed, where an auditor looks for it. Nothing hangs on it.
 * @returns false where no change has been made on this machine, or this account may not write there
 */
export async function noteInLedger(host: LiveHost, entry: Omit<LedgerNote, 'by'>): Promise<boolean> {
  try {
    const { recorded } = await host.ask('note', { ...entry, by: host.person });
    return recorded;
  } catch (error) {
    if (error instanceof Stop) return false;
    throw error;
  }
}
