import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Place } from '../enforcer/place.ts';
import { Docker } from './docker.ts';
import { enableUfw, skipWithout, unchanged } from './others.ts';

describe('a change with iptables leaves what others have in the same tables as it is', () => {
  test('UFW, enabled', { skip: skipWithout('ufw', 'iptables-save', 'ipset') }, async () => {
    await using place = await Place.open('root');
    await enableUfw(place);
    await unchanged(place, 'iptables');
    assert.match(await place.checked('ufw', ['status']), /22\/tcp +ALLOW/);
  });

  test('Docker, with a network of its own', {
    skip: skipWithout('dockerd', 'docker', 'iptables-save', 'ipset'),
  }, async () => {
    await using place = await Place.open('root');
    await using docker = await Docker.start(place);
    await docker.checked('network', 'create', 'agents');
    await unchanged(place, 'iptables');
    await docker.checked('network', 'create', 'more'); // it goes on as it did
  });
});
