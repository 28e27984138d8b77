import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../src/net/index.ts';
import { checksum, packetBytes, type WirePacket } from './wire.ts';

function packet(src: string, dst: string, more: Partial<WirePacket>): WirePacket {
  const [from, to] = [parseAddress(src), parseAddress(dst)];
  assert.ok(from !== undefined && to !== undefined);
  return {
    family: from.family,
    src: from,
    dst: to,
    protocol: 17,
    sport: 0,
    dport: 0,
    icmpType: 0,
    icmpCode: 0,
    tcpFlags: 0,
    ttl: 64,
    options: false,
    number: 0,
    ...more,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('packets byte by byte', () => {
  test('the checksum of an IPv4 header', () => {
    const header = Uint8Array.from(Buffer.from('45000073000040004011' + '0000' + 'c0a80001c0a800c7', 'hex'));
    assert.equal(checksum(header), 0xb861);
  });

  test('an IPv4 segment: its number, its flags, and a sum of zero over header and segment', () => {
    const bytes = packetBytes(
      packet('192.0.2.1', '203.0.113.7', {
        protocol: 6,
        sport: 22,
        dport: 40000,
        tcpFlags: 0x12,
        number: 0xbeef,
        ttl: 200,
      }),
    );
    assert.equal(hex(bytes.subarray(0, 10)), '45000028beef4000c806');
    assert.equal(hex(bytes.subarray(12, 24)), 'c0000201cb00710700169c40');
    assert.equal(bytes[33], 0x12);
    assert.equal(checksum(bytes.subarray(0, 20)), 0);
    const pseudo = Uint8Array.from([...bytes.subarray(12, 20), 0, 6, 0, 20]);
    assert.equal(checksum(pseudo, bytes.subarray(20)), 0);
  });

  test('an IPv6 datagram behind an extension header, its number in the flow label', () => {
    const bytes = packetBytes(
      packet('2001:db8::1', 'ff02::1', { sport: 546, dport: 547, number: 0x1234, options: true }),
    );
    assert.equal(hex(bytes.subarray(0, 8)), '6000123400143c40');
    assert.equal(hex(bytes.subarray(40, 48)), '1100010400000000');
    assert.equal(hex(bytes.subarray(48, 54)), '02220223000c');
    const pseudo = Uint8Array.from([...bytes.subarray(8, 40), 0, 0, 0, 12, 0, 0, 0, 17]);
    assert.equal(checksum(pseudo, bytes.subarray(48)), 0);
  });

  test('an IPv4 header with options is six words long', () => {
    assert.equal(packetBytes(packet('192.0.2.1', '192.0.2.2', { options: true }))[0], 0x46);
  });
});
