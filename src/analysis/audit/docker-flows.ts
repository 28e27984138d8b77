import type { Flow } from '../../ir/index.ts';
import { type Address, type Family, PROTOCOLS, parseAddress } from '../../net/index.ts';
import { containerPortOf, type Published } from './docker-published.ts';

/** Machines that nobody named (RFC 5737, RFC 3849). */
export const STRANGER: Readonly<Record<Family, string>> = { 4: '203.0.113.9', 6: '2001:db8::9' };
const OWN: Readonly<Record<Family, string>> = { 4: '192.0.2.5', 6: '2001:db8::5' };

/** A stranger's first packet once it is led to the container. */
export function translated(port: Published, index: number, target: Address): Flow {
  return {
    ...opening(port, target.family),
    hook: 'forward',
    dst: target,
    dport: containerPortOf(port.containerPorts, index),
    dstType: 'unicast',
    outInterface: port.bridge ?? 'docker0',
  };
}

/** Docker's proxy accepts the connection on the machine, and opens one of its own to the container. */
export function throughProxy(port: Published, index: number, family: Family): Flow | undefined {
  if (port.ports === undefined) return undefined; // of Docker's choice
  return { ...opening(port, family), hook: 'input', ...atDoor(port, index, family) };
}

/** Before it is translated: to an address and a port of the machine. */
export function atDoor({ on, ports }: Published, index: number, family: Family) {
  return {
    dst: on?.family === family ? on : parseAddress(OWN[family])!,
    dport: (ports?.first ?? 0) + index,
    dstType: 'local' as const,
  };
}

function opening({ protocol }: Published, family: Family) {
  return {
    family,
    src: parseAddress(STRANGER[family])!,
    protocol: PROTOCOLS[protocol],
    sport: 40_000,
    ...(protocol === 'tcp' ? { tcpFlags: 2 } : {}),
    state: 'new' as const,
    inInterface: 'eth0',
    srcType: 'unicast' as const,
    symbols: new Set<string>(),
  };
}
