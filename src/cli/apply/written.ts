import type { ChangeRequest, HostSnapshot } from '../../enforcer/protocol.ts';
import type { Live, Planned } from '../live/planned.ts';
import type { ChangeOrder } from './order.ts';
import { writeIptablesChange } from './written-iptables.ts';
import { writeNftChange } from './written-nft.ts';

/**
 * Writes a planned change as the transactions that make it, each read back and followed through all that can happen to it, with
 * what will be loaded at boot. @throws Stop where something else stands in the way, or a proof fails: then nothing is changed
 */
export function writeChange(
  planned: Planned & { readonly live: Live },
  snapshot: HostSnapshot,
  order: ChangeOrder,
): ChangeRequest {
  switch (planned.live.facts.around.listing.mechanism) {
    case 'nftables':
      return writeNftChange(planned, snapshot, order);
    case 'iptables':
      return writeIptablesChange(planned, snapshot, order);
  }
}
