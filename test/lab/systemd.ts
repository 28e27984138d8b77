import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../src/host/index.ts';
import { descendants } from './support.ts';

/**
 * A real systemd that starts one unit and nothing else, in namespaces of its own: no other unit of the machine is wanted, since they would set up
 * the machine itself. Its words go nowhere: there is no journald.
 */
export const SYSTEMD = '/lib/systemd/systemd';
const MAIN = fileURLToPath(new URL('./systemd-main.ts', import.meta.url));
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--cgroup', '--ipc', '--uts'];

/** Why there can be none, if there cannot. It takes root besides. */
export function systemdMissing(): string | undefined {
  if (!existsSync(SYSTEMD)) return `${SYSTEMD} is not here`;
  return findProgram('systemctl') === undefined ? 'systemctl is not here' : undefined;
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
