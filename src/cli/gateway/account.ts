import { chownSync, mkdirSync, readFileSync } from 'node:fs';

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

/** A folder that only the account can look into, made where there is none. @throws Error of the file system */
export function ownFolder(path: string, uid: number): void {
  mkdirSync(path, { recursive: true, mode: 0o750 });
  if (isRoot()) chownSync(path, uid, groupOf(uid));
}
