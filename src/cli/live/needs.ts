import type { HostNeeds, ListeningSocket, LiveConnection } from '../../apply/index.ts';
import type { Machine } from '../../host/index.ts';
import { type Address, PROTOCOLS, parseAddress } from '../../net/index.ts';
import { resolversOf, timeServersOf } from '../init/machine-facts.ts';

const NTP = 123;
const TIME_PROGRAMS = /^(?:chronyd|ntpd|ntpsec|openntpd|systemd-timesyn)/; // names of processes have 15 bytes at most

/** What a machine asks others for: as it is configured, and as it does now. */
export function hostNeeds(
  machine: Machine,
  connections: readonly LiveConnection[],
  listeners: readonly ListeningSocket[],
): HostNeeds {
  const configured = timeServersOf(machine);
  const asked = connections
    .filter(({ way, protocol, dport }) => way === 'output' && protocol === PROTOCOLS.udp && dport === NTP)
    .map(({ dst }) => dst);
  const timeServers = distinct([...configured.flatMap((text) => parseAddress(text) ?? []), ...asked]);
  const runs = listeners.some(({ program }) => program !== undefined && TIME_PROGRAMS.test(program));
  return {
    resolvers: distinct(resolversOf(machine)),
    timeServers,
    keepsTime: runs || configured.length > 0 || timeServers.length > 0 || machine.exists('/run/systemd/timesync'),
  };
}

function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((each) => [`${each.family} ${each.value}`, each])).values()];
}
