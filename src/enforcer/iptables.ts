import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from '../host/process.ts';
import type { LegacyTables } from './protocol.ts';

/**
 * Tables of iptables as `iptables-save` prints them: nft lists those of iptables-nft with expressions that it cannot spell (`xt`), and
 * does not see those of iptables-legacy at all.
 * @param ruleset `nft -j list ruleset`
 */
export async function iptablesTables(
  ruleset: string,
  proc: string,
): Promise<{ readonly tables: readonly LegacyTables[]; readonly limits: readonly string[] }> {
  const tables: LegacyTables[] = [];
  const limits: string[] = [];
  for (const { family, backend, program } of wantedSaves(ruleset, proc)) {
    if (findProgram(program) === undefined) {
      limits.push(
        `rules of iptables (IPv${family}, ${backend}) are there, but \`${program}\` is not installed to read them`,
      );
      continue;
    }
    const { exitCode, stdout, stderr } = await run(program, [], { timeoutMs: 60_000, maxOutputBytes: 2 ** 30 });
    if (exitCode === 0) tables.push({ family, backend, text: stdout });
    else limits.push(`\`${program}\` failed: ${stderr.trim().split('\n')[0]}`);
  }
  return { tables, limits };
}

interface Save {
  readonly family: 4 | 6;
  readonly backend: LegacyTables['backend'];
  readonly program: string;
}

/** Whether a listing in JSON holds expressions of iptables-nft, which nft cannot spell there. */
export function hidesRules(ruleset: string): boolean {
  return /\{\s*"xt"\s*:/.test(ruleset);
}

/** `iptables-legacy-save` makes the tables that it asks for, so it is run only where the kernel names some. */
function wantedSaves(ruleset: string, proc: string): readonly Save[] {
  const saves: Save[] = [];
  if (hidesRules(ruleset)) {
    if (/"family"\s*:\s*"ip"/.test(ruleset)) saves.push({ family: 4, backend: 'nft', program: 'iptables-nft-save' });
    if (/"family"\s*:\s*"ip6"/.test(ruleset)) saves.push({ family: 6, backend: 'nft', program: 'ip6tables-nft-save' });
  }
  if (hasTables(join(proc, 'net/ip_tables_names'))) {
    saves.push({ family: 4, backend: 'legacy', program: 'iptables-legacy-save' });
  }
  if (hasTables(join(proc, 'net/ip6_tables_names'))) {
    saves.push({ family: 6, backend: 'legacy', program: 'ip6tables-legacy-save' });
  }
  return saves;
}

function hasTables(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').trim() !== '';
  } catch {
    return false; // the kernel has none of iptables-legacy
  }
}
