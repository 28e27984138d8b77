import { type Address, formatAddress, type Host, protocolName } from '../net/index.ts';
import type { EgressClient, EgressDecision } from '../semantics/index.ts';
import type { GatewayRecord, Way } from './record.ts';

/** A client, as the gateway's listeners know it. */
export interface Client extends EgressClient {
  readonly agent: string; // for people and records: the account's name, or the address
  readonly port: number; // that it comes from
}

/** A connection that a client wants. */
export interface Wanted {
  readonly way: Exclude<Way, 'dns'>;
  readonly client: Client;
  readonly host: Host;
  readonly protocol: number;
  readonly port: number;
}

/**
 * Whom what a client uses up is counted against: an account wherever on this machine it sends from, since all of 127.0.0.0/8 is its to
 * choose from; else an address.
 */
export function countedAs({ account, address, cgroups }: EgressClient): string {
  return account === undefined
    ? formatAddress(address)
    : `uid ${account}${cgroups === undefined ? '' : ` in ${cgroups.join()}`}`;
}

export interface Clock {
  readonly now: () => number; // milliseconds that only go forward
  readonly time: () => string; // ISO 8601, UTC
}

/** What a listener knows of a request that it refuses without asking the policy; texts as the client sent them. */
export interface Unread {
  readonly way: Way;
  readonly client: Client | { readonly agent: string; readonly address: Address; readonly port: number };
  readonly host: string;
  readonly protocol: string;
  readonly port?: number;
}

export function unread({ way, client, host, protocol, port }: Wanted): Unread {
  return {
    way,
    client,
    host: host.kind === 'name' ? host.name : formatAddress(host.address),
    protocol: protocolName(protocol),
    port,
  };
}

/** The flow that allows it, and where it stands. */
export function flowFields(decision: EgressDecision): Pick<GatewayRecord, 'flow' | 'rule'> {
  if (decision.verdict === 'deny') return {};
  const { span } = decision.grant.origin;
  const rule = span === undefined ? undefined : `${span.file.name}:${span.file.positionAt(span.start).line}`;
  return { flow: decision.grant.name, ...(rule === undefined ? {} : { rule }) };
}
