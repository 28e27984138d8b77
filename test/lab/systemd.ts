import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from '../../src/host/index.ts';
import { descendants } from './support.ts';

/**
 * A real systemd that starts one unit and nothing else, in namespaces of its own: no other unit of the machine is wanted, since they would set up
 * the machine itself. Its words go nowhere: there is no journald.
 */
const PROGRAM = '/lib/systemd/systemd';
const ONLY = 'only.target';
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--cgroup', '--ipc', '--uts'];

/** Why there can be none, if there cannot. It takes root besides. */
export function systemdMissing(): string | undefined {
  if (!existsSync(PROGRAM)) return `${PROGRAM} is not here`;
  return findProgram('systemctl') === undefined ? 'systemctl is not here' : undefined;
}

/** The command that becomes systemd. @param folders that it shall find empty; @param unit that it starts */
export function systemdCommand(
  unit: string,
  folders: readonly string[],
): readonly [program: string, ...args: string[]] {
  const target = `[Unit]\nDefaultDependencies=no\nWants=${unit}\n`;
  const script = `for folder in "$@"; do mount -t tmpfs tmpfs "$folder"; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/systemd/system
printf '%s' "$target" > /run/systemd/system/${ONLY}
export container=portcullis-test
exec ${PROGRAM} --system --unit=${ONLY} --log-target=null
`;
  return ['env', `target=${target}`, 'unshare', ...NAMESPACES, 'sh', '-ec', script, 'sh', ...folders];
}

/** The command that asks it. @param started the process that the command was started as */
export function systemctlCommand(
  started: number,
  args: readonly string[],
): readonly [program: string, ...args: string[]] {
  const isFirst = (pid: number): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${PROGRAM}\0--system\0`);
  const first = descendants(started).find(isFirst);
  if (first === undefined) throw new Error('systemd is not there');
  return ['nsenter', '--target', String(first), '--all', 'systemctl', ...args];
}
