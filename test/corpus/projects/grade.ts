import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findProgram, hostCapabilities, isolationArguments, run } from '../../../src/host/index.ts';
import { NftWorld } from '../../fuzz/nft/world.ts';
import { gradeListing } from './nftables.ts';
import { ruleListings, shellDumps } from './nftables-inputs.ts';
import type { Graded } from './outcome.ts';
import { projectSource } from './sources.ts';

/** What became of a project's inputs, by kind of input; or why none was read, in a sentence that a skip states. */
export type ProjectGrades = Readonly<Record<string, readonly Graded[]>> | { readonly skip: string };

const PATIENCE_MS = 600_000;

export function isSkipped(grades: ProjectGrades): grades is { readonly skip: string } {
  return 'skip' in grades && typeof grades.skip === 'string';
}

/** @param every one of so many groups of rules and of tables is taken */
export async function gradeIptables(every: number): Promise<ProjectGrades> {
  const missing = ['iptables-nft-restore', 'iptables-legacy-restore', 'tar', 'xz', 'unshare'].filter(
    (name) => findProgram(name) === undefined,
  );
  if (missing.length > 0) return { skip: `SKIPPED, nothing was read: ${missing.join(', ')} missing` };
  const { isolation, isolationProblem } = await hostCapabilities();
  if (isolation === undefined)
    return { skip: `SKIPPED, nothing was read: ${isolationProblem?.reason}; ${isolationProblem?.help}` };
  const source = await projectSource('iptables');
  if ('skip' in source) return source;
  const program = fileURLToPath(new URL('./iptables-main.ts', import.meta.url));
  const outside = readlinkSync('/proc/self/ns/net');
  const done = await run(
    'unshare',
    [...isolationArguments(isolation, 0), process.execPath, program, source.folder, outside, String(every)],
    { timeoutMs: PATIENCE_MS },
  );
  if (done.exitCode !== 0) throw new Error(`the private world ended: ${done.stderr.trim()}`);
  const told: Readonly<Record<'rules' | 'tables', readonly Graded[]>> = JSON.parse(done.stdout); // written by iptables-main.ts
  return told;
}

/** @param every one of so many inputs is taken */
export async function gradeNftables(every: number): Promise<ProjectGrades> {
  if (findProgram('xz') === undefined) return { skip: 'SKIPPED, nothing was read: xz is missing' };
  const opened = await NftWorld.open();
  if ('skip' in opened) return opened;
  using world = opened;
  const source = await projectSource('nftables');
  if ('skip' in source) return source;
  const inputs = { rules: ruleListings(source.folder), dumps: shellDumps(source.folder) };
  const graded: Record<keyof typeof inputs, Graded[]> = { rules: [], dumps: [] };
  for (const kind of ['rules', 'dumps'] as const)
    for (const [at, listing] of inputs[kind].entries())
      if (at % every === 0) graded[kind].push(await gradeListing(world, listing));
  return graded;
}
