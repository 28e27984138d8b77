/**
 * fast-check, but for one thing: `assert` begins at a seed that is known, so that a run says the same again, and tries a law for as long as it is
 * asked to, with the next seed each time. A seed that a law gives itself stays.
 *
 * The environment says how (the runner starts a process for each file): `LAW_SEED`; `LAW_SECONDS`, of each law, and once where it is not given;
 * `LAW_COUNTS`, a file that gets a line of JSON for each law.
 */
import { appendFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import * as fc from 'fast-check';

export * from 'fast-check';
export default { ...fc, assert };

/** What one law did: the line that `LAW_COUNTS` gets. */
export interface LawCount {
  readonly law: string; // file and line of its `assert`
  readonly tries: number;
  readonly failed: boolean;
}

const ROOT = resolve(import.meta.dirname, '../..');
const { LAW_SEED = '1', LAW_SECONDS = '0', LAW_COUNTS } = process.env;
const DEFAULT_RUNS = 100; // of fast-check, where a law does not say how many

export function assert<T>(property: fc.IRawProperty<T>, parameters: fc.Parameters<T> = {}): Promise<void> | void {
  const law = new Law(property, parameters, calledFrom());
  return property.isAsync() ? law.askAsync() : law.ask();
}

class Law<T> {
  readonly #property: fc.IRawProperty<T>;
  readonly #parameters: fc.Parameters<T>;
  readonly #name: string;
  readonly #until: number; // of performance.now()
  #rounds = 0;

  constructor(property: fc.IRawProperty<T>, parameters: fc.Parameters<T>, name: string) {
    this.#property = property;
    this.#parameters = parameters;
    this.#name = name;
    this.#until = parameters.seed === undefined ? performance.now() + Number(LAW_SECONDS) * 1000 : 0;
  }

  ask(): void {
    let failed = true;
    try {
      do void this.#once();
      while (performance.now() < this.#until);
      failed = false;
    } finally {
      this.#tell(failed);
    }
  }

  async askAsync(): Promise<void> {
    let failed = true;
    try {
      do await this.#once();
      while (performance.now() < this.#until);
      failed = false;
    } finally {
      this.#tell(failed);
    }
  }

  #once(): Promise<void> | void {
    return fc.assert(this.#property, { seed: Number(LAW_SEED) + this.#rounds++, ...this.#parameters });
  }

  #tell(failed: boolean): void {
    if (LAW_COUNTS === undefined) return;
    const tries = this.#rounds * (this.#parameters.numRuns ?? DEFAULT_RUNS);
    appendFileSync(LAW_COUNTS, `${JSON.stringify({ law: this.#name, tries, failed } satisfies LawCount)}\n`);
  }
}

/** File and line that ask for the law. */
function calledFrom(): string {
  const site = getCallSites().find(({ scriptName }) => scriptName.endsWith('.test.ts'));
  return site === undefined ? 'unknown' : `${relative(ROOT, fileURLToPath(site.scriptName))}:${site.lineNumber}`;
}
