import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lab } from '../../src/host/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { LINKS } from '../lab/links.ts';
import { isolationOrReason } from '../lab/support.ts';
import { assertSameMeaning, meaningOf } from './meaning.ts';
import { CORPUS, RULESETS, rulesetFile, rulesetPath } from './read.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

/** Ways in which nft shows what the kernel holds. */
const LISTINGS: readonly (readonly string[])[] = [
  ['list', 'ruleset'],
  ['-s', 'list', 'ruleset'],
  ['-n', 'list', 'ruleset'],
  ['-a', 'list', 'ruleset'],
  ['-j', 'list', 'ruleset'],
];

describe('what nft lists of a ruleset means what its text means', { skip }, () => {
  for (const name of RULESETS) {
    test(name, async () => {
      await using lab = await Lab.open({ links: LINKS, accounts: [1000] });
      await lab.onHost('nft', ['-I', CORPUS, '-f', rulesetPath(name)]);
      const meant = meaningOf(rulesetFile(name));
      for (const args of LISTINGS) {
        const text = await lab.onHost('nft', args);
        assert.notEqual(text.trim(), '');
        assertSameMeaning(meaningOf(new SourceFile('listing', text)), meant, `nft ${args.join(' ')}`);
      }
    });
  }
});
