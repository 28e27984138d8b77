import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../net/index.ts';
import {
  isPrivate,
  LISTEN,
  parseAccounts,
  parseDistribution,
  parseProcSockets,
  parseResolvers,
  parseSshConnection,
  parseSshPorts,
  parseTimeServers,
} from './machine.ts';

test('sockets of /proc/net, both families, mapped addresses as IPv4', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10001 1 0 100 0 0 10 0',
    '   1: 0A00000A:0016 097100CB:D431 01 00000000:00000000 02:000A 00000000     0        0 10002 2 0 20 4 30 10 -1',
    '   2: 0100007F:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 10003 1 0 100 0 0 10 0',
    '   3: 0000000000000000FFFF0000097100CB:0016 B80D0120000000000000000001000000:C001 01 00000000:00000000 00:00000000 00000000  0  0 10004 1 0',
    'nonsense',
  ].join('\n');
  const sockets = parseProcSockets(text);
  assert.deepEqual(
    sockets.map(({ local, remote, state, uid, inode }) => [
      `${formatAddress(local.address)} ${local.port}`,
      `${formatAddress(remote.address)} ${remote.port}`,
      state,
      uid,
      inode,
    ]),
    [
      ['0.0.0.0 22', '0.0.0.0 0', LISTEN, 0, '10001'],
      ['10.0.0.10 22', '203.0.113.9 54321', 1, 0, '10002'],
      ['127.0.0.1 18789', '0.0.0.0 0', LISTEN, 998, '10003'],
      ['203.0.113.9 22', '2001:db8::1 49153', 1, 0, '10004'],
    ],
  );
});

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

test('SSH: ports and the session', () => {
  assert.deepEqual(parseSshPorts('#Port 22\nPort 2222\n port=443\nPermitRootLogin no\n'), [2222, 443]);
  assert.deepEqual(parseSshPorts(''), [22]);
  const session = parseSshConnection('203.0.113.9 54321 192.0.2.10 2222');
  assert.deepEqual([session?.peer && formatAddress(session.peer), session?.port], ['203.0.113.9', 2222]);
  assert.equal(parseSshConnection('UNKNOWN 65535 UNKNOWN 65535'), undefined);
  assert.equal(formatAddress(parseSshConnection('fe80::2%eth0 1 fe80::1%eth0 22')!.peer), 'fe80::2');
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
      for (const parse of [
        parseProcSockets,
        parseResolvers,
        parseDistribution,
        parseTimeServers,
        parseSshPorts,
        parseAccounts,
        parseSshConnection,
      ])
        parse(text);
    }),
  );
});
