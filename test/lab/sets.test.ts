import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { Lab } from '../../src/host/index.ts';
import { LINKS } from './links.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

const SMALL = `table inet small {
  set names4-two { type ipv4_addr; size 2; flags timeout; }
  set names6-two { type ipv6_addr; size 2; flags timeout; }
}
`;

describe('the writer of sets', { skip }, () => {
  test('fills its sets, says what the kernel does not take, and does nothing else', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [0] });
    await lab.load(SMALL);
    const said = await lab.onHost(process.execPath, [resolve(import.meta.dirname, 'sets-main.ts')]);
    const { outcomes, together, status } = JSON.parse(said) as {
      outcomes: string[];
      together: string[];
      status: number;
    }; // written by `sets-main`
    assert.deepEqual(outcomes.slice(0, 5), ['done', 'done', 'done', 'the set is full', 'done']);
    assert.match(outcomes[5] ?? '', /No such file or directory/);
    assert.match(outcomes[6] ?? '', /there is no set for a group/);
    assert.match(outcomes[7] ?? '', /too long/);
    assert.match(outcomes[8] ?? '', /has ended/);
    assert.deepEqual(
      together,
      Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? 'done' : 'the set is full')),
    );
    assert.equal(status, 2);
    const listing = await lab.onHost('nft', ['list', 'table', 'inet', 'small']);
    assert.deepEqual([...listing.matchAll(/(\S+) timeout (\S+)/g)].map(([, address]) => address).toSorted(), [
      '2001:db8::1',
      '203.0.113.1',
      '203.0.113.2',
    ]);
    assert.match(listing, /203\.0\.113\.1 timeout (?:10m|1m)/);
  });
});
