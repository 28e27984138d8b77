import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../gateway/commands.ts';

/**
 * Where an agent's machine has the program and the agent's home. OpenClaw trusts a plugin at the path that it installed it to, so this
 * is the same place at each test; every machine has this folder, and it is a file system of the test's own there.
 */
const PLACE = '/mnt';
const MODULES = join(PLACE, 'node_modules');
export const HOME = join(PLACE, 'home');
export const CONFIG = join(HOME, '.openclaw/openclaw.json');
export const OPENCLAW = join(MODULES, 'openclaw/openclaw.mjs');
export const NODE = join(PLACE, 'node');

/** Puts program, Node and home there, in the mount namespace of this process. The home is the folder itself, or a copy of it. */
export async function furnish(modules: string, home: string, how: 'itself' | 'copy'): Promise<void> {
  await must('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', PLACE]);
  await show(modules, MODULES);
  await must('touch', [NODE]);
  await must('mount', ['--bind', process.execPath, NODE]);
  if (how === 'copy') cpSync(home, HOME, { recursive: true, verbatimSymlinks: true });
  else await show(home, HOME);
}

async function show(folder: string, at: string): Promise<void> {
  mkdirSync(at);
  await must('mount', ['--bind', folder, at]);
}
