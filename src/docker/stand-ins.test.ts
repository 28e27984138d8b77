import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAddress, formatRange } from '../net/index.ts';
import { SourceFile } from '../source/index.ts';
import type { DockerFacts } from './facts.ts';
import { readDocker } from './read.ts';
import { withStandIns } from './stand-ins.ts';

function standIns(text: string): { readonly networks: readonly string[]; readonly containers: readonly string[] } {
  const facts = readDocker([new SourceFile('p/compose.yml', text)]).facts;
  assert.ok(facts !== undefined);
  return told(withStandIns(facts));
}

function told({ networks, containers }: DockerFacts) {
  return {
    networks: networks.map(({ name, subnets }) => `${name}: ${subnets.map(formatRange).join(' ')}`),
    containers: containers.map(({ name, attachments }) => {
      const places = attachments.map(
        ({ network, addresses }) => `${network} ${addresses.map(formatAddress).join(' ')}`,
      );
      return `${name}: ${places.join(', ')}`;
    }),
  };
}

describe('addresses for containers that have none yet', () => {
  test('where nobody knows the subnet, from where Docker takes its own', () => {
    assert.deepEqual(standIns('services: { a: { image: i }, b: { image: i } }'), {
      networks: ['p_default: 172.31.255.0/24 fd00:c0de:0:ffff::/64'],
      containers: [
        'p-a-1: p_default 172.31.255.254 fd00:c0de:0:ffff:ffff:ffff:ffff:fffe',
        'p-b-1: p_default 172.31.255.253 fd00:c0de:0:ffff:ffff:ffff:ffff:fffd',
      ],
    });
  });

  test('of the families of the network, but those that it has and those that others have', () => {
    const text = `services:
  a: { image: i, networks: { n: } }
  b: { image: i, networks: { n: { ipv4_address: 172.31.255.254 } } }
  c: { image: i, networks: [n, m] }
networks:
  n: { ipam: { config: [{ subnet: 172.31.255.0/24 }] } }
  m: {}
`;
    assert.deepEqual(standIns(text), {
      networks: ['p_n: 172.31.255.0/24', 'p_m: 172.31.254.0/24 fd00:c0de:0:ffff::/64'],
      containers: [
        'p-a-1: p_n 172.31.255.253',
        'p-b-1: p_n 172.31.255.254',
        'p-c-1: p_n 172.31.255.251, p_m 172.31.254.254 fd00:c0de:0:ffff:ffff:ffff:ffff:fffe',
      ],
    });
  });

  test('none where there is no room', () => {
    const text =
      'services: { a: { image: i, networks: [n] } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.0.0.0/31 }] } } }';
    assert.deepEqual(standIns(text).containers, ['p-a-1: p_n ']);
  });
});
