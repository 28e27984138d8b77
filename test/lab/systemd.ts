import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findProgram, run } from '../../src/host/index.ts';
import { descendants } from './support.ts';

/**
 * A real systemd that starts one unit and nothing else, in namespaces of its own: no other unit of the machine is wanted, since they would set up
 * the machine itself. Its words go nowhere: there is no journald.
 */
export const SYSTEMD = '/lib/systemd/systemd';
const MAIN = fileURLToPath(new URL('./systemd-main.ts', import.meta.url));
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--cgroup', '--ipc', '--uts'];

const COMES_UP_MS = 30_000;

/** What a kernel or a container says that lets nobody have namespaces, mounts or control groups. */
const NOT_HERE = /not permitted|permission denied|not supported|unknown filesystem|no space left/i;

/**
 * Why there can be none, if there cannot: it is tried with one that has nothing to start. Only what the machine does not allow is a reason;
 * whatever else is wrong shall fail the tests.
 */
export async function systemdMissing(): Promise<string | undefined> {
  if (!existsSync(SYSTEMD)) return `${SYSTEMD} is not here`;
  if (findProgram('systemctl') === undefined) return 'systemctl is not here';
  if (process.getuid?.() !== 0) return 'that takes root';
  const [program, ...args] = systemdCommand('', ['/run']);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.on('error', ({ message }) => {
    said += message;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    for (const end = performance.now() + COMES_UP_MS; performance.now() < end; await sleep(100)) {
      if (child.exitCode !== null || child.pid === undefined) return NOT_HERE.test(said) ? said.trim() : undefined;
      if (await isUp(child.pid)) return undefined;
    }
    return undefined;
  } finally {
    child.kill('SIGKILL');
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

/** Whether it has nothing left to do, and says so. */
async function isUp(started: number): Promise<boolean> {
  try {
    const [program, ...args] = systemctlCommand(started, ['is-system-running']);
    return /^(?:running|degraded)$/.test((await run(program, args)).stdout.trim());
  } catch {
    return false; // it is not there yet
  }
}

/** The command that becomes systemd. @param unit that it starts, or several with a space between them; @param folders that it shall find empty */
export function systemdCommand(
  unit: string,
  folders: readonly string[],
): readonly [program: string, ...args: string[]] {
  return ['unshare', ...NAMESPACES, process.execPath, MAIN, unit, ...folders];
}

/** The command that asks it. @param started the process that the command was started as */
export function systemctlCommand(
  started: number,
  args: readonly string[],
): readonly [program: string, ...args: string[]] {
  const isFirst = (pid: number): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${SYSTEMD}\0--system\0`);
  const first = descendants(started).find(isFirst);
  if (first === undefined) throw new Error('systemd is not there');
  return ['nsenter', '--target', String(first), '--all', 'systemctl', ...args];
}
