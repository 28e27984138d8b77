import { ancestors, socketsOf, variableOf } from '../host/proc.ts';
import { ESTABLISHED, formatAddress, PROTOCOLS, parseSshConnection } from '../net/index.ts';
import { connectionKey } from './connections.ts';
import type { Connection, Session } from './protocol.ts';
import { isListening, type Socket } from './sockets.ts';

/**
 * Programs by which people administer a machine from elsewhere, by the name of their process. Since OpenSSH 9.8 a connection is
 * served by `sshd-session` (sshd(8)); where systemd listens for sshd, the connection's own process tells.
 */
export const REMOTE_LOGINS: readonly string[] = ['sshd', 'sshd-session', 'sshd-auth', 'dropbear', 'tailscaled'];

/**
 * Administrators' connections, on whatever port: those that came in to a port which one of these programs serves, or that one
 * of them holds. `own` is the one that the caller's process comes from, by its ancestors' sockets and `SSH_CONNECTION`.
 */
export function sessionsOf(
  connections: readonly Connection[],
  sockets: readonly Socket[],
  callerPid: number,
  proc: string,
): { readonly sessions: readonly Session[]; readonly limits: readonly string[] } {
  const tcp = sockets.filter(({ protocol }) => protocol === PROTOCOLS.tcp);
  const listeners = tcp.filter(isListening);
  const served = new Map(listeners.map((socket) => [socket.local.port, socket]));
  const byKey = new Map(connections.map((each) => [connectionKey(each), each]));
  const family = ancestors(callerPid, proc);
  const ownInodes = new Set(family.flatMap((pid) => socketsOf(pid, proc)));
  const named = family.map((pid) => variableOf(pid, 'SSH_CONNECTION', proc)).find((value) => value !== undefined);
  const ownKey = named === undefined ? undefined : keyOfSsh(named);
  const sessions = tcp.flatMap((socket): Session[] => {
    const via = [socket, served.get(socket.local.port)].find(isRemoteLogin)?.owner?.program;
    if (socket.state !== ESTABLISHED || via === undefined || !served.has(socket.local.port)) return [];
    const key = keyOf(socket);
    const connection = byKey.get(key);
    return connection === undefined ? [] : [{ connection, own: key === ownKey || ownInodes.has(socket.inode), via }];
  });
  const isKnown = ownKey === undefined || sessions.some(({ own }) => own);
  const limits = isKnown
    ? []
    : [`this session says that it came over SSH (${named}), but this machine has no such connection open`];
  return { sessions, limits };
}

function isRemoteLogin(socket: Socket | undefined): boolean {
  return socket?.owner !== undefined && REMOTE_LOGINS.includes(socket.owner.program);
}

function keyOf({ local, remote }: Socket): string {
  return connectionKey({
    family: local.address.family,
    protocol: PROTOCOLS.tcp,
    src: formatAddress(remote.address),
    sport: remote.port,
    dst: formatAddress(local.address),
    dport: local.port,
  });
}

function keyOfSsh(text: string): string | undefined {
  const found = parseSshConnection(text);
  if (found === undefined) return undefined;
  const { client, server } = found;
  return connectionKey({
    family: client.address.family,
    protocol: PROTOCOLS.tcp,
    src: formatAddress(client.address),
    sport: client.port,
    dst: formatAddress(server.address),
    dport: server.port,
  });
}
