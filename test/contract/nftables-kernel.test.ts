import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Lab, type Shot } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { flowCounter, nameSet, nftablesTarget } from '../../src/target/nftables/index.ts';
import { renderProven, verifyTarget } from '../../src/verify/index.ts';
import { LINKS } from '../lab/links.ts';
import { isolationOrReason } from '../lab/support.ts';
import { intentArbitrary } from '../laws/nftables-intents.ts';
import { AGENT_HOST, account, EVERYTHING, everyProcess, flow, intent, machines, named, tcp, udp } from './intents.ts';
import { AGENT, assertRefusedAtOnce, LOCAL, OUTER, shot } from './shots.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

function rendered(policy: Intent): string {
  const { artifacts, proof } = renderProven(nftablesTarget, policy);
  assert.ok(artifacts !== undefined, JSON.stringify(proof.diagnostics));
  return artifacts[0]!.text;
}

async function openLab(policy: Intent): Promise<Lab> {
  const lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
  assert.deepEqual(await lab.listen([22, 80], []), []);
  await lab.load(rendered(policy));
  return lab;
}

/** Packets that a flow's named counter has counted. */
async function counted(lab: Lab, flowName: string): Promise<number> {
  const counter = (await lab.counters()).find((each) => each.name === flowCounter.of(flowName));
  assert.ok(counter !== undefined, `no counter for ${flowName}`);
  return counter.packets;
}

