/**
 * Reads mutated rulesets for long, with nft beside us as a witness:
 *
 *     node scripts/fuzz-rulesets.ts [--seed N] [--count N] [--nft-every N] [--nft VERSION] [--write]
 *
 * `--nft-every`: one of so many rulesets is shown to nft too, which takes five times as long as to read it.
 * `--nft`: not the machine's own nft, but that of another Debian release (`test/nft/release.ts`).
 * `--write` keeps the result in test/fuzz/results. Exits with 1 where something was not as it must be, and says what.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NftWorld } from '../test/fuzz/nft/world.ts';
import { fuzzRulesets } from '../test/fuzz/nftables.ts';
import { useNft } from '../test/nft/release.ts';
import { nftVersion } from './soak/options.ts';

const PROGRESS_MS = 10_000;
const REFUSALS_TOLD = 30;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100000' },
    'nft-every': { type: 'string', default: '1' },
    nft: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const nft = nftVersion(values.nft);
const unavailable = nft === undefined ? undefined : await useNft(nft);
const opened = unavailable === undefined ? await NftWorld.open() : { skip: unavailable };
if ('skip' in opened) {
  process.stderr.write(`${opened.skip}\n`);
  process.exit(4);
}
using world = opened;
const started = performance.now();
let toldAt = started;
const refusals = new Map<string, { times: number; example: string }>();
const { failures, ...figures } = await fuzzRulesets({
  count: Number(values.count),
  seed: Number(values.seed),
  world,
  nftEvery: Number(values['nft-every']),
  progress: (done) => {
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    process.stderr.write(`${done} rulesets, ${Math.round((done / (toldAt - started)) * 1000)}/s\n`);
  },
  refused: (said) => {
    const key = said.replace(/, found .*/, '');
    const known = refusals.get(key);
    if (known === undefined) refusals.set(key, { times: 1, example: said });
    else known.times++;
  },
});
const result = { ...figures, failures: failures.length };
process.stdout.write(`${JSON.stringify(result)}\n`);
for (const { times, example } of [...refusals.values()].toSorted((a, b) => b.times - a.times).slice(0, REFUSALS_TOLD))
  process.stdout.write(`refused by us alone, ${times} times: ${example.slice(0, 200)}\n`);
for (const { input, what } of failures) process.stdout.write(`\nFAILED: ${what.slice(0, 600)}\n${input}\n`);
if (values.write) {
  const folder = resolve(import.meta.dirname, '../test/fuzz/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    resolve(folder, nft === undefined ? 'nftables.json' : `nftables-nft-${nft}.json`),
    `${JSON.stringify(result, undefined, 2)}\n`,
  );
}
process.exitCode = failures.length === 0 ? 0 : 1;
