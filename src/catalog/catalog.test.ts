import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDnsPattern, PROTOCOLS } from '../net/index.ts';
import { root } from './data.ts';
import { CATALOG_RELEASE, loadCatalog, loadConfigKeys } from './index.ts';
import { parseServiceText } from './service-text.ts';

const catalog = loadCatalog();

test('services that policies name every day are there, on both transports where they need both', () => {
  assert.deepEqual(catalog.service('ssh'), [{ protocol: PROTOCOLS.tcp, ports: { first: 22, last: 22 } }]);
  assert.deepEqual(
    catalog.service('dns')?.map((service) => service.protocol),
    [PROTOCOLS.udp, PROTOCOLS.tcp],
  );
  assert.deepEqual(
    catalog.service('ping')?.map((service) => service.family),
    [4, 6],
  );
  assert.equal(catalog.service('constructor'), undefined);
});

test('discord is what the program uses: gateway and wildcards, and never api.discord.com', () => {
  const discord = catalog.entry('discord');
  const patterns = discord?.endpoints.map((endpoint) => formatDnsPattern(endpoint.pattern)) ?? [];
  assert.ok(patterns.includes('gateway.discord.gg'));
  assert.ok(patterns.includes('*.discord.gg'));
  assert.ok(!patterns.includes('api.discord.com'));
  assert.equal(discord?.version, CATALOG_RELEASE);
  assert.equal(catalog.entry('__proto__'), undefined);
});

test('wildcards are server-assigned, and what is not HTTP says so', () => {
  for (const name of catalog.entryNames()) {
    for (const { pattern, endpointClass, services } of catalog.entry(name)?.endpoints ?? []) {
      const where = `${name}: ${formatDnsPattern(pattern)}`;
      assert.ok(services.length > 0, where);
      const http = services.every(
        ({ protocol, ports }) => protocol === PROTOCOLS.tcp && (ports?.first === 443 || ports?.first === 80),
      );
      const expected = http ? (pattern.wildcard ? 'server-assigned' : 'static') : 'non-http';
      assert.equal(endpointClass, expected, where);
    }
  }
});

test('no entry names an endpoint twice for the same service', () => {
  for (const name of catalog.entryNames()) {
    const seen = (catalog.entry(name)?.endpoints ?? []).map(
      (endpoint) => `${formatDnsPattern(endpoint.pattern)} ${JSON.stringify(endpoint.services)}`,
    );
    assert.equal(new Set(seen).size, seen.length, name);
  }
});

test('service texts', () => {
  assert.deepEqual(parseServiceText('udp/60000-61000'), { protocol: 17, ports: { first: 60000, last: 61000 } });
  assert.deepEqual(parseServiceText('icmpv6/echo-request'), { protocol: 58, family: 6, icmp: { type: 128 } });
  for (const wrong of ['ssh', 'tcp', 'tcp/', 'tcp/70000', 'gre/47', 'icmp/toString', '/22'])
    assert.equal(parseServiceText(wrong), undefined, wrong);
});

test('a damaged data file is told with its place', () => {
  const node = root('services.json', '{"services": {"ssh": {"on": "tcp/22"}}}');
  assert.throws(
    () => node.key('services').key('ssh').key('on').items(),
    /services\.json\.services\.ssh\.on: expected a list/,
  );
  assert.throws(() => node.key('absent'), /services\.json: expected the key `absent`/);
});

test('every entry that a configuration key needs is in the catalogue', () => {
  const keys = loadConfigKeys();
  const tables = [keys.channels, keys.providers, keys.searches, keys.speech, keys.embeddings];
  for (const table of tables) {
    for (const [name, { needs, optional }] of table) {
      for (const entry of [...needs, ...optional.map((one) => one.entry)])
        assert.ok(catalog.entry(entry), `${name} needs ${entry}`);
    }
  }
  for (const { oauth } of keys.providers.values()) for (const entry of oauth) assert.ok(catalog.entry(entry), entry);
});

test('the endpoints of an entry all have the same services, so that one flow opens no more than they need', () => {
  for (const name of catalog.entryNames()) {
    const byPattern = Map.groupBy(catalog.entry(name)?.endpoints ?? [], ({ pattern }) => formatDnsPattern(pattern));
    const services = [...byPattern.values()].map((endpoints) =>
      JSON.stringify(endpoints.flatMap((endpoint) => endpoint.services)),
    );
    assert.equal(new Set(services).size, 1, name);
  }
});
