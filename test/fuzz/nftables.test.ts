import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NftWorld } from './nft/world.ts';
import { fuzzRulesets } from './nftables.ts';

const opened = await NftWorld.open();
const [world, skip] = 'skip' in opened ? [undefined, opened.skip] : [opened, false];

test('mutated and hostile rulesets are read whole, or refused with a place', async (t) => {
  const { failures, ...figures } = await fuzzRulesets({ count: 3000, seed: 20261122 });
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.read > 200 && figures.opaque > 20, 'the mutations leave too little for the deeper parts');
  assert.ok(figures.peakMemoryMiB < 1024, `${figures.peakMemoryMiB} MiB`);
});

test('what nft takes of them has as many rules for us as for nft, and the meaning of its listings', {
  skip,
}, async (t) => {
  assert.ok(world !== undefined);
  using closed = world;
  const { failures, nft } = await fuzzRulesets({ count: 2000, seed: 20261123, world: closed });
  t.diagnostic(JSON.stringify(nft));
  assert.deepEqual(failures, []);
  assert.ok(nft !== undefined && nft.same > 300, 'nft takes too few of them');
});
