import type { Flow } from '../ir/index.ts';
import {
  type Address,
  formatAddress,
  ICMP_TYPES,
  ICMPV6_TYPES,
  PORT_PROTOCOLS,
  PROTOCOLS,
  protocolName,
} from '../net/index.ts';

/**
 * A packet as a flow expression, which can be asked again: the interfaces tell where it stands (`iif` alone is input, `oif`
 * alone output, both forward).
 * @param accounts names of uids, for those that only a policy knows
 */
export function formatFlow(flow: Flow, accounts?: ReadonlyMap<number, string>): string {
  const hasPorts = PORT_PROTOCOLS.includes(flow.protocol);
  const words = [
    protocolName(flow.protocol),
    ...icmpType(flow),
    endText(formatHost(flow.src, hasPorts), flow.sport, hasPorts),
    '->',
    endText(flow.dstName ?? formatHost(flow.dst, hasPorts), flow.dport, hasPorts),
  ];
  if (flow.inInterface !== undefined) words.push('iif', flow.inInterface);
  if (flow.outInterface !== undefined) words.push('oif', flow.outInterface);
  if (flow.srcAccount !== undefined) words.push('uid', accounts?.get(flow.srcAccount) ?? String(flow.srcAccount));
  if (flow.state !== 'new') words.push('state', flow.state);
  const mark = flow.quantities?.get('mark') ?? 0;
  if (mark !== 0) words.push('mark', `0x${mark.toString(16)}`);
  return words.join(' ');
}

function formatHost(address: Address, portFollows: boolean): string {
  const text = formatAddress(address);
  return address.family === 6 && portFollows ? `[${text}]` : text;
}

function endText(host: string, port: number | undefined, hasPorts: boolean): string {
  return hasPorts && port !== undefined ? `${host}:${port}` : host;
}

function icmpType(flow: Flow): string[] {
  const names =
    flow.protocol === PROTOCOLS.icmp ? ICMP_TYPES : flow.protocol === PROTOCOLS.icmpv6 ? ICMPV6_TYPES : undefined;
  const { icmpType: type, icmpCode: code } = flow;
  if (names === undefined || type === undefined) return [];
  if (code !== undefined && code !== 0) return [`${type}/${code}`];
  return [Object.entries(names).find(([, number]) => number === type)?.[0] ?? String(type)];
}
