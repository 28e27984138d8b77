import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dnsPacket from 'dns-packet';
import { DNS_BUDGET_LIMITS } from './budgets.ts';
import { RESOLVER_LIMITS } from './resolver.ts';
import { addresses, queryOf, sendUdp, toldBy } from './stand-in.fixture.ts';
import { address, name, PLAIN, policyOf, worldsOfTests } from './world.fixture.ts';

const { upstream, within } = await worldsOfTests();

describe('a lookup', () => {
  test('is answered, recorded, and opens its address before', async () => {
    const order: string[] = [];
    const sink = { put: async () => void order.push('opened') };
    await within({ sink, gatekeeper: { record: () => order.push('recorded') } }, async (world) => {
      const { rcode, data } = await world.ask('api.example');
      assert.deepEqual([rcode, data], [0, ['93.184.216.34']]);
      order.push('answered');
      assert.deepEqual(order, ['opened', 'recorded', 'answered']);
    });
    await within({}, async (world) => {
      await world.ask('API.example');
      assert.deepEqual(world.openedText, ['api 93.184.216.34 360']);
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
    await within({}, async (world) => {
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
    await within({}, async (world) => {
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
    await within({ service: { refuseBy: 'no-such-name' } }, async (world) =>
      assert.equal((await world.ask('evil.example')).rcode, 3),
    );
  });

  test('D1 by somebody whom nobody knows is denied', async () => {
    await within({ server: { whoAsks: () => undefined } }, async (world) => {
      const { rcode, why } = await world.ask('api.example');
      assert.deepEqual([rcode, why], [5, '18 no-identity: nobody can tell which agent asks (r1)']);
      assert.deepEqual(upstream.asked, []);
    });
  });

  test('D2 below a wildcard has a budget of names, of names that look like data, and of length', async () => {
    const budgets = { ...DNS_BUDGET_LIMITS, newNames: 20, oddNames: 2 };
    await within({ service: { budgets } }, async (world) => {
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
    await within({ service: { budgets: { ...DNS_BUDGET_LIMITS, perSecond: 10, burst: 5 } } }, async (world) => {
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

  test('D2 is counted against the account, whichever of the machine’s addresses it is sent from', async () => {
    const budgets = { ...DNS_BUDGET_LIMITS, burst: 3, newNames: 2 };
    await within({ service: { budgets } }, async (world) => {
      for (const at of [1, 2, 3, 4])
        await sendUdp(queryOf(`n${at}.wild.example`, 'A'), world.port, 20_000, `127.0.0.${at}`);
      assert.deepEqual(
        world.records.map(({ reason }) => reason),
        [undefined, undefined, 'budget', 'budget'],
      );
      assert.equal(upstream.asked.length, 2);
    });
  });

  test('D3 of another type or class is refused, whatever the name', async () => {
    await within({}, async (world) => {
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
    await within({ service: { types: ['A', 'TXT'], refuseBy: 'no-such-name' } }, async (world) => {
      upstream.says = () => ({ answers: [{ type: 'TXT', name: 'api.example', ttl: 60, data: ['hello'] }] });
      assert.deepEqual((await world.ask('api.example', 'TXT')).data, [[Buffer.from('hello')]]);
      assert.equal((await world.ask('api.example', 'AAAA')).rcode, 5, 'a type must not make the name go away');
    });
  });

  test('fails where the kernel does not take the address, and does not tell it', async () => {
    const sink = { put: () => Promise.reject(new Error('the set is full')) };
    await within({ sink }, async (world) => {
      const { rcode, data, why } = await world.ask('api.example');
      assert.deepEqual([rcode, data, why], [2, [], '0 not-opened']);
      assert.deepEqual(
        world.records.map(({ verdict, reason }) => [verdict, reason]),
        [['deny', 'not-opened']],
      );
    });
    await within({ service: { feed: undefined } }, async (world) =>
      assert.equal((await world.ask('api.example')).rcode, 2),
    );
  });

  test('fails where no resolver answers', async () => {
    upstream.says = () => undefined;
    await within({ resolver: { limits: { ...RESOLVER_LIMITS, tryMs: 100 } } }, async (world) => {
      const { rcode, why } = await world.ask('api.example');
      assert.deepEqual([rcode, why], [2, '22 no resolver answers']);
      assert.equal(world.records[0]?.reason, 'no-address');
    });
  });

  test('is judged by the policy that is in force when the answer comes', async () => {
    await within({}, async (world) => {
      upstream.says = (query, by, raw) => {
        world.gatekeeper.replace(policyOf({ groups: [], grants: [] }));
        return addresses('93.0.0.1')(query, by, raw);
      };
      assert.equal((await world.ask('api.example')).rcode, 5);
      assert.deepEqual(world.opened, []);
    });
    await within({}, async (world) => {
      await world.ask('api.example');
      world.gatekeeper.replace(policyOf({ groups: PLAIN.groups, grants: [] }));
      assert.equal((await world.ask('api.example')).rcode, 5, 'what was ready is not any more');
    });
  });

  test('while only observing is answered, and recorded as what would be denied', async () => {
    await within({ gatekeeper: { observe: true } }, async (world) => {
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
    await within({ resolver: { local: names } }, async (world) => {
      assert.deepEqual((await world.ask('api.example')).data, ['93.0.0.5']);
      assert.equal((await world.ask('printer.example')).rcode, 5);
      assert.deepEqual(upstream.asked, []);
    });
  });
});
