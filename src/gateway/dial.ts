import { connect, type Socket } from 'node:net';
import { type Address, type DnsName, formatAddress } from '../net/index.ts';
import type { Admission } from './admission.ts';
import type { Reason } from './record.ts';
import type { Refusal } from './refusal.ts';

/** Looks up the addresses of a name for whoever has been admitted; an empty list where there are none. Never throws. */
export interface Addresses {
  readonly of: (name: DnsName) => Promise<readonly Address[]>;
}

const CONNECT_MS = 10_000; // for one address
const ADDRESSES_AT_MOST = 8; // tried for one connection, in order
const NEXT_AFTER_MS = 250; // RFC 8305 5: the next address is tried beside a slow one

/** Bytes that may wait in a connection. Node reads 64 KiB at once: where no more fitted, it would stop and start reading for each. */
export const ON_ITS_WAY = 262_144;
const SOCKET = { noDelay: true, allowHalfOpen: true, highWaterMark: ON_ITS_WAY };

/** A connection to where an admitted client wants to go. */
export interface Dialled {
  readonly kind: 'dialled';
  readonly socket: Socket; // connected, paused
  readonly address: Address;
}

/**
 * Resolves the host of an admission and connects to it: the only place in which the gateway dials. Every address is put to the
 * policy first, whatever found it; addresses that may not be dialled are passed over, and are the reason where none is left.
 */
export async function dial(admission: Admission, addresses: Addresses): Promise<Dialled | Refusal> {
  const { host, port } = admission.wanted;
  const found = host.kind === 'address' ? [host.address] : await addresses.of(host.name);
  if (found.length === 0) return admission.failed('no-address');
  const denials = new Set<Reason>();
  const dialable = found.filter((address) => {
    const denial = admission.mayDial(address);
    if (denial !== undefined) denials.add(denial);
    return denial === undefined;
  });
  if (dialable.length === 0) return admission.failed([...denials][0] ?? 'no-address');
  const reached = await firstToAnswer(interleaved(dialable).slice(0, ADDRESSES_AT_MOST), port);
  return reached.kind === 'none' ? admission.failed(reached.reason) : reached;
}

/** IPv6 and IPv4 by turns, IPv6 first (RFC 8305 4). */
export function interleaved(addresses: readonly Address[]): readonly Address[] {
  const six = addresses.filter(({ family }) => family === 6);
  const four = addresses.filter(({ family }) => family === 4);
  return Array.from({ length: Math.max(six.length, four.length) }, (_, at) => [six[at], four[at]])
    .flat()
    .filter((address) => address !== undefined);
}

interface None {
  readonly kind: 'none';
  readonly reason: 'unreachable' | 'no-answer';
}

/** Connects to the first that answers; each next one is begun when those before it have failed or are slow. */
function firstToAnswer(addresses: readonly Address[], port: number): Promise<Dialled | None> {
  return new Promise((resolve) => {
    const attempts = new Set<Socket>();
    let next = 0;
    let timer: NodeJS.Timeout | undefined;
    let reason: None['reason'] = 'unreachable';
    const settle = (outcome: Dialled | None): void => {
      clearTimeout(timer);
      const kept = outcome.kind === 'dialled' ? outcome.socket : undefined;
      for (const socket of attempts) if (socket !== kept) socket.destroy();
      attempts.clear();
      resolve(outcome);
    };
    const begin = (): void => {
      clearTimeout(timer);
      const address = addresses[next++];
      if (address === undefined) {
        if (attempts.size === 0) settle({ kind: 'none', reason });
        return;
      }
      const options = { ...SOCKET, host: formatAddress(address), port };
      const socket = connect(options);
      attempts.add(socket);
      const failed = (): void => {
        socket.destroy();
        if (attempts.delete(socket)) begin();
      };
      const late = (): void => {
        reason = 'no-answer';
        failed();
      };
      socket.setTimeout(CONNECT_MS, late);
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.off('error', failed);
        socket.setTimeout(0, late);
        socket.pause();
        if (attempts.has(socket)) settle({ kind: 'dialled', socket, address });
      });
      if (next < addresses.length) timer = setTimeout(begin, NEXT_AFTER_MS);
    };
    begin();
  });
}
