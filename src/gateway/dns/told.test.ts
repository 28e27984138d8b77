import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAddress, range } from '../../net/index.ts';
import type { Client } from '../wanted.ts';
import { addresses } from './stand-in.fixture.ts';
import { AGENT, grant, group, local, PLAIN, policyOf, worldsOfTests } from './world.fixture.ts';

const { upstream, within } = await worldsOfTests();

describe('what a client is told', () => {
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
    await within({}, async (world) => {
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
      ranges: [range('10.0.0.0/24'), range('64:ff9b::/96'), range('::/32')],
    });
    await within({ policy: policyOf({ ...PLAIN, grants: [...PLAIN.grants, inner] }) }, async (world) => {
      upstream.says = addresses(
        '10.0.0.1',
        '10.0.1.1',
        '64:ff9b::a00:1',
        '64:ff9b::7f00:1',
        '::ffff:10.0.0.1',
        '::10.0.0.1',
      );
      assert.deepEqual((await world.ask('api.example')).data, ['10.0.0.1']);
      assert.deepEqual(
        (await world.ask('api.example', 'AAAA')).data,
        ['64:ff9b::a00:1'],
        'of NAT64 the address inside counts, too',
      );
      assert.deepEqual(world.opened, []);
    });
    await within({ gatekeeper: { isOwn: (each) => formatAddress(each) === '93.0.0.9' } }, async (world) => {
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
    await within({ policy, server: { whoAsks: () => client } }, async (world) => {
      await world.ask('shared.example');
      assert.deepEqual(world.openedText, ['mine 93.184.216.34 360']);
      client = other;
      assert.equal((await world.ask('mine.example')).rcode, 5);
      assert.equal(world.opened.length, 1);
      await world.ask('shared.example');
      assert.deepEqual(
        world.openedText.slice(1),
        ['theirs 93.184.216.34 360'],
        'what is ready for one is not for the other',
      );
      assert.equal(upstream.asked.length, 1);
    });
  });

  test('D9 refreshes the kernel with every answer, for the rest of its time and the grace', async () => {
    await within({}, async (world) => {
      await world.ask('api.example');
      world.clock.now += 500;
      await world.ask('api.example'); // written half a second ago, for longer than is left: it is there
      world.clock.now += 99_500;
      const { answers } = await world.ask('api.example');
      const [answer] = answers;
      assert.equal(answer !== undefined && 'ttl' in answer ? answer.ttl : undefined, 200);
      world.clock.now += 199_000;
      await world.ask('api.example');
      assert.deepEqual(world.openedText, ['api 93.184.216.34 360', 'api 93.184.216.34 260', 'api 93.184.216.34 61']);
      assert.equal(upstream.asked.length, 1);
    });
  });

  test('D10 leaves an address open that another answer gave more time', async () => {
    await within({}, async (world) => {
      await world.ask('api.example');
      upstream.says = () => ({ answers: [{ type: 'A', name: 'a.wild.example', ttl: 0, data: '93.184.216.34' }] });
      await world.ask('a.wild.example'); // of another group: its own time
      world.clock.now += 300_000;
      upstream.says = () => ({ answers: [{ type: 'A', name: 'api.example', ttl: 1, data: '93.0.0.1' }] });
      await world.ask('api.example'); // it has moved
      assert.deepEqual(world.openedText, ['api 93.184.216.34 360', 'wild 93.184.216.34 65', 'api 93.0.0.1 65']);
    });
  });
});
