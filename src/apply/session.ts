import { type Address, formatAddress } from '../net/index.ts';
import type { LiveConnection } from './connection.ts';

/** An administrator's connection to this machine. */
export interface AdminSession {
  readonly connection: LiveConnection; // from the client, to this machine
  readonly own: boolean; // the one that this runs in
  readonly via: string; // the program that listens: `sshd`
}

/** A socket that takes new connections. */
export interface ListeningSocket {
  readonly protocol: number;
  readonly address: Address; // all zeros: every address; of IPv6, of IPv4 too
  readonly port: number;
  readonly program?: string;
}

/** The name of the session that a command runs in. It is never the name of another, so that nobody gives it up by accident. */
export const OWN_SESSION = 'own';

/** What `--yes-cut` takes: the client's address and port. */
export function sessionName(session: AdminSession): string {
  return session.own ? OWN_SESSION : clientText(session);
}

export function clientText({ connection: { src, sport } }: AdminSession): string {
  const host = src.family === 6 ? `[${formatAddress(src)}]` : formatAddress(src);
  return sport === undefined ? host : `${host}:${sport}`;
}

/**
 * The ports on which the client of a session could log in anew, the one that it uses first. A server that has been told to listen
 * elsewhere keeps the sessions that it has.
 */
export function portsToLogIn({ connection, via }: AdminSession, listeners: readonly ListeningSocket[]): number[] {
  const { protocol, dst, dport } = connection;
  const heard = listeners.filter((each) => each.protocol === protocol && hears(each, dst));
  if (dport !== undefined && heard.some((each) => each.port === dport)) return [dport];
  const others = heard.filter((each) => each.program === via).map((each) => each.port);
  return others.length > 0 ? [...new Set(others)] : dport === undefined ? [] : [dport];
}

function hears({ address }: ListeningSocket, dst: Address): boolean {
  if (address.value === 0n) return address.family === 6 || address.family === dst.family;
  return address.family === dst.family && address.value === dst.value;
}

/** Programs that log people in over the network. */
export function isRemoteShell(program: string | undefined): boolean {
  return program !== undefined && /^(?:sshd|dropbear|tinysshd)/.test(program);
}
