import { address, all, any, atHook, everything, field, type Match } from '../ir/index.ts';
import { type Address, type AddressRange, PROTOCOLS } from '../net/index.ts';
import type { AliveConnection } from '../target/index.ts';

/** Every value of the flags in which SYN, the second bit, is not set (RFC 9293 3.1). */
const WITHOUT_SYN = Array.from({ length: 64 }, (_, upper) => ({ first: upper * 4, last: upper * 4 + 1 }));

/** The packets that connections alive when a change begins may send, in both directions: none of them opens a TCP connection. */
export function alivePackets(alive: readonly AliveConnection[]): Match {
  return any(
    ...alive.flatMap(({ protocol, src, sport, dst, dport }) => [
      oneWay(protocol, src, sport, dst, dport),
      oneWay(protocol, dst, dport, src, sport),
    ]),
  );
}

function oneWay(protocol: 6 | 17, src: Address, sport: number, dst: Address, dport: number): Match {
  return all(
    atHook('input', 'output'),
    address('src', single(src)),
    address('dst', single(dst)),
    field('protocol', protocol),
    field('sport', sport),
    field('dport', dport),
    protocol === PROTOCOLS.tcp ? field('tcpFlags', ...WITHOUT_SYN) : everything,
  );
}

function single({ family, value }: Address): AddressRange {
  return { family, first: value, last: value };
}
