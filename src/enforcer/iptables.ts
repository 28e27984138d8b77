import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from '../host/process.ts';
import { sha256 } from './ledger.ts';
import * as nft from './nft.ts';
import type { SavedTables } from './protocol.ts';

/**
 * Tables of iptables as `iptables-save` prints them: nft lists those of iptables-nft with expressions that it cannot spell (`xt`), and
 * does not see those of iptables-legacy at all.
 * @param ruleset `nft -j list ruleset`, with or without elements of sets; `undefined` where there is no `nft` to list it
 */
export async function iptablesTables(
  ruleset: string | undefined,
  proc: string,
): Promise<{ readonly tables: readonly SavedTables[]; readonly limits: readonly string[] }> {
  const tables: SavedTables[] = [];
  const limits: string[] = [];
  for (const { family, backend, program: usual } of wantedSaves(ruleset, proc)) {
    const program = saverOf(usual);
    if (program === undefined) {
      limits.push(
        `rules of iptables (IPv${family}, ${backend}) are there, but \`${usual}\` is not installed to read them`,
      );
      continue;
    }
    const { exitCode, stdout, stderr } = await run(program, [], { timeoutMs: 60_000, maxOutputBytes: 2 ** 30 });
    if (exitCode === 0) tables.push({ family, backend, text: stdout });
    else limits.push(`\`${program}\` failed: ${stderr.trim().split('\n')[0]}`);
  }
  return { tables, limits };
}

/** Before there were two kinds, the one that there was had no name of its own. */
function saverOf(usual: string): string | undefined {
  if (findProgram(usual) !== undefined) return usual;
  const plain = usual.replace(/-(?:nft|legacy)/, '');
  const isNamed = ['nft', 'legacy'].some((kind) => findProgram(plain.replace('-save', `-${kind}-save`)) !== undefined);
  return !isNamed && findProgram(plain) !== undefined ? plain : undefined;
}

interface Save {
  readonly family: 4 | 6;
  readonly backend: SavedTables['backend'];
  readonly program: string;
}

/** Whether a listing in JSON holds expressions of iptables-nft, which nft cannot spell there. */
export function hidesRules(ruleset: string): boolean {
  return /\{\s*"xt"\s*:/.test(ruleset);
}

/** `iptables-legacy-save` makes the tables that it asks for, so it is run only where the kernel names some. */
function wantedSaves(ruleset: string | undefined, proc: string): readonly Save[] {
  const saves: Save[] = [];
  if (ruleset === undefined) {
    for (const family of [4, 6] as const) {
      const program = family === 4 ? 'iptables-nft-save' : 'ip6tables-nft-save';
      if (findProgram(program) !== undefined) saves.push({ family, backend: 'nft', program });
    }
  } else if (hidesRules(ruleset) || /"PORTCULLIS-/.test(ruleset)) {
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

/**
 * A checksum of all rules of a machine without the elements of sets, counters, handles: what `begin` holds a plan against. Learned
 * elements and counted packets are no change of the rules.
 * @throws Refusal where the kernel cannot be asked
 */
export async function rulesChecksum(proc: string): Promise<string> {
  const terse = nft.isThere() ? await nft.terseRuleset() : undefined;
  const { tables } = await iptablesTables(terse, proc);
  const saved = tables.map(({ family, backend, text }) => `${family} ${backend}\n${withoutCounters(text)}`);
  return sha256([terse === undefined ? '' : nft.withoutState(terse), ...saved].join('\n'));
}

function withoutCounters(saved: string): string {
  const lines = saved.split('\n').filter((line) => !line.startsWith('#'));
  return lines.map((line) => line.replace(/ \[\d+:\d+\]$/, '').replace(/ --quota \d+/, '')).join('\n');
}

function hasTables(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').trim() !== '';
  } catch {
    return false; // the kernel has none of iptables-legacy
  }
}
