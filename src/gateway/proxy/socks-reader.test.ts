import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Read, readGreeting, readRequest, readUserPassword } from './socks-reader.ts';

const READERS: readonly ((bytes: Buffer) => Read<unknown>)[] = [readGreeting, readUserPassword, readRequest];

function request(type: number, address: readonly number[], port = 443, command = 1): Buffer {
  return Buffer.from([5, command, 0, type, ...address, port >> 8, port & 255]);
}

test('messages of SOCKS5 (RFC 1928, RFC 1929)', () => {
  assert.deepEqual(readGreeting(Buffer.from([5, 2, 0, 2, 9])), {
    kind: 'whole',
    message: { methods: new Set([0, 2]) },
    length: 4,
  });
  assert.deepEqual(readUserPassword(Buffer.from('\x01\x02me\x03abc', 'latin1')), {
    kind: 'whole',
    message: { user: 'me', password: 'abc' },
    length: 8,
  });
  const name = [12, ...Buffer.from('site.example')];
  for (const [bytes, text] of [
    [request(1, [192, 0, 2, 1]), '192.0.2.1'],
    [request(3, name), 'site.example'],
    [request(4, [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1]), '2001:db8:0:0:0:0:0:1'],
  ] as const)
    assert.deepEqual(readRequest(bytes), {
      kind: 'whole',
      message: { command: 1, host: { kind: 'text', text }, port: 443 },
      length: bytes.length,
    });
  assert.deepEqual(readRequest(request(9, [1, 2])), {
    kind: 'whole',
    message: { command: 1, host: { kind: 'unknown-type' }, port: 0 },
    length: 5,
  });
});

test('what is none: another version, no methods, no user, something reserved', () => {
  for (const bytes of [
    [4, 1],
    [5, 0],
    [22, 3],
  ])
    assert.equal(readGreeting(Buffer.from(bytes)).kind, 'bad');
  for (const bytes of [
    [5, 1],
    [1, 0],
  ])
    assert.equal(readUserPassword(Buffer.from(bytes)).kind, 'bad');
  for (const bytes of [[4], [5, 1, 1]]) assert.equal(readRequest(Buffer.from(bytes)).kind, 'bad');
});

test('any bytes: no throw, never longer than what is there, and what is complete does not change by more', () => {
  const start = fc.constantFrom([5], [1], [5, 1, 0, 1], [5, 1, 0, 3], [5, 3, 0, 4], []);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 10 }), (first, more, behind) => {
      const bytes = Buffer.from([...first, ...more]);
      for (const reader of READERS) {
        const read = reader(bytes);
        if (read.kind === 'more') continue;
        if (read.kind === 'whole') assert.ok(read.length <= bytes.length);
        assert.deepEqual(reader(Buffer.concat([bytes, behind])), read);
      }
    }),
    { seed: 20_261_126, numRuns: 10_000 },
  );
});
