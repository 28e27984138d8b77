import { existsSync, globSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const TRIES = 40; // processes that were killed take a moment to be gone (cgroups(7))
const EVERY_MS = 50;

/**
 * Takes away what a daemon has made for its containers in the machine's own hierarchies of control groups, which no namespace keeps apart: of version
 * 1 there is one for each controller.
 */
export async function removeCgroups(name: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const left = [ROOT, ...globSync('*', { cwd: ROOT }).map((folder) => join(ROOT, folder))]
      .map((folder) => join(folder, name))
      .filter((folder) => existsSync(folder) && !isRemoved(folder));
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** Innermost first. */
function isRemoved(folder: string): boolean {
  const all = [folder, ...globSync('**/', { cwd: folder }).map((inner) => join(folder, inner))];
  for (const each of all.toSorted((a, b) => b.length - a.length)) {
    try {
      rmdirSync(each);
    } catch {
      // somebody is still in it, or it is gone
    }
  }
  return !existsSync(folder);
}
