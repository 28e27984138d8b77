import type { Service } from '../ir/index.ts';
import { ICMP_TYPES, ICMPV6_TYPES, PORT_PROTOCOLS, PROTOCOLS, parsePortRange, parseProtocol } from '../net/index.ts';

/** `tcp/22`, `udp/8000-8100`, `icmp/echo-request`, `icmpv6/echo-request`; `undefined` where the text is none of these. */
export function parseServiceText(text: string): Service | undefined {
  const slash = text.indexOf('/');
  if (slash === -1) return undefined;
  const protocol = parseProtocol(text.slice(0, slash));
  const rest = text.slice(slash + 1);
  if (protocol === undefined) return undefined;
  if (protocol === PROTOCOLS.icmp) return icmp(4, protocol, ICMP_TYPES, rest);
  if (protocol === PROTOCOLS.icmpv6) return icmp(6, protocol, ICMPV6_TYPES, rest);
  if (!PORT_PROTOCOLS.includes(protocol)) return undefined;
  const ports = parsePortRange(rest);
  return ports === undefined ? undefined : { protocol, ports };
}

function icmp(
  family: 4 | 6,
  protocol: number,
  types: Readonly<Record<string, number>>,
  name: string,
): Service | undefined {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  return type === undefined ? undefined : { protocol, family, icmp: { type } };
}
