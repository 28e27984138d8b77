import type { Address, DnsName, Family } from '../net/index.ts';
import type { AddressType, ConntrackState, Hook, Quantity } from './match.ts';

/**
 * One concrete packet and where it stands. What is absent the packet does not have (ports of an ICMP packet), or nobody
 * knows (the receiving account).
 */
export interface Flow {
  readonly hook: Hook;
  readonly family: Family;
  readonly src: Address;
  readonly dst: Address;
  readonly dstName?: DnsName; // the name the client asked for; `dst` is then an address that it resolves to
  readonly protocol: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly tcpFlags?: number;
  readonly state: ConntrackState;
  readonly inInterface?: string; // at input and forward
  readonly outInterface?: string; // at output and forward
  readonly srcAccount?: number; // uid, at output
  readonly dstAccount?: number; // uid, at input
  readonly srcType: AddressType;
  readonly dstType: AddressType;
  readonly quantities?: ReadonlyMap<Quantity, number>; // those that are not 0
  readonly symbols: ReadonlySet<string>; // the `symbolKey`s that hold
}
