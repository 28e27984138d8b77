import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { SourceFile } from '../../src/source/index.ts';
import { assertSameMeaning, meaningOf } from './meaning.ts';
import { CORPUS, rulesetFile } from './read.ts';

// What `nft -s -j list ruleset` of nft 1.0.6 wrote of these rulesets, kept so that no kernel is needed. `listing.test.ts` asks the kernel.
describe('JSON listings that were kept', () => {
  for (const path of globSync('listed/*.json', { cwd: CORPUS }).sort()) {
    const name = basename(path, '.json');
    it(name, () => {
      const listing = meaningOf(new SourceFile(path, readFileSync(join(CORPUS, path), 'utf8')));
      assertSameMeaning(listing, meaningOf(rulesetFile(name)), path);
    });
  }
});
