import { all, everything, formatRate, type Grant, type Match, not, type Rate, symbol } from '../../ir/index.ts';
import { originOf } from '../netfilter/capability.ts';
import { type Pair, pairPackets } from '../netfilter/pair.ts';
import type { Approximation } from '../target.ts';

/**
 * ufw's own limit lets five new connections through in 30 seconds from each address (`--seconds 30 --hitcount 6`, ufw(8)), thus ten a minute.
 * A rate between half of that and half as much again is what people mean by it; another is counted by a rule of iptables.
 */
export function isNearLimit({ count, per, perSource }: Rate): boolean {
  return perSource && per === 'minute' && count >= 5 && count <= 15;
}

const COUNTS =
  'ufw lets 5 new connections through in 30 seconds from each address, and counts those of all its limited rules together';

/** ufw's limit in place of the policy's rate. */
export function limited(grant: Grant, pair: Pair, rate: Rate): Approximation[] {
  const limit = formatRate(rate);
  const within = symbol({ kind: 'within-rate', flow: grant.name, limit });
  const packets = pairPackets(withoutRate(grant), pair);
  const origin = originOf(grant);
  const name = `flow \`${grant.name}\``;
  return [
    {
      ...{ effect: 'wider', packets: all(packets, not(within)), origin },
      sentence: `${name} may go beyond ${limit}: ${COUNTS}`,
      help: 'render nftables or iptables, which count as the policy says',
    },
    {
      ...{ effect: 'narrower', packets: all(packets, within), origin },
      sentence: `${name} may be stopped within ${limit}: ${COUNTS}`,
    },
    {
      ...{ effect: 'refusal', packets, origin },
      sentence: `${name} is rejected beyond the limit, where the policy drops`,
    },
  ];
}

/** Nothing of a flow is let through. @param asked what its packets have besides */
export function omitted(grant: Grant, pair: Pair, why: string, help: string, asked: Match = everything): Approximation {
  return {
    effect: 'narrower',
    packets: all(pairPackets(grant, pair), asked),
    sentence: `flow \`${grant.name}\` lets nothing through ${why}`,
    help,
    origin: originOf(grant),
  };
}

export function withoutRate({ rate: _, ...grant }: Grant): Grant {
  return grant;
}
