import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/host/index.ts';
import type { Family } from '../../../src/net/index.ts';
import type { RuleCase, RuleGroup, TableText } from './iptables-inputs.ts';
import type { Graded } from './outcome.ts';
import { gradeSaved } from './read-saved.ts';

const BACKENDS = ['nft', 'legacy'] as const; // where the first refuses, the second is asked
type Backend = (typeof BACKENDS)[number];

/** iptables with a kernel of its own: to be used in a private namespace only. Each text replaces the table that it is of. */
export class RestoreAndSave {
  readonly #env: { readonly XTABLES_LOCKFILE: string };

  /** @param outside the network namespace that nothing may be loaded into, as /proc/self/ns/net names it */
  constructor(outside: string) {
    if (readlinkSync('/proc/self/ns/net') === outside) throw new Error('this is no private network namespace');
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-projects-lock-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    this.#env = { XTABLES_LOCKFILE: join(folder, 'xtables.lock') };
  }

  async gradeRules({ family, table, rules }: RuleGroup): Promise<Graded[]> {
    let left = rules;
    const graded: Graded[] = [];
    for (const backend of BACKENDS) {
      const refused = await this.#gradeRules(backend, family, table, left, graded);
      left = refused.map(({ rule }) => rule);
      if (backend === BACKENDS.at(-1))
        for (const { rule, said } of refused)
          graded.push({ place: rule.place, outcome: { kind: 'not accepted', said } });
    }
    return graded;
  }

  /** @returns the rules that are refused; halves what cannot be told apart. */
  async #gradeRules(
    backend: Backend,
    family: Family,
    table: string,
    rules: readonly RuleCase[],
    graded: Graded[],
  ): Promise<readonly { readonly rule: RuleCase; readonly said: string }[]> {
    const [first, second] = rules;
    if (first === undefined) return [];
    const text = `*${table}\n${rules.map(({ line }) => line).join('\n')}\nCOMMIT\n`;
    const { saved, said } = await this.#load(backend, family, table, text);
    const outcomes = saved === undefined ? [] : gradeSaved(saved);
    if (second === undefined && saved === undefined) return [{ rule: first, said }];
    if (second === undefined) {
      // One line may be saved as several rules; what the worst of them is, it is.
      const worst = (['failed', 'opaque', 'meaning'] as const).flatMap((kind) =>
        outcomes.filter((outcome) => outcome.kind === kind),
      )[0];
      graded.push({ place: first.place, outcome: worst ?? { kind: 'failed', why: 'nothing was saved' } });
      return [];
    }
    if (outcomes.length === rules.length) {
      for (const [at, { place }] of rules.entries()) graded.push({ place, outcome: outcomes[at]! });
      return [];
    }
    const middle = rules.length >> 1;
    return [
      ...(await this.#gradeRules(backend, family, table, rules.slice(0, middle), graded)),
      ...(await this.#gradeRules(backend, family, table, rules.slice(middle), graded)),
    ];
  }

  async gradeTable({ place, family, table, text }: TableText): Promise<Graded[]> {
    let refusal = '';
    for (const backend of BACKENDS) {
      const { saved, said } = await this.#load(backend, family, table, text);
      if (saved !== undefined)
        return gradeSaved(saved).map((outcome, at) => ({ place: `${place} rule ${at + 1}`, outcome }));
      refusal = said;
    }
    return [{ place, outcome: { kind: 'not accepted', said: refusal } }];
  }

  async #load(
    backend: Backend,
    family: Family,
    table: string,
    input: string,
  ): Promise<{ readonly saved?: string; readonly said: string }> {
    const program = `${family === 4 ? 'iptables' : 'ip6tables'}-${backend}`;
    const loaded = await run(`${program}-restore`, [], { input, env: this.#env });
    if (loaded.exitCode !== 0) return { said: loaded.stderr.trim() };
    const { exitCode, stdout, stderr } = await run(`${program}-save`, ['-t', table], { env: this.#env });
    return exitCode === 0 ? { saved: stdout, said: '' } : { said: stderr.trim() };
  }
}
