import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../net/index.ts';
import {
  isPrivate,
  parseAccounts,
  parseDistribution,
  parseResolvers,
  parseSshPorts,
  parseTimeServers,
} from './machine.ts';

test('name servers, without the stub on loopback', () => {
  const text =
    '# x\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n nameserver 2001:db8::53\nnameserver fe80::1%eth0\nnameserver 192.0.2.53\nnameserver bad\n';
  assert.deepEqual(parseResolvers(text).map(formatAddress), ['192.0.2.53', '2001:db8::53', 'fe80::1']);
});

test('the distribution, or the one that it is made from', () => {
  assert.equal(parseDistribution('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'), 'debian');
  assert.equal(parseDistribution('ID=ubuntu\nID_LIKE=debian\n'), 'ubuntu');
  assert.equal(parseDistribution('ID=linuxmint\nID_LIKE="ubuntu debian"\n'), 'ubuntu');
  assert.equal(parseDistribution('ID=fedora\n'), undefined);
  assert.equal(parseDistribution(''), undefined);
});

test('time servers as they are configured, not those in comments', () => {
  assert.deepEqual(
    parseTimeServers('[Time]\n#NTP=\nNTP=192.0.2.123 time.example.com\nFallbackNTP=0.debian.pool.ntp.org\n'),
    ['192.0.2.123', 'time.example.com'],
  );
  assert.deepEqual(parseTimeServers('[Time]\nNTP=\nFallbackNTP=a.example.com b.example.com\n'), [
    'a.example.com',
    'b.example.com',
  ]);
  assert.deepEqual(parseTimeServers('# server no.example.com\npool 2.debian.pool.ntp.org iburst\nserver 192.0.2.1\n'), [
    '2.debian.pool.ntp.org',
    '192.0.2.1',
  ]);
  assert.deepEqual(parseTimeServers(''), []);
});

test('SSH ports', () => {
  assert.deepEqual(parseSshPorts('#Port 22\nPort 2222\n port=443\nPermitRootLogin no\n'), [2222, 443]);
  assert.deepEqual(parseSshPorts(''), [22]);
});

test('accounts', () => {
  const text = 'root:x:0:0:root:/root:/bin/bash\nopenclaw:x:998:998::/home/openclaw:/bin/sh\n\n#bad\nx:y\n';
  assert.deepEqual(parseAccounts(text), [
    { name: 'root', uid: 0, home: '/root' },
    { name: 'openclaw', uid: 998, home: '/home/openclaw' },
  ]);
});

test('private addresses', () => {
  const isPrivateText = (text: string) => isPrivate(parseAddress(text)!);
  for (const text of [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '100.127.255.255',
    'fd00::1',
    'fc00::1',
    'fe80::1',
  ])
    assert.ok(isPrivateText(text), text);
  for (const text of [
    '9.255.255.255',
    '11.0.0.0',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '203.0.113.9',
    '2001:db8::1',
    'fec0::1',
    'fb00::1',
    'ff02::1',
  ])
    assert.ok(!isPrivateText(text), text);
});

test('whatever stands in a file of the system, nothing breaks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const parse of [parseResolvers, parseDistribution, parseTimeServers, parseSshPorts, parseAccounts])
        parse(text);
    }),
  );
});
