import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The group of an account: its own in /etc/passwd (passwd(5)), else one of the same number. */
export function groupOf(uid: number): number {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.split(':')[2] === String(uid));
  return Number(line?.split(':')[3] ?? uid);
}

/** Gives up root for good: groups, group and account, in this order. @throws Error of setuid(2) where it cannot */
export function becomeAccount(uid: number): void {
  const group = groupOf(uid);
  process.setgroups?.([group]);
  process.setgid?.(group);
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) throw new Error(`it is still not account ${uid}`);
}

/**
 * Does something as the account, and is root again. What lies in the account's own folders may be a link to anywhere, which root must not
 * follow (open(2)): whoever takes the gateway over would write where root may. Not for work that waits.
 */
export function asAccount<T>(uid: number, work: () => T): T {
  if (!isRoot()) return work();
  const groups = process.getgroups?.() ?? [];
  const group = groupOf(uid);
  process.setgroups?.([group]);
  process.setegid?.(group);
  process.seteuid?.(uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}

/**
 * A folder for the account, made where there is none. One that is there already and may be somebody else's (`/var/log`, `/tmp`) stays whose it
 * is. @param isOurs it is for the gateway alone, whoever made it (systemd makes it root's). @throws Error of the file system
 */
export function accountFolder(path: string, uid: number, isOurs: boolean): void {
  const isNew = !existsSync(path);
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { recursive: true, mode: 0o750 });
  if (isRoot() && (isNew || isOurs)) chownSync(path, uid, groupOf(uid));
}
