import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SocketOwner, socketOwners } from '../host/proc.ts';
import { LISTEN, PROTOCOLS, type ProcSocket, parseProcSockets } from '../net/index.ts';

/** A socket of this machine, with who holds it, where that can be seen. */
export interface Socket extends ProcSocket {
  readonly protocol: number;
  readonly owner?: SocketOwner;
}

const FILES = [
  ['tcp', PROTOCOLS.tcp],
  ['tcp6', PROTOCOLS.tcp],
  ['udp', PROTOCOLS.udp],
  ['udp6', PROTOCOLS.udp],
] as const;

/** TCP and UDP, of this network namespace. */
export function readSockets(proc: string): readonly Socket[] {
  const owners = socketOwners(proc);
  return FILES.flatMap(([file, protocol]) =>
    parseProcSockets(read(join(proc, 'net', file))).map((socket) => {
      const owner = owners.get(socket.inode);
      return { ...socket, protocol, ...(owner === undefined ? {} : { owner }) };
    }),
  );
}

/** Waits for others: a TCP socket that listens, a UDP socket that is bound and talks to nobody in particular. */
export function isListening({ protocol, state, remote }: Socket): boolean {
  return protocol === PROTOCOLS.tcp ? state === LISTEN : remote.port === 0;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // IPv6 can be switched off
  }
}
