import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoint, ESTABLISHED, isSameEndpoint, LISTEN, type ProcSocket, parseProcSockets } from '../net/index.ts';
import { type DiagnosedSocket, type SocketDiag, socketDiag } from './socket-diag.ts';

/** Of include/net/tcp_states.h, beside those of `net`: nobody sends from the last of them. */
const FIN_WAIT_1 = 4;
const TIME_WAIT = 6;

/** Where lookups go that the kernel redirects; nothing else of UDP is. */
const DNS_PORT = 53;

const FILES = { tcp: ['tcp', 'tcp6'], udp: ['udp', 'udp6'] } as const;

interface Sender extends Omit<ProcSocket, 'inode'> {
  readonly isHeld: boolean; // by a process; else kernels before 6.17 say 0 for whoever it was (`sock_i_uid`, net/core/sock.c)
}

export type SocketAccount = number | 'none' | 'several';

/**
 * The account whose process of this machine (of this network namespace) sends from an endpoint, as the kernel knows it. `none`: no
 * socket here has that endpoint, so it is another machine's; `several`: sockets of different accounts share it, so nobody can tell.
 *
 * The kernel is asked for the sockets in question, which takes microseconds. Where that cannot be, its lists are read, /proc/net/tcp in some
 * ten milliseconds of processor time, since all of a hash table is walked for every reader; and they are not exact: where a socket goes while
 * they are read, another may be passed over. Some six readings of a thousand missed one that was there all the time.
 *
 * @param server the other end as the sender sees it: before the kernel redirected the connection
 * @param proc lists to read in any case
 */
export function accountOfSocket(
  protocol: 'tcp' | 'udp',
  client: Endpoint,
  server: Endpoint,
  proc?: string,
): SocketAccount {
  const diag = proc === undefined ? kernel() : undefined;
  const found = (diag && diagnosed(diag, protocol, client, server)) ?? listed(protocol, client, proc ?? '/proc');
  const senders = found.filter((socket) => isSender(socket, protocol, client, server));
  const exact = senders.filter(({ remote }) => isSameEndpoint(remote, server));
  return onlyAccount(exact.length > 0 ? exact : senders);
}

/**
 * The account behind a connection of this machine whose port the kernel has changed. Two connections from one port to different destinations may be one in
 * what a redirect makes of them; the later one is given another port then (`get_unique_tuple`, net/netfilter/nf_nat_core.c), which no socket of
 * its sender has. That is so for one in some hundred of them where a machine has had a few hundred connections in the last two minutes, for as long
 * as the kernel remembers one that is over. Who sends is among those who are connected to that destination, as long as our own end has
 * not been told of an end: where those are one account, it is that.
 * All sockets of the machine are looked at, which takes a millisecond of processor time or more.
 *
 * @param server as for `accountOfSocket`, which found none
 * @param own the other end as it is, of this very process
 */
export function accountOfMoved(client: Endpoint, server: Endpoint, own: Endpoint): SocketAccount {
  const diag = kernel();
  const connected = diag?.connectionsTo(server) ?? [];
  // Asked for behind the others: what is still open now was open then, too.
  const [ours] = diag?.connection(own, client) ?? [];
  return ours === undefined ? 'none' : amongConnected(client, connected, ours);
}

/** @param ours the gateway's end of a connection of `client`, looked at after those that are connected to its destination */
export function amongConnected(
  client: Endpoint,
  connected: readonly DiagnosedSocket[],
  ours: Pick<DiagnosedSocket, 'state'>,
): SocketAccount {
  if (ours.state !== ESTABLISHED) return 'none';
  const senders = connected
    .map(asSender)
    .filter(({ local, state }) => isSameAddress(local, client) && (state === ESTABLISHED || state === FIN_WAIT_1));
  return senders.every(isTold) ? onlyAccount(senders) : 'several';
}

function onlyAccount(senders: readonly Sender[]): SocketAccount {
  const accounts = new Set(senders.map(({ uid }) => uid));
  const [account] = accounts;
  return account === undefined ? 'none' : accounts.size > 1 ? 'several' : account;
}

let asked: { readonly diag: SocketDiag | undefined } | undefined;

function kernel(): SocketDiag | undefined {
  asked ??= { diag: socketDiag() };
  return asked.diag;
}

/** `undefined` where the kernel does not say. */
function diagnosed(
  diag: SocketDiag,
  protocol: 'tcp' | 'udp',
  client: Endpoint,
  server: Endpoint,
): readonly Sender[] | undefined {
  const found = protocol === 'udp' ? diag.datagramSockets(client.port) : diag.connection(client, server);
  return found?.map(asSender);
}

function asSender({ inode, ...socket }: DiagnosedSocket): Sender {
  return { ...socket, isHeld: inode !== 0 };
}

function listed(protocol: 'tcp' | 'udp', client: Endpoint, proc: string): readonly Sender[] {
  return FILES[protocol]
    .flatMap((name) => parseProcSockets(read(join(proc, 'net', name), client.port)))
    .map(({ inode, ...socket }) => ({ ...socket, isHeld: inode !== '0' }));
}

function isSender(socket: Sender, protocol: 'tcp' | 'udp', client: Endpoint, server: Endpoint): boolean {
  const { local, remote, state } = socket;
  if (local.port !== client.port) return false;
  if (protocol === 'udp') {
    const isFree = local.address.value === 0n; // the kernel chooses an address for each datagram then
    const sendsHere = remote.port === 0 || remote.port === DNS_PORT || isSameEndpoint(remote, server);
    return sendsHere && (isFree || isSameAddress(local, client));
  }
  return state !== TIME_WAIT && state !== LISTEN && isSameAddress(local, client) && isTold(socket);
}

/** Whether its account is known: a client that has closed it already must not be taken for root. */
function isTold({ isHeld, uid }: Sender): boolean {
  return isHeld || uid !== 0;
}

function isSameAddress({ address: a }: Endpoint, { address: b }: Endpoint): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Only the lines that have the port: there may be tens of thousands of others. Empty where the kernel has no such family. */
function read(path: string, port: number): string {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return '';
  }
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const lines: string[] = [];
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const start = text.lastIndexOf('\n', at) + 1;
    const end = text.indexOf('\n', at);
    const line = text.slice(start, end === -1 ? undefined : end);
    if (lines.at(-1) !== line) lines.push(line);
  }
  return lines.join('\n');
}
