import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocker } from '../docker/index.ts';
import { formatAddress } from '../net/index.ts';
import { loadPolicyText } from '../policy/index.ts';
import { SourceFile } from '../source/index.ts';
import { LiveZones, type ZonePlace } from './live-zones.ts';

const POLICY = `portcullis: 1
zones:
  web: { docker: { labels: { role: web } } }
  shop: { docker: { project: shop, service: [api, db], network: inner } }
  named: { docker: { container: [one, two] } }
  fixed: { docker: { network: inner } }
`;
const NETWORKS = [
  { Name: 'bridge', Id: 'a'.repeat(64), Driver: 'bridge', IPAM: { Config: [] } },
  { Name: 'inner', Id: 'b'.repeat(64), Driver: 'bridge', IPAM: { Config: [] } },
];

function factsOf(...listed: readonly unknown[]) {
  const { facts } = readDocker([new SourceFile('docker.json', JSON.stringify(listed))]);
  assert.ok(facts);
  return facts;
}

function container(name: string, labels: Readonly<Record<string, string>>, networks: Readonly<Record<string, string>>) {
  const attached = Object.entries(networks).map(([network, IPAddress]) => [network, { IPAddress }]);
  return factsOf({
    Name: `/${name}`,
    State: { Running: true },
    Config: { Labels: labels },
    HostConfig: {},
    NetworkSettings: { Networks: Object.fromEntries(attached) },
  }).containers[0];
}

function shown(places: readonly ZonePlace[]): string[] {
  return places.map(({ zone, bridge, address }) => `${zone} ${bridge} ${formatAddress(address)}`);
}

function zones(): LiveZones {
  const { policy } = loadPolicyText(new SourceFile('policy.yaml', POLICY), () => ({ reason: '' }));
  const made = new LiveZones(policy?.zones ?? []);
  made.learnNetworks(factsOf(...NETWORKS));
  return made;
}

test('who is in which zone, by name, label and Compose service, each on the networks that count', () => {
  const made = zones();
  assert.deepEqual(made.names, ['web', 'shop', 'named'], 'a network needs nobody to follow it');
  const labels = { role: 'web', 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'api' };
  const { came, went } = made.put('1', container('one', labels, { bridge: '172.17.0.2', inner: '172.18.0.2' }));
  assert.deepEqual(shown(came), [
    'web docker0 172.17.0.2',
    `web br-${'b'.repeat(12)} 172.18.0.2`,
    `shop br-${'b'.repeat(12)} 172.18.0.2`,
    'named docker0 172.17.0.2',
    `named br-${'b'.repeat(12)} 172.18.0.2`,
  ]);
  assert.deepEqual(went, []);
  const other = made.put(
    '2',
    container('three', { ...labels, role: 'cache', 'com.docker.compose.project': 'shop2' }, { bridge: '172.17.0.3' }),
  );
  assert.deepEqual(other, { came: [], went: [] });
});

test('only what changes comes and goes', () => {
  const made = zones();
  made.put('1', container('one', {}, { bridge: '172.17.0.2', inner: '172.18.0.2' }));
  const moved = made.put('1', container('one', {}, { bridge: '172.17.0.9', inner: '172.18.0.2' }));
  assert.deepEqual(
    [shown(moved.came), shown(moved.went)],
    [['named docker0 172.17.0.9'], ['named docker0 172.17.0.2']],
  );
  assert.deepEqual(shown(made.put('1', undefined).went).length, 2);
  assert.deepEqual(made.put('1', undefined), { came: [], went: [] }, 'it has gone already');
  assert.deepEqual(made.all(), []);
});

test('a network that is not known yet is told, and counts once it is', () => {
  const made = new LiveZones(
    loadPolicyText(new SourceFile('policy.yaml', POLICY), () => ({ reason: '' })).policy?.zones ?? [],
  );
  const one = container('one', {}, { inner: '172.18.0.2' });
  assert.ok(one);
  assert.equal(made.knowsNetworksOf(one), false);
  assert.deepEqual(made.put('1', one).came, []);
  made.learnNetworks(factsOf(...NETWORKS));
  assert.equal(made.knowsNetworksOf(one), true);
  assert.equal(made.put('1', one).came.length, 1);
});
