import { all, any, field, type Grant, not, type Origin, type Service, symbol } from '../../ir/index.ts';
import { type Family, PROTOCOLS, protocolName } from '../../net/index.ts';
import type { Approximation } from '../target.ts';
import { type Pair, pairPackets, servicePackets } from './pair.ts';

/** What an approximation of a flow stems from. */
export function originOf(grant: Grant): Origin {
  return { ...grant.origin, flow: grant.name };
}

/** A flow with several peers says each thing once. */
export function joined(approximations: readonly Approximation[]): Approximation[] {
  const bySentence = new Map<string, Approximation>();
  for (const each of approximations) {
    const key = `${each.effect} ${each.sentence}`;
    const known = bySentence.get(key);
    bySentence.set(key, known === undefined ? each : { ...known, packets: any(known.packets, each.packets) });
  }
  return [...bySentence.values()];
}

/** The receiver of a packet is known when it is delivered, after all that filters. */
export function unseenReceiver(grant: Grant, pair: Pair): Approximation[] {
  if (pair.receivers === undefined) return [];
  return [
    {
      effect: 'wider',
      packets: all(pairPackets(grant, pair), not(field('dstAccount', ...pair.receivers))),
      sentence: `flow \`${grant.name}\` reaches every account that listens on its ports, because the kernel does not know a packet's receiver before it is delivered`,
      help: 'let nobody else listen there, or give the receiver an address of its own',
      origin: originOf(grant),
    },
  ];
}

/** Addresses are compared, which a resolver keeps for the names. */
export function unheardName(grant: Grant, pair: Pair): Approximation[] {
  if (pair.group === undefined) return [];
  const packets = pairPackets(grant, pair);
  const asked = symbol({ kind: 'asked', group: pair.group });
  const member = symbol({ kind: 'member', group: pair.group });
  return [
    {
      effect: 'wider',
      packets: all(packets, member, not(asked)),
      sentence: `flow \`${grant.name}\` also reaches other names that share an address with \`${pair.group}\`, because the kernel compares addresses`,
      help: 'send this traffic through the gateway, which checks the name',
      origin: originOf(grant),
    },
    {
      effect: 'narrower',
      packets: all(packets, asked, not(member)),
      sentence: `flow \`${grant.name}\` reaches a name of \`${pair.group}\` only after our resolver has put its address into the set`,
      help: 'let the machine ask the policy resolver',
      origin: originOf(grant),
    },
  ];
}

/** ICMP belongs to IPv4 and ICMPv6 to IPv6; neither language has words for one inside the other, and nobody sends it. */
export function foreignIcmp(grant: Grant, pair: Pair): Approximation[] {
  return grant.services.flatMap((service) =>
    ([4, 6] as const)
      .filter((family) => isForeignIcmp(service, family))
      .map((family) => ({
        effect: 'narrower' as const,
        packets: all(
          pairPackets({ ...grant, services: [service] }, pair),
          servicePackets(service),
          field('family', family),
        ),
        sentence: `flow \`${grant.name}\` does not let ${protocolName(service.protocol)} inside IPv${family} through`,
        origin: originOf(grant),
      })),
  );
}

/** A service that asks for the ICMP of the other family. Without a type it is a protocol like others, and can be written. */
export function isForeignIcmp(service: Service, family: Family): boolean {
  if (service.family !== undefined && service.family !== family) return false;
  return service.icmp !== undefined && service.protocol === (family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp);
}
