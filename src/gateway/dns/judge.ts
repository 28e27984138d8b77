import type { Address } from '../../net/index.ts';
import type { EgressDecision } from '../../semantics/index.ts';
import type { Gatekeeper } from '../gatekeeper.ts';
import type { Client } from '../wanted.ts';
import type { DnsRecord, FoundAnswer } from './answer.ts';

/** What of an answer one client is told. */
export interface Told {
  readonly records: readonly DnsRecord[];
  readonly opened: readonly Address[]; // public ones, that the kernel may have to know
  readonly isAllWithheld: boolean; // there were addresses, and none of them is for this client
}

/** Leaves out the addresses that the policy does not let this client have by this name (D12). */
export function toldTo(gatekeeper: Gatekeeper, client: Client, decision: EgressDecision, answer: FoundAnswer): Told {
  const opened: Address[] = [];
  let withheld = 0;
  let left = 0;
  const records = answer.records.filter(({ address }) => {
    if (address === undefined) return true;
    if (!mayBeTold(gatekeeper, client, decision, address)) {
      withheld++;
      return false;
    }
    left++;
    if (isForAnybody(gatekeeper, address)) opened.push(address);
    return true;
  });
  return { records, opened, isAllWithheld: withheld > 0 && left === 0 };
}

function mayBeTold(gatekeeper: Gatekeeper, client: Client, decision: EgressDecision, address: Address): boolean {
  const isOwn = gatekeeper.settings.isOwn(address);
  if (decision.verdict === 'deny') return !isOwn && gatekeeper.policy.isPublic(address); // only observing
  return gatekeeper.policy.mayDial(decision, client, undefined, address, isOwn).verdict === 'allow';
}

function isForAnybody({ policy, settings }: Gatekeeper, address: Address): boolean {
  return policy.isPublic(address) && !settings.isOwn(address);
}
