import type { Grant } from '../../ir/index.ts';
import { foreignIcmp, joined, unheardName, unseenReceiver } from '../netfilter/capability.ts';
import type { Pair } from '../netfilter/pair.ts';
import type { Approximation } from '../target.ts';

/** What the kernel cannot tell of a first packet, with exactly the packets that it therefore judges otherwise than the policy. */
export function approximationsOf(grant: Grant, pairs: readonly Pair[]): Approximation[] {
  return joined([
    ...pairs.flatMap((pair) => unseenReceiver(grant, pair)),
    ...pairs.flatMap((pair) => unheardName(grant, pair)),
    ...pairs.flatMap((pair) => foreignIcmp(grant, pair)),
  ]);
}
