import { userInfo } from 'node:os';
import { ancestors, processStat, programName, variableOf } from '../host/proc.ts';
import type { Person } from './protocol.ts';
import { REMOTE_LOGINS } from './sessions.ts';

/**
 * Who runs this process, and in which session. The session began with the server process that serves it, or, at a console, with the
 * first process of the terminal's session.
 */
export function whoAsks(pid: number = process.pid, proc = '/proc'): Person {
  const family = ancestors(pid, proc);
  const server = family.find((one) => REMOTE_LOGINS.includes(programName(one, proc) ?? ''));
  const startedAt = processStat(server ?? processStat(pid, proc)?.session ?? pid, proc)?.startedAt;
  const session = family.map((one) => variableOf(one, 'SSH_CONNECTION', proc)).find((value) => value !== undefined);
  return {
    name: process.env.SUDO_USER ?? userInfo().username,
    ...(session === undefined ? {} : { session }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}
