import { excerpt } from '../diagnostic/index.ts';
import { findProgram, run } from '../host/process.ts';
import { PROTOCOLS } from '../net/index.ts';
import { connectionKey } from './connections.ts';
import { deletionArguments } from './conntrack.ts';
import { alone, type Context, LOCK_WAIT_MS, note } from './context.ts';
import type { Connection, CutAnswer, Person } from './protocol.ts';

const TIMEOUT_MS = 10_000;

/**
 * Ends connections at once: their conntrack entries are deleted, so that the next packet meets the rules like a first one, and TCP
 * sockets of this machine are closed, with a reset to the other end (ss(8), `--kill`).
 */
export async function cut(context: Context, connections: readonly Connection[], by: Person): Promise<CutAnswer> {
  return alone(context, LOCK_WAIT_MS, async () => {
    const failed: string[] = [];
    let count = 0;
    for (const connection of connections) {
      const why = await cutOne(connection);
      if (why === undefined) count++;
      else failed.push(`${described(connection)}: ${why}`);
    }
    note(context, { event: 'cut', by, outcome: `${count} connections ended`, details: { failed: failed.length } });
    return { cut: count, failed };
  });
}

/** @returns why it goes on; `undefined` where it does not */
async function cutOne(connection: Connection): Promise<string | undefined> {
  const forgotten = connection.tracked ? await forget(connection) : undefined;
  const isSocket = connection.protocol === PROTOCOLS.tcp && connection.hook !== 'forward';
  const closed = isSocket ? await close(connection) : undefined;
  if (connection.tracked) return isSocket && closed === undefined ? undefined : forgotten;
  return isSocket ? closed : 'conntrack does not know it, and it is no TCP connection of this machine';
}

/** Deletes the conntrack entry. @returns why it is still there */
export async function forget({ family, protocol, ...ends }: Connection): Promise<string | undefined> {
  if (findProgram('conntrack') === undefined) return 'it takes `conntrack`: `apt-get install conntrack`';
  const { exitCode, stderr } = await run('conntrack', deletionArguments(family, protocol, ends, ends), {
    timeoutMs: TIMEOUT_MS,
    ownGroup: true,
  });
  // It may have ended by itself meanwhile: then none is there to delete, and the exit code is 1 all the same.
  return exitCode === 0 || / 0 flow entries have been deleted/.test(stderr) ? undefined : excerpt(stderr.trim(), 200);
}

async function close({ family, src, sport, dst, dport, hook }: Connection): Promise<string | undefined> {
  if (findProgram('ss') === undefined) return 'it takes `ss`: `apt-get install iproute2`';
  const [local, port, remote, peer] = hook === 'input' ? [dst, dport, src, sport] : [src, sport, dst, dport];
  const host = (address: string): string => (family === 6 ? `[${address}]` : address);
  const filter = ['src', host(local), 'sport', '=', `${port}`, 'dst', host(remote), 'dport', '=', `${peer}`];
  const { stdout } = await run('ss', ['-K', '-H', '-n', '-t', ...filter], { timeoutMs: TIMEOUT_MS, ownGroup: true });
  // It names what it closed; a kernel without CONFIG_INET_DIAG_DESTROY closes nothing.
  return stdout.trim() === '' ? 'its socket could not be closed (the kernel may not allow it)' : undefined;
}

function described(connection: Connection): string {
  return `connection ${connectionKey(connection)}`;
}
