import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../src/host/index.ts';

/** Rules in the language of iptables, for both families, with the sets that they name. */
export interface Restore {
  readonly backend: 'nft' | 'legacy';
  readonly v4: string;
  readonly v6: string;
  readonly sets: string; // `ipset restore`
}

/** What the programs say of the tables once they are loaded. */
export interface Saved {
  readonly v4: string;
  readonly v6: string;
  readonly sets: string;
}

const ATTEMPTS = 100;
const WAIT_MS = 10;
const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security'];

/** Rules that iptables loads and takes away again, in this process's own namespace. */
export class Xtables {
  readonly #env: { readonly XTABLES_LOCKFILE: string };
  #loaded: Restore | undefined;

  constructor() {
    // A lock of its own: otherwise all that iptables-legacy does on this machine waits for one another.
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-judge-'));
    this.#env = { XTABLES_LOCKFILE: join(folder, 'xtables.lock') };
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  }

  /** @returns why the rules were refused; `undefined` where they are in force. */
  async load(restore: Restore): Promise<string | undefined> {
    this.#loaded = restore;
    const texts = [
      ['ipset', ['restore'], restore.sets],
      [`iptables-${restore.backend}-restore`, [], restore.v4],
      [`ip6tables-${restore.backend}-restore`, [], restore.v6],
    ] as const;
    for (const [program, args, input] of texts) {
      const done = await run(program, args, { input, env: this.#env });
      if (done.exitCode !== 0) return `${program}: ${done.stderr.trim()}`;
    }
    return undefined;
  }

  async saved({ backend }: Restore): Promise<Saved> {
    const said = async (program: string, args: readonly string[] = []): Promise<string> =>
      (await run(program, args, { env: this.#env })).stdout;
    return {
      v4: await said(`iptables-${backend}-save`),
      v6: await said(`ip6tables-${backend}-save`, ['-c']),
      sets: await said('ipset', ['save']),
    };
  }

  /** What was loaded is gone: tables of iptables-nft whole, those of iptables-legacy but for their empty chains. */
  async clear(): Promise<void> {
    if (this.#loaded === undefined) return;
    const { backend, v4, v6 } = this.#loaded;
    this.#loaded = undefined;
    if (backend === 'nft') {
      const input = ['ip', 'ip6'].flatMap((family) =>
        TABLES.map((name) => `table ${family} ${name}\ndelete table ${family} ${name}\n`),
      );
      await this.#must('nft', ['-f', '-'], input.join(''));
    } else {
      await this.#must('iptables-legacy-restore', [], emptied(v4));
      await this.#must('ip6tables-legacy-restore', [], emptied(v6));
    }
    await this.#destroySets();
  }

  /** The kernel lets sets go a little after the rules that named them; sets of sets hold theirs for as long as they are not empty. */
  async #destroySets(): Promise<void> {
    await this.#must('ipset', ['flush'], '');
    for (let attempt = 1; ; attempt++) {
      const done = await run('ipset', ['destroy']);
      if (done.exitCode === 0) return;
      if (attempt === ATTEMPTS) throw new Error(`ipset: ${done.stderr.trim()}`);
      await sleep(WAIT_MS);
    }
  }

  async #must(program: string, args: readonly string[], input: string): Promise<void> {
    const done = await run(program, args, { input, env: this.#env });
    if (done.exitCode !== 0) throw new Error(`${program}: ${done.stderr.trim()}`);
  }
}

/** The same tables with built-in chains only, which accept. */
function emptied(text: string): string {
  const lines = text.split('\n');
  return `${lines
    .filter((line) => /^(?:\*|COMMIT$|:[A-Z]+ (?:ACCEPT|DROP))/.test(line))
    .join('\n')
    .replaceAll(/ DROP /g, ' ACCEPT ')}\n`;
}
