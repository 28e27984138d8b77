import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import dnsPacket from 'dns-packet';
import { formatAddress, range } from '../../net/index.ts';
import type { Client } from '../wanted.ts';
import { BUDGET_LIMITS } from './budgets.ts';
import {
  AGENT,
  address,
  addresses,
  grant,
  group,
  local,
  name,
  PLAIN,
  policyOf,
  queryOf,
  StandIn,
  sendUdp,
  toldBy,
  World,
  type WorldOptions,
} from './world.fixture.ts';

let upstream: StandIn;
before(async () => {
  upstream = await StandIn.start(addresses('93.184.216.34'));
});
beforeEach(() => {
  upstream.says = addresses('93.184.216.34');
  upstream.asked.length = 0;
});
after(() => upstream.close());

/** A world for one test. */
async function inWorld(options: WorldOptions, work: (world: World) => Promise<void>): Promise<void> {
  const world = await World.start(upstream, options);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

function openedBy({ opened }: World): string[] {
  return opened.map((each) => `${each.group} ${formatAddress(each.address)} ${each.seconds}`);
}

describe('a lookup', () => {
  test('is answered, recorded, and opens its address before', async () => {
    const order: string[] = [];
    const sink = { put: async () => void order.push('opened') };
    await inWorld({ sink, gatekeeper: { record: () => order.push('recorded') } }, async (world) => {
      const { rcode, data } = await world.ask('api.example');
      assert.deepEqual([rcode, data], [0, ['93.184.216.34']]);
      order.push('answered');
      assert.deepEqual(order, ['opened', 'recorded', 'answered']);
    });
    await inWorld({}, async (world) => {
      await world.ask('API.example');
      assert.deepEqual(openedBy(world), ['api 93.184.216.34 360']);
      assert.deepEqual(world.records, [
        {
          id: 'r1',
          time: '2026-11-26T00:00:00.000Z',
          way: 'dns',
          agent: 'openclaw',
          client: '127.0.0.1:40000',
          host: 'api.example',
          protocol: 'A',
          verdict: 'allow',
          flow: 'api',
        },
      ]);
    });
  });

  test('is answered with the question as it was asked, id and letters, also from what is ready', async () => {
    await inWorld({}, async (world) => {
      for (const [id, host] of [
        [1, 'api.example'],
        [2, 'API.eXample'],
        [65_535, 'aPi.Example'],
      ] as const) {
        const told = dnsPacket.decode((await world.send(queryOf(host, 'A', { id })))!);
        assert.deepEqual(
          [told.id, told.questions?.[0]?.name, told.answers?.[0]?.name.toLowerCase()],
          [id, host, 'api.example'],
        );
        assert.deepEqual([told.flag_qr, told.flag_rd, told.flag_ra, told.flag_aa], [true, true, true, false]);
      }
      assert.equal(upstream.asked.length, 1);
      assert.equal(world.records.length, 3);
    });
  });

  test('D1 of a name that no flow leads to is denied before anybody is asked', async () => {
    const labels = ['evil.example', `${'x'.repeat(63)}.example`, 'aGVsbG8gd29ybGQgdGhpcyBpcyBkYXRh.exfil.example'];
    await inWorld({}, async (world) => {
      for (const host of labels) {
        const { rcode, why } = await world.ask(host);
        assert.equal(rcode, 5);
        assert.equal(
          why,
          `15 unlisted-name: no flow of openclaw leads to ${host.toLowerCase()} (r${world.records.length})`,
        );
      }
      assert.deepEqual(
        world.records.map(({ reason }) => reason),
        labels.map(() => 'unlisted-name'),
      );
      assert.deepEqual(upstream.asked, []);
    });
    await inWorld({ service: { refuseBy: 'no-such-name' } }, async (world) =>
      assert.equal((await world.ask('evil.example')).rcode, 3),
    );
  });

  test('D1 by somebody whom nobody knows is denied', async () => {
    await inWorld({ server: { whoAsks: () => undefined } }, async (world) => {
      const { rcode, why } = await world.ask('api.example');
      assert.deepEqual([rcode, why], [5, '18 no-identity: nobody can tell which agent asks (r1)']);
      assert.deepEqual(upstream.asked, []);
    });
  });

  test('D2 below a wildcard has a budget of names, of names that look like data, and of length', async () => {
    const budgets = { ...BUDGET_LIMITS, newNames: 20, oddNames: 2 };
    await inWorld({ service: { budgets } }, async (world) => {
      const reasons = async (hosts: readonly string[]): Promise<(string | undefined)[]> => {
        const before = world.records.length;
        for (const host of hosts) await world.ask(host);
        return world.records.slice(before).map(({ reason }) => reason);
      };
      const data = [
        '6f8d1a0c35e7b9428d1f',
        'q3x7zk2m9w4t8r1p5v6n0',
        'jb2hi4tfnrscayltebqxeyi',
        'mzxw6ytboi2dgnbvgy3tqojq',
      ];
      assert.deepEqual(await reasons(data.map((each) => `${each}.wild.example`)), [
        undefined,
        undefined,
        undefined,
        'budget',
      ]);
      assert.deepEqual(await reasons([`${'a.'.repeat(61)}wild.example`]), ['budget']);
      const plain = Array.from({ length: 20 }, (_, at) => `gateway-${at}.wild.example`);
      const answers = await reasons(plain);
      assert.equal(answers.filter((reason) => reason === undefined).length, 17);
      assert.ok(answers.slice(17).every((reason) => reason === 'budget'));
      assert.deepEqual(
        await reasons(['gateway-0.wild.example']),
        [undefined],
        'what it has asked for before is not new',
      );
      assert.deepEqual(await reasons(['api.example']), [undefined], 'what the policy names has no budget');
      assert.equal(upstream.asked.filter((each) => each.includes('wild')).length, 20);
      world.clock.now += budgets.windowMs;
      assert.deepEqual(await reasons(['gateway-99.wild.example']), [undefined]);
    });
  });

  test('has a budget of queries a second, and an end of it is told once a second', async () => {
    await inWorld({ service: { budgets: { ...BUDGET_LIMITS, perSecond: 10, burst: 5 } } }, async (world) => {
      const codes: number[] = [];
      for (let at = 0; at < 8; at++) codes.push((await world.ask('api.example')).rcode);
      assert.deepEqual(codes, [0, 0, 0, 0, 0, 5, 5, 5]);
      assert.deepEqual(world.records.map(({ reason }) => reason).slice(5), ['budget']);
      world.clock.now += 200;
      assert.deepEqual(
        [
          (await world.ask('api.example')).rcode,
          (await world.ask('api.example')).rcode,
          (await world.ask('api.example')).rcode,
        ],
        [0, 0, 5],
      );
    });
  });

  test('D3 of another type or class is refused, whatever the name', async () => {
    await inWorld({}, async (world) => {
      for (const type of ['TXT', 'NULL', 'AXFR', 'MX', 'SRV', 'PTR', 'NS', 'SOA', 'CNAME', 'DNSKEY'] as const)
        assert.equal((await world.ask('api.example', type)).rcode, 5, type);
      for (const [type, qclass] of [
        [255, 1],
        [65_280, 1],
        [1, 3],
        [1, 255],
        [1, 254],
      ] as const) {
        const message = queryOf('api.example', 'A');
        message.writeUInt16BE(type, 25);
        message.writeUInt16BE(qclass, 27);
        assert.equal(toldBy((await world.send(message))!).rcode, 5, `${type} ${qclass}`);
      }
      assert.ok(world.records.every(({ reason }) => reason === 'query-type'));
      assert.deepEqual(world.records.map(({ protocol }) => protocol).slice(0, 3), ['TXT', 'NULL', 'AXFR']);
      assert.deepEqual(upstream.asked, []);
    });
    await inWorld({ service: { types: ['A', 'TXT'], refuseBy: 'no-such-name' } }, async (world) => {
      upstream.says = () => ({ answers: [{ type: 'TXT', name: 'api.example', ttl: 60, data: ['hello'] }] });
      assert.deepEqual((await world.ask('api.example', 'TXT')).data, [[Buffer.from('hello')]]);
      assert.equal((await world.ask('api.example', 'AAAA')).rcode, 5, 'a type must not make the name go away');
    });
  });

  test('D9 refreshes the kernel with every answer, for the rest of its time and the grace', async () => {
    await inWorld({}, async (world) => {
      await world.ask('api.example');
      world.clock.now += 500;
      await world.ask('api.example'); // written half a second ago: it is there
      world.clock.now += 99_500;
      const { answers } = await world.ask('api.example');
      const [answer] = answers;
      assert.equal(answer !== undefined && 'ttl' in answer ? answer.ttl : undefined, 200);
      world.clock.now += 199_000;
      await world.ask('api.example');
      assert.deepEqual(openedBy(world), ['api 93.184.216.34 360', 'api 93.184.216.34 260', 'api 93.184.216.34 61']);
      assert.equal(upstream.asked.length, 1);
    });
  });

  test('D10 leaves an address open that another answer gave more time', async () => {
    await inWorld({}, async (world) => {
      await world.ask('api.example');
      upstream.says = () => ({ answers: [{ type: 'A', name: 'a.wild.example', ttl: 0, data: '93.184.216.34' }] });
      await world.ask('a.wild.example'); // of another group: its own time
      world.clock.now += 300_000;
      upstream.says = () => ({ answers: [{ type: 'A', name: 'api.example', ttl: 1, data: '93.0.0.1' }] });
      await world.ask('api.example'); // it has moved
      assert.deepEqual(openedBy(world), ['api 93.184.216.34 360', 'wild 93.184.216.34 65', 'api 93.0.0.1 65']);
    });
  });

  test('D12 is not told addresses that are not public, in whatever clothes', async () => {
    const special = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.1.1', '0.0.0.0'];
    const special6 = [
      '::1',
      '::',
      'fe80::1',
      'fd00::1',
      '::ffff:127.0.0.1',
      '::ffff:93.0.0.1',
      '::93.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b::5d00:1',
      '64:ff9b:1::a00:1',
      '2002:7f00:1::',
      'ff02::1',
    ];
    await inWorld({}, async (world) => {
      let at = 0;
      for (const text of [...special, ...special6]) {
        const host = `n${at++}.wild.example`;
        const type = text.includes(':') ? 'AAAA' : 'A';
        upstream.says = addresses(text);
        const { rcode, data, why } = await world.ask(host, type);
        assert.deepEqual([rcode, data, why], [5, [], '17 special-address'], text);
        upstream.says = addresses(text, '93.0.0.1', '2606::1');
        assert.deepEqual(
          (await world.ask(`n${at++}.wild.example`, type)).data,
          [type === 'A' ? '93.0.0.1' : '2606::1'],
          text,
        );
      }
      assert.ok(world.opened.every((each) => ['93.0.0.1', '2606::1'].includes(formatAddress(each.address))));
      assert.equal(
        world.records.filter(({ reason }) => reason === 'special-address').length,
        special.length + special6.length,
      );
    });
  });

  test('D12 is told them where a flow leads the client there by itself; the group stays closed to them', async () => {
    const inner = grant('inner', local(1000), {
      kind: 'remote',
      ranges: [range('10.0.0.0/24'), range('64:ff9b::/96')],
    });
    await inWorld({ policy: policyOf({ ...PLAIN, grants: [...PLAIN.grants, inner] }) }, async (world) => {
      upstream.says = addresses('10.0.0.1', '10.0.1.1', '64:ff9b::a00:1', '64:ff9b::7f00:1');
      assert.deepEqual((await world.ask('api.example')).data, ['10.0.0.1']);
      assert.deepEqual(
        (await world.ask('api.example', 'AAAA')).data,
        ['64:ff9b::a00:1'],
        'of NAT64 the address inside counts, too',
      );
      assert.deepEqual(world.opened, []);
    });
    await inWorld({ gatekeeper: { isOwn: (each) => formatAddress(each) === '93.0.0.9' } }, async (world) => {
      upstream.says = addresses('93.0.0.9');
      assert.equal((await world.ask('api.example')).rcode, 5, 'this machine itself');
    });
  });

  test('D15 of one agent opens nothing for another', async () => {
    const other: Client = { ...AGENT, agent: 'other', account: 1001 };
    const policy = policyOf({
      groups: [
        group('mine', ['shared.example', 'mine.example']),
        group('theirs', ['*.example.com', 'shared.example']),
        group('gated', ['shared.example'], 'gateway'),
      ],
      grants: [
        grant('mine', local(1000), { kind: 'named', group: 'mine' }, { kind: 'named', group: 'gated' }),
        grant('theirs', local(1001), { kind: 'named', group: 'theirs' }),
      ],
    });
    let client = AGENT;
    await inWorld({ policy, server: { whoAsks: () => client } }, async (world) => {
      await world.ask('shared.example');
      assert.deepEqual(openedBy(world), ['mine 93.184.216.34 360']);
      client = other;
      assert.equal((await world.ask('mine.example')).rcode, 5);
      assert.equal(world.opened.length, 1);
      await world.ask('shared.example');
      assert.deepEqual(
        openedBy(world).slice(1),
        ['theirs 93.184.216.34 360'],
        'what is ready for one is not for the other',
      );
      assert.equal(upstream.asked.length, 1);
    });
  });

  test('fails where the kernel does not take the address, and does not tell it', async () => {
    const sink = { put: () => Promise.reject(new Error('the set is full')) };
    await inWorld({ sink }, async (world) => {
      const { rcode, data, why } = await world.ask('api.example');
      assert.deepEqual([rcode, data, why], [2, [], '0 not-opened']);
      assert.deepEqual(
        world.records.map(({ verdict, reason }) => [verdict, reason]),
        [['deny', 'not-opened']],
      );
    });
    await inWorld({ service: { feed: undefined } }, async (world) =>
      assert.equal((await world.ask('api.example')).rcode, 2),
    );
  });

  test('fails where no resolver answers', async () => {
    upstream.says = () => undefined;
    await inWorld({}, async (world) => {
      const { rcode, why } = await world.ask('api.example');
      assert.deepEqual([rcode, why], [2, '22 no resolver answers']);
      assert.equal(world.records[0]?.reason, 'no-address');
    });
  });

  test('is judged by the policy that is in force when the answer comes', async () => {
    await inWorld({}, async (world) => {
      upstream.says = (query, by, raw) => {
        world.gatekeeper.replace(policyOf({ groups: [], grants: [] }));
        return addresses('93.0.0.1')(query, by, raw);
      };
      assert.equal((await world.ask('api.example')).rcode, 5);
      assert.deepEqual(world.opened, []);
    });
    await inWorld({}, async (world) => {
      await world.ask('api.example');
      world.gatekeeper.replace(policyOf({ groups: PLAIN.groups, grants: [] }));
      assert.equal((await world.ask('api.example')).rcode, 5, 'what was ready is not any more');
    });
  });

  test('while only observing is answered, and recorded as what would be denied', async () => {
    await inWorld({ gatekeeper: { observe: true } }, async (world) => {
      upstream.says = addresses('93.0.0.1', '127.0.0.1');
      assert.deepEqual((await world.ask('evil.example')).data, ['93.0.0.1']);
      assert.equal(world.records[0]?.verdict, 'would-deny');
    });
  });

  test('of a local name is answered where the policy leads there', async () => {
    const names = new Map([
      [name('api.example'), [address('93.0.0.5')]],
      [name('printer.example'), [address('93.0.0.6')]],
    ]);
    await inWorld({ resolver: { local: names } }, async (world) => {
      assert.deepEqual((await world.ask('api.example')).data, ['93.0.0.5']);
      assert.equal((await world.ask('printer.example')).rcode, 5);
      assert.deepEqual(upstream.asked, []);
    });
  });
});

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
    await inWorld({}, async (world) => {
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
    await inWorld({}, async (world) => {
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
    await inWorld({}, async (world) => {
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
    await inWorld({}, async (world) => {
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
