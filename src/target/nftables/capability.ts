import { all, any, field, type Grant, not, type Origin, type Service, symbol } from '../../ir/index.ts';
import { type Family, PROTOCOLS, protocolName } from '../../net/index.ts';
import type { Approximation } from '../target.ts';
import { type Pair, pairPackets, servicePackets } from './pair.ts';

/** What the kernel cannot tell of a first packet, with exactly the packets that it therefore judges otherwise than the policy. */
export function approximationsOf(grant: Grant, pairs: readonly Pair[]): Approximation[] {
  const origin: Origin = { ...grant.origin, flow: grant.name };
  return joined([
    ...pairs.flatMap((pair) => unseenReceiver(grant, pair, origin)),
    ...pairs.flatMap((pair) => unheardName(grant, pair, origin)),
    ...pairs.flatMap((pair) => foreignIcmp(grant, pair, origin)),
  ]);
}

/** A flow with several peers says each thing once. */
function joined(approximations: readonly Approximation[]): Approximation[] {
  const bySentence = new Map<string, Approximation>();
  for (const each of approximations) {
    const key = `${each.effect} ${each.sentence}`;
    const known = bySentence.get(key);
    bySentence.set(key, known === undefined ? each : { ...known, packets: any(known.packets, each.packets) });
  }
  return [...bySentence.values()];
}

function unseenReceiver(grant: Grant, pair: Pair, origin: Origin): Approximation[] {
  if (pair.receivers === undefined) return [];
  return [
    {
      effect: 'wider',
      packets: all(pairPackets(grant, pair), not(field('dstAccount', ...pair.receivers))),
      sentence: `flow \`${grant.name}\` reaches every account that listens on its ports, because the kernel does not know a packet's receiver before it is delivered`,
      help: 'let nobody else listen there, or give the receiver an address of its own',
      origin,
    },
  ];
}

function unheardName(grant: Grant, pair: Pair, origin: Origin): Approximation[] {
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
      origin,
    },
    {
      effect: 'narrower',
      packets: all(packets, asked, not(member)),
      sentence: `flow \`${grant.name}\` reaches a name of \`${pair.group}\` only after our resolver has put its address into the set`,
      help: 'let the machine ask the policy resolver',
      origin,
    },
  ];
}

/** ICMP belongs to IPv4 and ICMPv6 to IPv6; nft has no words for one inside the other, and nobody sends it. */
function foreignIcmp(grant: Grant, pair: Pair, origin: Origin): Approximation[] {
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
        origin,
      })),
  );
}

/** A service that asks for the ICMP of the other family. Without a type it is a protocol like others, and can be written. */
export function isForeignIcmp(service: Service, family: Family): boolean {
  if (service.family !== undefined && service.family !== family) return false;
  return service.icmp !== undefined && service.protocol === (family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp);
}
