import { all, field, type Grant, type Match, symbol } from '../../ir/index.ts';
import { foreignIcmp, joined, originOf, unheardName, unseenReceiver } from '../netfilter/capability.ts';
import { type Pair, pairPackets, servicePackets } from '../netfilter/pair.ts';
import type { Approximation } from '../target.ts';
import { EVERY_PROTOCOL } from './way.ts';

/** What iptables cannot tell of a first packet, with exactly the packets that it therefore judges otherwise than the policy. */
export function approximationsOf(grant: Grant, pairs: readonly Pair[], useSets: boolean): Approximation[] {
  return joined([
    ...pairs.flatMap((pair) => (pair.cgroup === undefined ? unseenReceiver(grant, pair) : unheldCgroup(grant, pair))),
    ...pairs.flatMap((pair) => (useSets ? unheardName(grant, pair) : unknownName(grant, pair))),
    ...pairs.flatMap((pair) => foreignIcmp(grant, pair)),
    ...pairs.flatMap((pair) => everyProtocol(grant, pair)),
  ]);
}

function narrower(grant: Grant, packets: Match, sentence: string, help?: string): Approximation {
  return {
    effect: 'narrower',
    packets,
    sentence: `flow \`${grant.name}\` ${sentence}`,
    ...(help === undefined ? {} : { help }),
    origin: originOf(grant),
  };
}

/**
 * A rule can name a cgroup only while there is one, else the whole file is refused; and it goes on asking for that very cgroup, which is
 * gone when its service starts again (cgroup_mt_check_v1, net/netfilter/xt_cgroup.c).
 */
function unheldCgroup(grant: Grant, pair: Pair): Approximation[] {
  return [
    narrower(
      grant,
      pairPackets(grant, pair),
      `lets nothing through that \`${pair.cgroup}\` sends, because iptables loses a service's cgroup when it starts again`,
      'let the service have an account of its own (`User=`), and name that',
    ),
  ];
}

function unknownName(grant: Grant, pair: Pair): Approximation[] {
  if (pair.group === undefined) return [];
  return [
    narrower(
      grant,
      all(pairPackets(grant, pair), symbol({ kind: 'asked', group: pair.group })),
      `reaches no name of \`${pair.group}\`, because rules of iptables hold addresses`,
      'render `iptables-ipset`, whose sets the policy resolver fills, or send this traffic through the gateway',
    ),
  ];
}

function everyProtocol(grant: Grant, pair: Pair): Approximation[] {
  const services = grant.services.filter(({ protocol }) => protocol === EVERY_PROTOCOL);
  return services.map((service) =>
    narrower(
      grant,
      all(
        pairPackets({ ...grant, services: [service] }, pair),
        servicePackets(service),
        field('protocol', EVERY_PROTOCOL),
      ),
      'does not let protocol 0 through, which iptables takes for every protocol',
    ),
  );
}
