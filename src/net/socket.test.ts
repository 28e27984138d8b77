import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from './address.ts';
import { LISTEN, parseProcSockets, parseSshConnection } from './socket.ts';

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

test('both ends of an SSH connection', () => {
  const ends = (text: string) => {
    const found = parseSshConnection(text);
    return found && [found.client, found.server].map(({ address, port }) => `${formatAddress(address)} ${port}`);
  };
  assert.deepEqual(ends('203.0.113.9 54321 192.0.2.10 2222'), ['203.0.113.9 54321', '192.0.2.10 2222']);
  assert.deepEqual(ends('fe80::2%eth0 1 fe80::1%eth0 22'), ['fe80::2 1', 'fe80::1 22']);
  assert.equal(ends('UNKNOWN 65535 UNKNOWN 65535'), undefined);
  assert.equal(ends('203.0.113.9 54321'), undefined);
});

test('whatever stands there, nothing breaks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseProcSockets(text);
      parseSshConnection(text);
    }),
  );
});