describe('what the kernel made of our table, listed and read back', { skip }, () => {
  for (const [title, policy] of [
    ['a small agent host', AGENT_HOST],
    ['everything that a policy can say', EVERYTHING],
  ] as const) {
    test(`${title}: text, terse text and JSON all mean the policy, and loading twice changes nothing`, async () => {
      await using lab = await openLab(policy);
      const before = await lab.onHost('nft', ['-s', 'list', 'ruleset']);
      await lab.load(rendered(policy));
      assert.equal(await lab.onHost('nft', ['-s', 'list', 'ruleset']), before);
      for (const args of [
        ['list', 'ruleset'],
        ['-s', 'list', 'ruleset'],
        ['-j', 'list', 'ruleset'],
      ]) {
        const text = await lab.onHost('nft', args);
        const proof = verifyTarget(nftablesTarget, policy, [{ name: `nft ${args.join(' ')}`, text }]);
        assert.deepEqual([proof.diagnostics, proof.unexplained, proof.opaque], [[], [], []], args.join(' '));
      }
    });
  }

  test('random policies load, and what the kernel lists of them means the same', async () => {
    await using lab = await openLab(AGENT_HOST);
    await fc.assert(
      fc.asyncProperty(intentArbitrary, async (policy) => {
        await lab.load(rendered(policy));
        for (const args of [
          ['list', 'ruleset'],
          ['-j', 'list', 'ruleset'],
        ]) {
          const proof = verifyTarget(nftablesTarget, policy, [{ name: 'live', text: await lab.onHost('nft', args) }]);
          assert.ok(
            proof.holds,
            JSON.stringify([
              proof.diagnostics.map((each) => each.message),
              proof.unexplained.map((each) => each.packets),
            ]),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  test('the tables of others stay as they are', async () => {
    await using lab = await openLab(AGENT_HOST);
    await lab.load('table inet other {\n  chain c {\n    accept\n  }\n}\n');
    await lab.load(rendered(AGENT_HOST));
    assert.match(await lab.listing(), /table inet other \{/);
  });
});

describe('real packets through our lookups', { skip }, () => {
  const policy = intent([
    flow('exact', everyProcess, machines('203.0.113.9', '2001:db8::9'), tcp(443)),
    flow('ranges', account(AGENT), machines('198.51.100.0/24', '2001:db8:51::/48'), tcp(8000, 8100)),
    flow('shadowed', everyProcess, machines('203.0.113.9'), tcp(443)),
    flow('other-account', account(AGENT + 1), machines('192.0.2.0/24'), tcp(443)),
    flow('pinged', machines('203.0.113.0/24'), everyProcess, { protocol: 1, family: 4, icmp: { type: 8 } }),
    flow('names', account(AGENT), named('catalog:chat'), udp(443)),
    flow('rated', machines('203.0.113.0/24', '2001:db8::/32'), everyProcess, tcp(22), {
      rate: { count: 2, per: 'hour', perSource: true },
    }),
    flow('rated-together', machines('203.0.113.0/24'), everyProcess, tcp(80), {
      rate: { count: 1, per: 'day', perSource: false },
    }),
  ]);

  test('hash and interval object maps let through, decide by account, and count for the right flow', async () => {
    await using lab = await openLab(policy);
    const outcomes = await lab.send(LOCAL, 'eth0', [
      shot('tcp', { dst: '203.0.113.9' }),
      shot('tcp', { dst: '2001:db8::9' }),
      shot('tcp', { dst: '198.51.100.255', dport: 8100 }),
      shot('tcp', { dst: '2001:db8:51::1', dport: 8000 }),
      shot('tcp', { dst: '198.51.100.255', dport: 8101 }),
      shot('tcp', { dst: '198.51.101.0', dport: 8100 }),
      shot('tcp', { dst: '192.0.2.1' }),
      shot('udp', { dst: '203.0.113.9' }),
    ]);
    const results = outcomes.map((outcome) => outcome.result);
    assert.deepEqual(results, [...Array(4).fill('passed'), ...Array(4).fill('refused')]);
    assert.deepEqual(
      [await counted(lab, 'exact'), await counted(lab, 'ranges'), await counted(lab, 'shadowed')],
      [2, 2, 0],
    );
  });

  test('a denied connection fails at once, both families, TCP and UDP', async () => {
    await using lab = await openLab(policy);
    await assertRefusedAtOnce(lab, ['198.51.100.7', '2001:db8:77::1']);
  });

  test('an address passes while the resolver holds it for the name, and no longer', async () => {
    await using lab = await openLab(policy);
    const packets = [shot('udp', { dst: '192.0.2.50' }), shot('udp', { dst: '2001:db8:50::1' })];
    const results = async (): Promise<string[]> =>
      (await lab.send(LOCAL, 'eth0', packets)).map((outcome) => outcome.result);
    const change = (what: 'add' | 'delete'): Promise<void> =>
      lab.load(
        `${what} element inet portcullis ${nameSet('catalog:chat', 4)} { 192.0.2.50 timeout 1h }
         ${what} element inet portcullis ${nameSet('catalog:chat', 6)} { 2001:db8:50::1 timeout 1h }\n`,
      );
    assert.deepEqual(await results(), ['refused', 'refused']);
    await change('add');
    assert.deepEqual(await results(), ['passed', 'passed']);
    const text = await lab.listing();
    assert.ok(
      verifyTarget(nftablesTarget, policy, [{ name: 'live', text }]).holds,
      'a filled set reads as the same symbol',
    );
    await change('delete');
    assert.deepEqual(await results(), ['refused', 'refused']);
  });

  test('a rate holds, for each source or for all, and the live table still reads as the policy', async () => {
    await using lab = await openLab(policy);
    const connect = (src: string, dst: string, dport: number): Shot => shot('tcp', { src, dst, dport, timeoutMs: 300 });
    const here = { 4: '198.18.0.1', 6: '2001:2::1' } as const;
    const results: string[] = [];
    for (const packet of [
      connect('203.0.113.1', here[4], 22),
      connect('203.0.113.1', here[4], 22),
      connect('203.0.113.1', here[4], 22), // the third of two an hour
      connect('203.0.113.2', here[4], 22), // another source
      connect('2001:db8::1', here[6], 22),
      connect('203.0.113.1', here[4], 80),
      connect('203.0.113.2', here[4], 80), // the second of one a day
    ]) {
      results.push((await lab.send(OUTER, 'eth0', [packet]))[0]!.result);
    }
    assert.deepEqual(results, ['passed', 'passed', 'silence', 'passed', 'passed', 'passed', 'silence']);
    for (const args of [
      ['list', 'ruleset'],
      ['-j', 'list', 'ruleset'],
    ]) {
      const proof = verifyTarget(nftablesTarget, policy, [{ name: 'live', text: await lab.onHost('nft', args) }]);
      assert.deepEqual([proof.diagnostics, proof.opaque], [[], []]);
    }
  });
});
