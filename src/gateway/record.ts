import type { Denial } from '../semantics/index.ts';

/** How a client came to the gateway. */
export type Way = 'dns' | 'connect' | 'http' | 'socks' | 'transparent';

/** Why something was refused: what the policy says of it, or what the gateway could not do. */
export type Reason =
  | Denial
  | 'no-identity' // nobody can tell who asks, or the credentials are wrong
  | 'bad-host' // the text of the host is none
  | 'bad-request' // it is not the protocol that it should be, or it contradicts itself
  | 'query-type' // DNS: a type or class that the gateway answers to nobody
  | 'budget' // too much of something within some time
  | 'rate' // more connections than the flow allows
  | 'no-address' // the name has no address, or its resolver does not answer
  | 'not-opened' // the kernel did not take the addresses that were found
  | 'unreachable' // the destination refuses, or there is no way to it
  | 'no-answer' // the destination does not answer in time
  | 'cut'; // the policy has become narrower while the connection was open

/**
 * What is kept of every decision: who wanted what, what became of it, and why. Never a body, a header, a path or a
 * credential. Texts are as the client sent them: whoever shows a record escapes it.
 */
export interface GatewayRecord {
  readonly id: string; // of the request; a refused client is told it, too
  readonly time: string; // of the decision, ISO 8601, UTC
  readonly way: Way;
  readonly agent: string; // the account's name, or the address where it is none of this machine's
  readonly client: string; // address and port
  readonly host: string; // canonical, or as it was asked for where it is no host
  readonly port?: number;
  readonly protocol: string; // `tcp`, `udp`; of a lookup the type: `A`, `HTTPS`
  readonly verdict: 'allow' | 'deny' | 'would-deny'; // the last: the gateway only observes
  readonly reason?: Reason;
  readonly sentence?: string; // the reason for people: no capital, no full stop
  readonly flow?: string; // that allows it
  readonly rule?: string; // where that flow stands: `file:line`
  readonly address?: string; // that the gateway connected to
  readonly sent?: number; // bytes from the client
  readonly received?: number; // bytes to the client
  readonly milliseconds?: number; // from the decision to the end
}
