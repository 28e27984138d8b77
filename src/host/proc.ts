import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A process that holds a socket. */
export interface SocketOwner {
  readonly pid: number;
  readonly program: string; // its name
}

const SOCKET_LINK = /^socket:\[(\d+)\]$/;
const PROCESSES_AT_MOST = 20_000;

/**
 * Who holds which socket, by the socket's inode: of all processes for root, else of the user's own. Where several share one
 * (a server and what it started), the oldest has it.
 */
export function socketOwners(proc = '/proc'): ReadonlyMap<string, SocketOwner> {
  const owners = new Map<string, SocketOwner>();
  const pids = list(proc).flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  for (const pid of pids.toSorted((a, b) => a - b).slice(0, PROCESSES_AT_MOST)) {
    const inodes = socketsOf(pid, proc);
    const program = inodes.length === 0 ? undefined : programName(pid, proc);
    if (program === undefined) continue;
    for (const inode of inodes) if (!owners.has(inode)) owners.set(inode, { pid, program });
  }
  return owners;
}

/** The inodes of the sockets that a process holds: /proc/PID/fd/N are links, `socket:[inode]` for a socket (proc_pid_fd(5)). */
export function socketsOf(pid: number, proc = '/proc'): readonly string[] {
  const folder = join(proc, String(pid), 'fd');
  return list(folder).flatMap((fd) => {
    try {
      return SOCKET_LINK.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
    } catch {
      return []; // the process has ended or closed it since the folder was listed
    }
  });
}

/** `undefined` where the process is gone. What Node runs is called by Node's name, unless it has given itself another one. */
export function programName(pid: number, proc = '/proc'): string | undefined {
  const name = read(join(proc, String(pid), 'comm'))?.trim();
  return name === NODES_THREAD ? (programFile(pid, proc) ?? name) : name;
}

/** The name of a process is that of its first thread, and Node 24 calls its own so (seen in /proc/PID/comm). */
const NODES_THREAD = 'MainThread';

function programFile(pid: number, proc: string): string | undefined {
  try {
    return basename(readlinkSync(join(proc, String(pid), 'exe')));
  } catch {
    return undefined; // gone, or another user's
  }
}

export interface ProcessStat {
  readonly parent: number;
  readonly session: number; // the process that the terminal's session began with
  readonly startedAt: number; // seconds since boot, in hundredths
  readonly ended: boolean; // it is only there until its parent has heard of it
}

/** Clock ticks of /proc are USER_HZ, which is 100 on every architecture that Node runs on (include/asm-generic/param.h). */
const TICKS = 100;

/** Fields 3, 4, 6 and 22 of /proc/PID/stat (proc_pid_stat(5)); the name before them may hold anything, also `)`. */
export function processStat(pid: number, proc = '/proc'): ProcessStat | undefined {
  const fields = read(join(proc, String(pid), 'stat'))
    ?.replace(/^.*\) /s, '')
    .split(' ');
  const [state, parent, session, started] = [fields?.[0], fields?.[1], fields?.[3], fields?.[19]];
  return parent === undefined || session === undefined || started === undefined
    ? undefined
    : {
        parent: Number(parent),
        session: Number(session),
        startedAt: Number(started) / TICKS,
        ended: state === 'Z' || state === 'X',
      };
}

/** A process and those that it comes from, itself first. */
export function ancestors(pid: number, proc = '/proc'): readonly number[] {
  const found: number[] = [];
  for (let one = pid; one > 0 && !found.includes(one); one = processStat(one, proc)?.parent ?? 0) found.push(one);
  return found;
}

/** A variable in the environment that a process was started with; `undefined` also where it is not ours to read. */
export function variableOf(pid: number, name: string, proc = '/proc'): string | undefined {
  const entries = read(join(proc, String(pid), 'environ'))?.split('\0');
  return entries?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process is gone, or not ours to look at
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // absent or not ours to list: nothing is known of it
  }
}
