import { join } from 'node:path';
import { findProgram } from '../host/process.ts';
import { connectionKey, connectionsOf } from './connections.ts';
import { listTracked, type Tracked } from './conntrack.ts';
import { forget } from './cut.ts';
import type { Paths } from './paths.ts';
import type { Connection } from './protocol.ts';
import { Refusal } from './refusal.ts';
import { sessionsOf } from './sessions.ts';
import { readSockets } from './sockets.ts';
import { readOwn, remove, writeWhole } from './store.ts';

/**
 * When a change is taken back, connections that began under it would live on, as established ones do. Those that conntrack did not
 * know before it are forgotten, so that their next packet meets the old rules like a first one. Left alone are those whose
 * addresses are translated (without their entry they would break), those within the machine, and administrators' sessions.
 */

const DELETIONS_AT_MOST = 2_000; // each is a process of some milliseconds

function file({ run }: Paths): string {
  return join(run, 'connections');
}

/** Writes down what there is before a change. @returns what could not be, in sentences: a change is never refused for it */
export async function rememberConnections(paths: Paths): Promise<readonly string[]> {
  if (findProgram('conntrack') === undefined) return [];
  try {
    const tracked = await listTracked(paths.proc);
    if (typeof tracked === 'string') return [tracked];
    writeWhole(file(paths), tracked.map((each) => `${keyOf(each)}\n`).join(''));
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [`connections that begin under the change will not be ended with it: ${error.message}`];
  }
}

/** @returns what could not be done, in sentences */
export async function endConnectionsOfTrial(paths: Paths): Promise<readonly string[]> {
  try {
    const before = readOwn(file(paths));
    if (before === undefined) return [];
    remove(file(paths));
    const tracked = await listTracked(paths.proc);
    if (typeof tracked === 'string') return [tracked];
    const known = new Set(before.split('\n'));
    const fresh = tracked.filter((each) => !known.has(keyOf(each)) && !isTranslated(each));
    return await forgetAll(withoutSessions(fresh, paths));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [`connections that began under the change were not ended: ${error.message}`];
  }
}

async function forgetAll(connections: readonly Connection[]): Promise<readonly string[]> {
  const chosen = connections.slice(0, DELETIONS_AT_MOST);
  const failed: string[] = [];
  for (const connection of chosen) {
    const why = await forget(connection);
    if (why !== undefined) failed.push(why);
  }
  const left = connections.length - chosen.length + failed.length;
  return left === 0 ? [] : [`${left} connections that began under the change were not ended`];
}

/** Without knowing the machine's addresses, each is taken for a forwarded one, which none of what follows asks about. */
function withoutSessions(tracked: readonly Tracked[], { proc }: Paths): readonly Connection[] {
  const sockets = readSockets(proc);
  const own = new Set<string>();
  const all = connectionsOf(tracked, sockets, own);
  const { sessions } = sessionsOf(all, sockets, process.pid, proc);
  const spared = new Set(sessions.map(({ connection }) => connectionKey(connection)));
  return all.filter((each) => each.tracked && each.hook !== 'loopback' && !spared.has(connectionKey(each)));
}

function isTranslated({ original, reply }: Tracked): boolean {
  return (
    original.src !== reply.dst ||
    original.dst !== reply.src ||
    original.sport !== reply.dport ||
    original.dport !== reply.sport
  );
}

function keyOf({ family, protocol, original }: Tracked): string {
  return connectionKey({ family, protocol, ...original });
}
