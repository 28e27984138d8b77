import type { HostFacts, ListeningService } from '../../analysis/index.ts';
import type { HostSnapshot, Listener } from '../../enforcer/protocol.ts';
import { PROTOCOLS, parseAddress } from '../../net/index.ts';
import { backendsOf } from '../live/snapshot.ts';

/** What root sees of this machine: every program behind a socket, and the rules of both kinds of iptables. */
export function liveFacts(snapshot: HostSnapshot): Pick<HostFacts, 'iptablesBackends' | 'listeners'> {
  const { legacy, nft } = backendsOf(snapshot);
  return {
    iptablesBackends: [...(legacy ? (['legacy'] as const) : []), ...(nft ? (['nft'] as const) : [])],
    listeners: snapshot.listeners.flatMap(serviceOf),
  };
}

function serviceOf({ protocol, address: text, port, program }: Listener): ListeningService[] {
  const address = parseAddress(text);
  if (address === undefined || (protocol !== PROTOCOLS.tcp && protocol !== PROTOCOLS.udp)) return [];
  return [
    {
      protocol: protocol === PROTOCOLS.tcp ? 'tcp' : 'udp',
      port,
      ...(address.value === 0n ? {} : { address }),
      ...(program === undefined ? {} : { program }),
    },
  ];
}
