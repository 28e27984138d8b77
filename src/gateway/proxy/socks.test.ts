import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { range } from '../../net/index.ts';
import { tokenDigest } from './credentials.ts';
import { clientHello } from './hello-maker.ts';
import { eventually, Hand, ignore, listening, policyOf, startWorld, type World } from './support.ts';

const NO_AUTH = [5, 1, 0];

describe('SOCKS5', () => {
  let echo: Server;
  let port = 0;
  let world: World;
  before(async () => {
    echo = createServer((socket) => socket.on('error', ignore).pipe(socket));
    port = await listening(echo);
    world = await startWorld(
      policyOf(
        { to: ['echo.example'], ports: [port] },
        { to: ['127.0.0.1'], ports: [port] },
        { to: ['box.example'], ports: [port], from: '127.0.0.2' },
      ),
      {
        listeners: [{ kind: 'socks', at: { host: '127.0.0.1', port: 0 } }],
        credentials: [{ user: 'box', digest: tokenDigest('token'), accounts: [], addresses: [range('127.0.0.2')] }],
      },
    );
  });
  after(async () => {
    await world.proxy.stop(0);
    echo.close();
  });

  const name = (text: string): number[] => [3, text.length, ...Buffer.from(text, 'latin1')];
  const request = (to: readonly number[], at = port, command = 1): number[] => [
    5,
    command,
    0,
    ...to,
    at >> 8,
    at & 255,
  ];

  /** All that comes back to these bytes, sent one by one. */
  async function say(
    bytes: readonly number[],
    from = '127.0.0.1',
    least = 12,
  ): Promise<{ hand: Hand; answer: number[] }> {
    const hand = await Hand.connect(world.port, { localAddress: from });
    for (const byte of bytes) hand.write(Buffer.from([byte]));
    await eventually(() => hand.isClosed || hand.bytes.length >= least, 'an answer');
    return { hand, answer: [...hand.bytes] };
  }

  test('leads to a name and to an address that flows lead to, and carries what follows', async () => {
    for (const to of [name('ECHO.example'), [1, 127, 0, 0, 1]]) {
      const { hand, answer } = await say([...NO_AUTH, ...request(to), ...Buffer.from('hello')]);
      assert.deepEqual(answer.slice(0, 4), [5, 0, 5, 0]);
      await eventually(() => hand.text.endsWith('hello'), 'the echo');
      hand.close();
    }
    await eventually(() => world.gatekeeper.open.size === 0, 'both have ended');
    assert.deepEqual(
      world.records.map(({ way, host }) => [way, host]),
      [
        ['socks', 'echo.example'],
        ['socks', '127.0.0.1'],
      ],
    );
  });

  const replies: readonly (readonly [string, () => number[], number])[] = [
    ['another name', () => request(name('evil.example')), 2],
    ['another port (P7)', () => request(name('echo.example'), 25), 2],
    ['an address that no flow leads to', () => request([1, 127, 0, 0, 9]), 2],
    ['an IPv4 address in IPv6 clothes', () => request([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]), 2],
    ['a name with NUL', () => request(name('echo.example\0.evil.example')), 2],
    ['an address as a name', () => request(name('0x7f.1')), 2],
    ['BIND', () => request(name('echo.example'), port, 2), 7],
    ['UDP ASSOCIATE', () => request(name('echo.example'), port, 3), 7],
    ['another type of address', () => request([9, 1]), 8],
  ];
  for (const [what, bytes, code] of replies) {
    test(`${what}: reply ${code}, nothing is looked up, and it is recorded`, async () => {
      const [records, lookups] = [world.records.length, world.lookedUp.length];
      const { hand, answer } = await say([...NO_AUTH, ...bytes()]);
      assert.deepEqual(answer.slice(2, 4), [5, code]);
      await hand.all();
      assert.equal(world.records.length, records + 1);
      assert.equal(world.records.at(-1)?.verdict, 'deny');
      assert.equal(world.lookedUp.length, lookups);
    });
  }

  test('credentials: needed at an address that has some, of no use to an account', async () => {
    const login = (user: string, token: string) => [
      1,
      user.length,
      ...Buffer.from(user),
      token.length,
      ...Buffer.from(token),
    ];
    const both = [5, 2, 0, 2];
    assert.deepEqual((await say(both, '127.0.0.2', 2)).answer, [5, 2]);
    const known = await say([...both, ...login('box', 'token'), ...request(name('box.example'))], '127.0.0.2', 14);
    assert.deepEqual(known.answer.slice(0, 6), [5, 2, 1, 0, 5, 0]);
    known.hand.close();
    assert.deepEqual((await say([...both, ...login('box', 'wrong')], '127.0.0.2')).answer, [5, 2, 1, 1]);
    assert.deepEqual((await say(NO_AUTH, '127.0.0.2')).answer, [5, 255]);
    assert.deepEqual(
      (await say([5, 1, 2, ...login('box', 'token')])).answer,
      [5, 2, 1, 1],
      'the account is not the box',
    );
    assert.deepEqual((await say(NO_AUTH, '127.0.0.3')).answer, [5, 255], 'whom nobody knows');
  });

  test('what is no SOCKS5, or does not come in time, is closed', async () => {
    assert.deepEqual((await say([4, 1, 0, 80, 127, 0, 0, 1, 0])).answer, []);
    const listeners = [{ kind: 'socks', at: { host: '127.0.0.1', port: 0 } }] as const;
    const hasty = await startWorld(policyOf(), { listeners, limits: { firstBytesMs: 200 } });
    const hand = await Hand.connect(hasty.port);
    hand.write(Buffer.from([5, 1, 0, 5]));
    await hand.all();
    assert.deepEqual([...hand.bytes], [5, 0]);
    await hasty.proxy.stop(0);
  });

  test('P8 holds here, too', async () => {
    const { hand } = await say([
      ...NO_AUTH,
      ...request(name('echo.example')),
      ...clientHello({ names: [[0, 'evil.example']] }),
    ]);
    await hand.all();
    assert.deepEqual([...hand.bytes.subarray(12)], [21, 3, 3, 0, 2, 2, 49]);
  });
});
