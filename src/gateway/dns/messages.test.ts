import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dnsPacket from 'dns-packet';
import { addresses, queryOf, sendUdp, toldBy } from './stand-in.fixture.ts';
import { worldsOfTests } from './world.fixture.ts';

const { upstream, within } = await worldsOfTests();

describe('a message', () => {
  test('D14 that is malformed is answered with FORMERR, or not at all', async () => {
    const plain = queryOf('api.example', 'A', { additionals: [] });
    const changed = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.from(plain);
      change(bytes);
      return bytes;
    };
    const cases: readonly (readonly [string, Buffer, number])[] = [
      [
        'two questions',
        dnsPacket.encode({
          type: 'query',
          id: 1,
          questions: [
            { type: 'A', name: 'api.example' },
            { type: 'A', name: 'b.example' },
          ],
        }),
        1,
      ],
      ['no question', changed((bytes) => bytes.writeUInt16BE(0, 4)), 1],
      ['a pointer to itself', changed((bytes) => bytes.writeUInt16BE(0xc00c, 12)), 1],
      ['a pointer to another place', changed((bytes) => bytes.writeUInt16BE(0xc000, 16)), 1],
      ['a label without end', changed((bytes) => bytes.writeUInt8(63, 12)), 1],
      ['an unknown kind of label', changed((bytes) => bytes.writeUInt8(0x40, 12)), 1],
      ['cut short', plain.subarray(0, -1), 1],
      ['something behind it', Buffer.concat([plain, Buffer.of(0)]), 1],
      ['an answer in it', changed((bytes) => bytes.writeUInt16BE(1, 6)), 1],
      ['an OPT record that is none', changed((bytes) => bytes.writeUInt16BE(1, 10)), 1],
      ['another operation', changed((bytes) => bytes.writeUInt8(0x28, 2)), 4],
    ];
    await within({}, async (world) => {
      for (const [title, message, rcode] of cases) {
        const reply = await world.send(message);
        assert.equal(reply === undefined ? undefined : reply.readUInt8(3) & 15, rcode, title);
      }
      assert.equal(world.records.length, cases.length);
      assert.ok(world.records.every(({ reason }) => reason === 'bad-request'));
      assert.equal(await world.send(plain.subarray(0, 11), 100), undefined, 'too short to answer');
      assert.equal(
        await world.send(
          changed((bytes) => bytes.writeUInt8(0x81, 2)),
          100,
        ),
        undefined,
        'an answer',
      );
      const version = queryOf('api.example', 'A');
      version.writeUInt8(1, version.length - 5);
      const told = dnsPacket.decode((await world.send(version))!);
      const [opt] = told.additionals ?? [];
      assert.equal(opt?.type === 'OPT' ? opt.extendedRcode : undefined, 1, 'BADVERS is 16: 1 above the header');
      assert.deepEqual(upstream.asked, []);
      assert.equal((await world.ask('api.example')).rcode, 0, 'it lives');
    });
  });

  test('of a name that is no host is denied', async () => {
    await within({}, async (world) => {
      for (const host of [
        '127.0.0.1',
        '0x7f.1',
        'a b.example',
        '-api.example',
        'api\u0000.example',
        'ápi.example',
        '2130706433',
      ]) {
        assert.equal((await world.ask(host)).rcode, 5, host);
        assert.equal(world.records.at(-1)?.reason, 'bad-host', host);
      }
      const dotted = queryOf('apixexample', 'A');
      dotted.writeUInt8('.'.charCodeAt(0), 16);
      assert.equal(toldBy((await world.send(dotted))!).rcode, 5);
      assert.equal(world.records.at(-1)?.reason, 'bad-host', 'one label with a dot in it');
      const root = dnsPacket.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: '.' }] });
      assert.equal(toldBy((await world.send(root))!).rcode, 5);
      assert.deepEqual(upstream.asked, []);
    });
  });

  test('is answered within what the client can take, and cut short where it cannot', async () => {
    upstream.says = (query, by, raw) =>
      by === 'udp'
        ? { flags: dnsPacket.TRUNCATED_RESPONSE }
        : addresses(...Array.from({ length: 40 }, (_, at) => `93.0.0.${at}`))(query, by, raw);
    await within({}, async (world) => {
      const small = toldBy((await world.send(queryOf('api.example', 'A', { additionals: [] })))!);
      assert.deepEqual([small.isTruncated, small.data.length, small.raw.length], [true, 0, 29]);
      const big = await world.ask('api.example');
      assert.deepEqual([big.isTruncated, big.data.length], [false, 32]);
      assert.ok(big.raw.length <= 1_232);
      const long = `${'a'.repeat(63)}.${'b'.repeat(50)}.wild.example`;
      await world.ask(long);
      const refused = toldBy(
        (await world.send(queryOf(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.evil.example`, 'A')))!,
      );
      assert.ok(refused.raw.length <= 1_232 && refused.why?.startsWith('15 unlisted-name'));
    });
  });

  test('of many clients at once is answered to each', async () => {
    await within({}, async (world) => {
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, id) => sendUdp(queryOf('api.example', 'A', { id }), world.port, 5_000)),
      );
      assert.deepEqual(
        replies.map((reply) => reply?.readUInt16BE(0)),
        Array.from({ length: 200 }, (_, id) => id),
      );
      assert.equal(upstream.asked.length, 1);
      assert.equal(world.opened.length, 1, 'one write for all');
    });
  });
});
