import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { type HelloOutcome, HelloReader, type ServerName } from './client-hello.ts';
import { clientHello, ECH, records } from './hello-maker.ts';
import { ignore, listening } from './support.ts';

/** Rows T3, T4 and T6 of the attack matrix, as far as they are a matter of reading. */
function read(bytes: Uint8Array, pieceSize = bytes.length): HelloOutcome {
  const reader = new HelloReader();
  for (let at = 0; at < bytes.length; at += pieceSize) {
    const outcome = reader.push(bytes.subarray(at, at + pieceSize));
    if (outcome.kind !== 'more') return outcome;
  }
  return { kind: 'more' };
}

function serverName(bytes: Uint8Array): ServerName | undefined {
  const outcome = read(bytes);
  return outcome.kind === 'hello' ? outcome.serverName : undefined;
}

/** What Node itself sends, which is OpenSSL's. */
async function realHello(servername: string | undefined): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    let all = Buffer.alloc(0);
    socket.on('error', ignore).on('data', (chunk) => {
      all = Buffer.concat([all, chunk]);
      if (read(all).kind === 'more') return;
      socket.destroy();
      resolve(all);
    });
  });
  const port = await listening(server);
  const name = servername === undefined ? {} : { servername };
  const client = connect({ host: '127.0.0.1', port, ...name }).on('error', ignore);
  const hello = await promise;
  client.destroy();
  server.close();
  return hello;
}

const site: [number, string] = [0, 'site.example'];

describe('a ClientHello', () => {
  test('of a real client, with a post-quantum key share: its name, in whatever pieces it comes', async () => {
    const hello = await realHello('site.example');
    assert.ok(hello.length > 1_200, `${hello.length} bytes: OpenSSL 3.5 offers X25519MLKEM768`);
    for (const size of [1, 2, 7, 100, hello.length])
      assert.deepEqual(
        read(hello, size),
        { kind: 'hello', serverName: { kind: 'name', text: 'site.example' } },
        `${size}`,
      );
    assert.deepEqual(serverName(await realHello(undefined)), { kind: 'none' });
  });

  test('in records of one byte each', () => {
    const hello = clientHello({ names: [site], recordSize: 1 });
    assert.deepEqual(read(hello, 1), { kind: 'hello', serverName: { kind: 'name', text: 'site.example' } });
  });

  test('names: none, one, two, of another type, an empty list', () => {
    assert.deepEqual(serverName(clientHello({})), { kind: 'none' });
    assert.deepEqual(serverName(clientHello({ names: [site] })), { kind: 'name', text: 'site.example' });
    assert.equal(serverName(clientHello({ names: [site, [0, 'evil.example']] }))?.kind, 'odd');
    assert.equal(serverName(clientHello({ names: [[1, 'site.example']] }))?.kind, 'odd');
    assert.equal(serverName(clientHello({ names: [site, [1, 'x']] }))?.kind, 'odd');
    assert.equal(serverName(clientHello({ names: [] }))?.kind, 'odd');
  });

  test('with ECH, real or for show: the outer name', () => {
    const hello = clientHello({ names: [site], extensions: [[ECH, Buffer.alloc(300, 1)]] });
    assert.deepEqual(serverName(hello), { kind: 'name', text: 'site.example' });
  });

  test('that contradicts itself is none', () => {
    const hello = clientHello({ names: [site] });
    const whole = clientHello({ names: [site], extensions: [[0, Buffer.from([0, 7, 0, 0, 4, 101, 118, 105, 108])]] });
    assert.equal(read(whole).kind, 'bad', 'the extension twice');
    const handshake = hello.subarray(5);
    const longer = Buffer.from(handshake);
    longer.writeUIntBE(handshake.length - 4 + 1, 1, 3);
    assert.equal(read(records(Buffer.concat([longer, Buffer.alloc(1)]), 16_384)).kind, 'bad', 'a byte behind');
    assert.equal(read(records(Buffer.from([2, 0, 0, 0]), 100)).kind, 'bad', 'a ServerHello');
    assert.equal(read(Buffer.from([22, 3, 1, 0, 0])).kind, 'bad', 'an empty record');
    assert.equal(read(Buffer.from([22, 3, 1, 0x40, 1])).kind, 'bad', 'a record of 16,385 bytes');
    assert.equal(read(Buffer.from([22, 2])).kind, 'bad', 'another version');
    assert.equal(read(Buffer.from('SSH-2.0-x')).kind, 'bad');
    assert.equal(read(hello.subarray(0, hello.length - 1)).kind, 'more');
  });

  test('up to 64 KiB, and no byte more', () => {
    const filled = (size: number) => clientHello({ names: [site], extensions: [[21, Buffer.alloc(size)]] });
    assert.equal(read(filled(65_000)).kind, 'hello');
    assert.equal(read(records(Buffer.from([1, 1, 0, 1]), 100)).kind, 'bad', 'one of 65,537 bytes, before it has come');
  });
});

const SEED = 20_261_126;

describe('any bytes whatever', () => {
  const mutated = fc
    .tuple(
      fc.constantFrom(
        clientHello({ names: [site] }),
        clientHello({ names: [site, site], recordSize: 9 }),
        clientHello({}),
      ),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(300),
    )
    .map(([hello, changes, cut]) => {
      const bytes = Buffer.from(hello);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, bytes.length - (cut % 50));
    });

  test('are read without a throw, and alike in whatever pieces they come', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated);
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 40 }), (input, size) => {
        assert.deepEqual(read(input, size), read(input, 1));
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  test('that give a name have it in them', () => {
    fc.assert(
      fc.property(mutated, (input) => {
        const name = serverName(input);
        if (name?.kind === 'name' && name.text.length > 3) assert.ok(joined(input).includes(name.text));
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  function joined(bytes: Buffer): string {
    let text = '';
    for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
      text += bytes.toString('latin1', at + 5, at + 5 + bytes.readUInt16BE(at + 3));
    return text;
  }
});
