import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { provenRules } from '../../src/cli/lab/policy-in-nft.ts';
import { Lab } from '../../src/host/index.ts';
import type { Ruleset } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { LINKS } from '../lab/links.ts';
import { intentOf, labPolicies } from '../lab/policies.ts';
import { isolationOrReason } from '../lab/support.ts';
import { assertSameMeaning, meaningOf } from './meaning.ts';
import { CORPUS, RULESETS, rulesetFile, rulesetPath } from './read.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

const GOLDEN = new URL('../contract/golden/', import.meta.url).pathname;

/** Ways in which nft shows what the kernel holds. */
const LISTINGS: readonly (readonly string[])[] = [
  ['list', 'ruleset'],
  ['-s', 'list', 'ruleset'],
  ['-n', 'list', 'ruleset'],
  ['-a', 'list', 'ruleset'],
  ['-j', 'list', 'ruleset'],
];

/** What this project writes itself: for its policies, and as it is kept in the contract's folder. */
const OURS: readonly (readonly [string, string])[] = [
  ...labPolicies().map(
    ({ name, text, read }) => [basename(name), provenRules(intentOf(text, name, read)).text] as const,
  ),
  ...globSync('*.nft', { cwd: GOLDEN }).map((name) => [name, readFileSync(join(GOLDEN, name), 'utf8')] as const),
];

describe('what nft lists of a ruleset means what its text means', { skip }, () => {
  for (const name of RULESETS) {
    test(name, async () => {
      await using lab = await Lab.open({ links: LINKS, accounts: [1000] });
      await lab.onHost('nft', ['-I', CORPUS, '-f', rulesetPath(name)]);
      const meant = meaningOf(rulesetFile(name));
      await assertListings(lab, meant, LISTINGS);
    });
  }
  for (const [name, text] of OURS) {
    test(`ours: ${name}`, async () => {
      await using lab = await Lab.open({ links: LINKS, accounts: [1000] });
      await lab.load(text);
      await assertListings(lab, meaningOf(new SourceFile(name, text)), LISTINGS.slice(-2));
    });
  }
});

async function assertListings(lab: Lab, meant: Ruleset, listings: typeof LISTINGS): Promise<void> {
  for (const args of listings) {
    const text = await lab.onHost('nft', args);
    assert.notEqual(text.trim(), '');
    assertSameMeaning(meaningOf(new SourceFile('listing', text)), meant, `nft ${args.join(' ')}`);
  }
}
