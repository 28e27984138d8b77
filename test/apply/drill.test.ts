import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertSchema } from '../cli/cli.ts';
import { Place } from '../enforcer/place.ts';
import { isolationOrReason } from '../lab/support.ts';
import { POLICY, portcullis } from './command.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

describe('a drill', { skip, concurrency: 3 }, () => {
  for (const firewall of ['nftables', 'iptables']) {
    test(`with ${firewall} rehearses lock-out, rollback and restart, and records nothing where no change was ever made`, async () => {
      assert.ok('isolation' in found);
      await using place = await Place.open(found.isolation);
      const ended = await portcullis(place, ['drill', '-', '--with', firewall, '--json'], POLICY);
      const document = JSON.parse(ended.stdout);
      assertSchema(document, 'drill');
      assert.equal(ended.exitCode, 0, ended.stdout);
      assert.equal(document.rehearsals.length, 7);
      assert.equal(document.recorded, false);
      assert.equal(await place.checked('nft', ['list', 'ruleset']), '', 'it rehearses elsewhere');
    });
  }

  test('needs somebody to lock out', async () => {
    assert.ok('isolation' in found);
    await using place = await Place.open(found.isolation);
    const ended = await portcullis(place, ['drill', '-'], 'portcullis: 1\nname: closed\n');
    assert.equal(ended.exitCode, 2, ended.stderr);
    assert.match(ended.stderr, /nobody can be locked out/);
  });
});
