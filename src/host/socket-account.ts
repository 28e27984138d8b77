import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, type Endpoint, type ProcSocket, parseProcSockets } from '../net/index.ts';
import { type SocketDiag, socketDiag } from './socket-diag.ts';

/** Of include/net/tcp_states.h: nobody sends from these, and their owner is not told (proc(5)). */
const TIME_WAIT = 6;
const LISTEN = 10;

const FILES = { tcp: ['tcp', 'tcp6'], udp: ['udp', 'udp6'] } as const;

type Sender = Omit<ProcSocket, 'inode'>;

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
): number | 'none' | 'several' {
  const diag = proc === undefined ? kernel() : undefined;
  const found =
    diag === undefined ? listed(protocol, client, proc ?? '/proc') : diagnosed(diag, protocol, client, server);
  const own = found.filter((socket) => isSender(socket, protocol, client));
  const exact = own.filter(({ remote }) => isSame(remote, server));
  const accounts = new Set((exact.length > 0 ? exact : own).map(({ uid }) => uid));
  const [account] = accounts;
  return account === undefined ? 'none' : accounts.size > 1 ? 'several' : account;
}

let asked: { readonly diag: SocketDiag | undefined } | undefined;

function kernel(): SocketDiag | undefined {
  asked ??= { diag: socketDiag() };
  return asked.diag;
}

function diagnosed(diag: SocketDiag, protocol: 'tcp' | 'udp', client: Endpoint, server: Endpoint): readonly Sender[] {
  if (protocol === 'udp') return diag.datagramSockets(client.port);
  const connection = diag.connection(client, server);
  return connection === undefined ? [] : [connection];
}

function listed(protocol: 'tcp' | 'udp', client: Endpoint, proc: string): readonly Sender[] {
  return FILES[protocol].flatMap((name) => parseProcSockets(read(join(proc, 'net', name), client.port)));
}

function isSender({ local, state }: Sender, protocol: 'tcp' | 'udp', client: Endpoint): boolean {
  if (local.port !== client.port) return false;
  if (protocol === 'tcp') return state !== TIME_WAIT && state !== LISTEN && isSame(local, client);
  return isSame(local, client) || isUnspecified(local.address); // the kernel chooses the address for each datagram then
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address.family === b.address.family && a.address.value === b.address.value;
}

function isUnspecified({ value }: Address): boolean {
  return value === 0n;
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
