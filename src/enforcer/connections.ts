import { ESTABLISHED, formatAddress, isLoopback, parseAddress } from '../net/index.ts';
import type { Tracked } from './conntrack.ts';
import type { Connection } from './protocol.ts';
import { isListening, type Socket } from './sockets.ts';

/** TCP states in which nothing more is sent (nf_conntrack_tcp.h). */
const OVER = new Set(['TIME_WAIT', 'CLOSE', 'LAST_ACK']);

/**
 * Every live connection, from what conntrack knows and from sockets. Addresses are those that the filter's hooks see: the source
 * before, the destination after translation, which is where the replies come from.
 * @param own the addresses of this machine
 */
export function connectionsOf(
  tracked: readonly Tracked[],
  sockets: readonly Socket[],
  own: ReadonlySet<string>,
): readonly Connection[] {
  const holders = holdersOf(sockets);
  const known = tracked.flatMap((each) =>
    each.state !== undefined && OVER.has(each.state) ? [] : [withHolder(fromTracked(each, own), holders)],
  );
  const keys = new Set(known.map(connectionKey));
  const listening = new Set(sockets.filter(isListening).map(({ protocol, local }) => `${protocol} ${local.port}`));
  const untracked = new Map<string, Connection>();
  for (const socket of sockets) {
    if (socket.state !== ESTABLISHED || socket.remote.port === 0) continue;
    const connection = fromSocket(socket, listening.has(`${socket.protocol} ${socket.local.port}`), own);
    const key = connectionKey(connection);
    if (!keys.has(key) && !untracked.has(key)) untracked.set(key, withHolder(connection, holders));
  }
  return [...known, ...untracked.values()];
}

/** Names a connection as its first packet went. */
export function connectionKey({
  family,
  protocol,
  src,
  sport,
  dst,
  dport,
}: Omit<Connection, 'hook' | 'tracked'>): string {
  return [family, protocol, src, sport ?? '', dst, dport ?? ''].join(' ');
}

function fromTracked({ family, protocol, original, reply }: Tracked, own: ReadonlySet<string>): Connection {
  return {
    family,
    protocol,
    src: original.src,
    ...(original.sport === undefined ? {} : { sport: original.sport }),
    dst: reply.src,
    ...(reply.sport === undefined ? {} : { dport: reply.sport }),
    hook: hookOf(original.src, reply.src, own),
    tracked: true,
  };
}

function fromSocket({ protocol, local, remote }: Socket, serves: boolean, own: ReadonlySet<string>): Connection {
  const [from, to] = serves ? [remote, local] : [local, remote];
  const [src, dst] = [formatAddress(from.address), formatAddress(to.address)];
  return {
    family: local.address.family,
    protocol,
    src,
    sport: from.port,
    dst,
    dport: to.port,
    hook: hookOf(src, dst, own),
    tracked: false,
  };
}

function hookOf(src: string, dst: string, own: ReadonlySet<string>): Connection['hook'] {
  if (isOwn(dst, own)) return isOwn(src, own) ? 'loopback' : 'input';
  return isOwn(src, own) ? 'output' : 'forward';
}

function isOwn(text: string, own: ReadonlySet<string>): boolean {
  const address = parseAddress(text);
  return own.has(text) || (address !== undefined && isLoopback(address));
}

type Holders = ReadonlyMap<string, Socket>;

/** By both ends, and for those that talk to anybody, by the local port alone. */
function holdersOf(sockets: readonly Socket[]): Holders {
  const holders = new Map<string, Socket>();
  for (const socket of sockets) {
    const { protocol, local, remote } = socket;
    const key = isListening(socket)
      ? `${protocol} ${local.port}`
      : socketKey(protocol, formatAddress(local.address), local.port, formatAddress(remote.address), remote.port);
    if (!holders.has(key)) holders.set(key, socket);
  }
  return holders;
}

function socketKey(protocol: number, local: string, localPort: number, remote: string, remotePort: number): string {
  return [protocol, local, localPort, remote, remotePort].join(' ');
}

/** Who on this machine holds the connection: of one within the machine, who began it. */
function withHolder(connection: Connection, holders: Holders): Connection {
  const { hook, protocol, src, sport, dst, dport } = connection;
  if (hook === 'forward' || sport === undefined || dport === undefined) return connection;
  const [here, port, there, peer] = hook === 'input' ? [dst, dport, src, sport] : [src, sport, dst, dport];
  const socket = holders.get(socketKey(protocol, here, port, there, peer)) ?? holders.get(`${protocol} ${port}`);
  if (socket === undefined) return connection;
  const { uid, owner } = socket;
  return { ...connection, uid, ...(owner === undefined ? {} : { program: owner.program, pid: owner.pid }) };
}
