import type { Service } from '../ir/index.ts';
import type { ConnectionProtocol, PortMatch } from '../kubernetes/index.ts';
import { PROTOCOLS } from '../net/index.ts';

const PROTOCOL: ReadonlyMap<number, ConnectionProtocol> = new Map([
  [PROTOCOLS.tcp, 'TCP'],
  [PROTOCOLS.udp, 'UDP'],
  [PROTOCOLS.sctp, 'SCTP'],
  [PROTOCOLS.icmp, 'ICMP'],
  [PROTOCOLS.icmpv6, 'ICMPv6'],
]);

const HIGHEST_TYPE = 255; // of ICMP, RFC 792
const HIGHEST_PORT = 65_535;
const EVERY_PROTOCOL = 256;

/** What services are as ports of a cluster's policies; `any` where they are everything. */
export function portsOf(services: readonly Service[]): readonly PortMatch[] | 'any' {
  const whole = new Set(services.filter(isWhole).map(({ protocol }) => protocol));
  if (whole.size === EVERY_PROTOCOL) return 'any';
  return services.flatMap((service): PortMatch[] => {
    const protocol = PROTOCOL.get(service.protocol);
    if (protocol === undefined) return [{ kind: 'protocol', number: service.protocol }];
    if (protocol === 'ICMP' || protocol === 'ICMPv6') {
      const type = service.icmp?.type;
      return [{ kind: 'ports', protocol, first: type ?? 0, last: type ?? HIGHEST_TYPE }];
    }
    const { first, last } = service.ports ?? { first: 1, last: HIGHEST_PORT };
    return last < 1 ? [] : [{ kind: 'ports', protocol, first: Math.max(1, first), last }]; // no connection is to port 0
  });
}

/** Of ICMP, what can be opened: the echo request. */
function isWhole({ protocol, ports, icmp }: Service): boolean {
  if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6)
    return icmp === undefined || icmp.code === undefined;
  return ports === undefined;
}
