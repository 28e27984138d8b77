import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Place } from '../enforcer/place.ts';
import { Docker } from './docker.ts';
import { enableUfw, skipWithout, unchanged } from './others.ts';

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.2:80
-A POSTROUTING -s 10.1.0.0/16 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the way in" -j ACCEPT
-A FORWARD -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`;

describe('a change leaves what others have loaded as it is', () => {
  test('rules of iptables', { skip: skipWithout('iptables-restore', 'ip6tables-restore') }, async () => {
    await using place = await Place.open('root');
    await place.checked('iptables-restore', [], RULES);
    await place.checked('ip6tables-restore', [], RULES.slice(RULES.indexOf('*filter')));
    await unchanged(place);
  });

  test('UFW, enabled', { skip: skipWithout('ufw', 'iptables-save') }, async () => {
    await using place = await Place.open('root');
    await enableUfw(place);
    await unchanged(place);
    assert.match(await place.checked('ufw', ['status']), /22\/tcp +ALLOW/);
  });

  test('Docker, with a network of its own', { skip: skipWithout('dockerd', 'docker', 'iptables-save') }, async () => {
    await using place = await Place.open('root');
    await using docker = await Docker.start(place);
    await docker.checked('network', 'create', 'agents');
    await unchanged(place);
    await docker.checked('network', 'create', 'more'); // it goes on as it did
  });
});
