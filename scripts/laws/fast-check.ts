/**
 * fast-check, but for one thing: `assert` begins at a seed that is known, so that a run says the same again, and tries a law for as long as it is
 * asked to, with the next seed each time. A seed that a law gives itself stays.
 *
 * The environment says how (the runner starts a process for each file): `LAW_SEED`; `LAW_SECONDS`, of each law, and once where it is not given;
 * `LAW_COUNTS`, a file that is told the tries.
 */
import { appendFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import * as fc from 'fast-check';

export * from 'fast-check';
export default { ...fc, assert };

/** How often one law was tried: a line that `LAW_COUNTS` gets when the process ends. */
export interface LawCount {
  readonly law: string; // file and line of its `assert`
  readonly tries: number;
}

const ROOT = resolve(import.meta.dirname, '../..');
const { LAW_SEED = '1', LAW_SECONDS = '0', LAW_COUNTS } = process.env;
const DEFAULT_RUNS = 100; // of fast-check, where a law does not say how many

const triesByLaw = new Map<string, number>();
if (LAW_COUNTS !== undefined)
  process.on('exit', () => {
    const counts = [...triesByLaw].map(([law, tries]): LawCount => ({ law, tries }));
    appendFileSync(LAW_COUNTS, counts.map((count) => `${JSON.stringify(count)}\n`).join(''));
  });

export function assert<T>(property: fc.IRawProperty<T>, parameters: fc.Parameters<T> = {}): Promise<void> | void {
  const { seed, numRuns: tries = DEFAULT_RUNS } = parameters;
  const law = calledFrom();
  const until = performance.now() + (seed === undefined ? Number(LAW_SECONDS) * 1000 : 0);
  const goesOn = (): boolean => performance.now() < until;
  let round = 0;
  const once = (): Promise<void> | void => {
    triesByLaw.set(law, (triesByLaw.get(law) ?? 0) + tries);
    return fc.assert(property, { seed: Number(LAW_SEED) + round++, ...parameters });
  };
  if (property.isAsync()) return whileAsync(once, goesOn);
  do void once();
  while (goesOn());
}

async function whileAsync(once: () => Promise<void> | void, goesOn: () => boolean): Promise<void> {
  do await once();
  while (goesOn());
}

/** File and line that ask for the law. */
function calledFrom(): string {
  const site = getCallSites().find(({ scriptName }) => scriptName.endsWith('.test.ts'));
  return site === undefined ? 'unknown' : `${relative(ROOT, fileURLToPath(site.scriptName))}:${site.lineNumber}`;
}
