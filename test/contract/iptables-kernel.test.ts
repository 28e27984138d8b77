import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Lab, type Shot } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import type { Artifact } from '../../src/target/index.ts';
import { iptablesIpsetTarget, nameSet } from '../../src/target/iptables/index.ts';
import { hooksFile } from '../../src/target/iptables/print.ts';
import { renderProven, verifyTarget } from '../../src/verify/index.ts';
import {
  BACKENDS,
  type Backend,
  iptablesMissing,
  loadFiles,
  reloadFiles,
  runXtables,
  savedFiles,
} from '../lab/iptables.ts';
import { LINKS } from '../lab/links.ts';
import { isolationOrReason } from '../lab/support.ts';
import { intentArbitrary } from '../laws/nftables-intents.ts';
import { AGENT_HOST, account, EVERYTHING, everyProcess, flow, intent, machines, named, tcp, udp } from './intents.ts';
import { AGENT, assertRefusedAtOnce, LOCAL, OUTER, shot } from './shots.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : (iptablesMissing() ?? false);

/** With sets: whatever the plain target writes is written here too, but for addresses that are listed. */
function rendered(policy: Intent): readonly Artifact[] {
  const { artifacts, proof } = renderProven(iptablesIpsetTarget, policy);
  assert.ok(artifacts !== undefined, JSON.stringify(proof.diagnostics));
  return artifacts;
}

async function openLab(backend: Backend, policy: Intent): Promise<Lab> {
  const lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
  assert.deepEqual(await lab.listen([22, 80], []), []);
  await loadFiles(lab, backend, rendered(policy));
  return lab;
}

async function assertMeans(lab: Lab, backend: Backend, policy: Intent): Promise<void> {
  const proof = verifyTarget(iptablesIpsetTarget, policy, await savedFiles(lab, backend));
  const errors = proof.diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual([errors, proof.unexplained, proof.opaque], [[], [], []]);
}

/** Counters and dates aside. */
async function standing(lab: Lab, backend: Backend): Promise<string> {
  const files = await savedFiles(lab, backend);
  return files.map(({ text }) => text.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]/g, '')).join('');
}

for (const backend of BACKENDS) {
  describe(`what iptables-${backend} made of our files`, { skip }, () => {
    for (const [title, policy] of [
      ['a small agent host', AGENT_HOST],
      ['everything that a policy can say', EVERYTHING],
      ['two hundred flows', manyFlows()],
    ] as const) {
      test(`${title}: is saved as the same policy, and loading twice changes nothing`, async () => {
        await using lab = await openLab(backend, policy);
        await assertMeans(lab, backend, policy);
        const before = await standing(lab, backend);
        await reloadFiles(lab, backend, rendered(policy));
        assert.equal(await standing(lab, backend), before);
      });
    }

    test('random policies replace each other, and what is saved of them means the same', async () => {
      await using lab = await openLab(backend, AGENT_HOST);
      await fc.assert(
        fc.asyncProperty(intentArbitrary, async (policy) => {
          await reloadFiles(lab, backend, rendered(policy));
          await assertMeans(lab, backend, policy);
        }),
        { numRuns: 25 },
      );
    });

    test('the rules of others stay, and still refuse what a flow allows', async () => {
      const policy = intent([flow('web', everyProcess, machines('203.0.113.9', '203.0.113.10'), tcp(443))]);
      await using lab = await openLab(backend, policy);
      await runXtables(lab, `iptables-${backend}`, ['-A', 'OUTPUT', '-d', '203.0.113.9', '-j', 'REJECT']);
      await reloadFiles(lab, backend, rendered(policy));
      const outcomes = await lab.send(LOCAL, 'eth0', [
        shot('tcp', { dst: '203.0.113.9' }),
        shot('tcp', { dst: '203.0.113.10' }),
        shot('tcp', { dst: '203.0.113.11' }),
      ]);
      assert.deepEqual(
        outcomes.map(({ result }) => result),
        ['refused', 'passed', 'refused'],
      );
    });
  });

  test(`beside Docker, iptables-${backend}: a hook in DOCKER-USER stays before what Docker lets through`, {
    skip,
  }, async () => {
    const policy = intent([flow('routed', machines('10.9.0.0/16'), machines('203.0.113.9'), tcp(443))]);
    await using lab = await openLab(backend, policy);
    const xtables = (...args: readonly string[]): Promise<string> => runXtables(lab, `iptables-${backend}`, args);
    const routed = ['203.0.113.9', '203.0.113.10'].map((dst) => shot('tcp', { src: '10.9.0.7', dst }));
    const results = async (): Promise<string[]> =>
      (await lab.send({ at: 'outer', link: 'lab0' }, 'eth0', routed)).map(({ result }) => result);
    assert.deepEqual(await results(), ['passed', 'silence']);
    // What dockerd does at every start, from its place on: its chain for others first, then what it lets through.
    await xtables('-N', 'DOCKER-USER');
    await xtables('-I', 'FORWARD', '-j', 'ACCEPT');
    await xtables('-I', 'FORWARD', '-j', 'DOCKER-USER');
    assert.deepEqual(await results(), ['passed', 'passed'], 'it comes before a hook in FORWARD');
    const hooks = rendered(policy).find(({ name }) => name === hooksFile(4))?.text ?? '';
    const [, remove, insert] = /^# +iptables (-D .*) && iptables (-I .*)$/m.exec(hooks) ?? assert.fail(hooks);
    await xtables(...remove!.split(' '));
    await xtables(...insert!.split(' '));
    assert.deepEqual(await results(), ['passed', 'silence']);
  });

  describe(`real packets through our rules in iptables-${backend}`, { skip }, () => {
    const policy = intent([
      flow('exact', everyProcess, machines('203.0.113.9', '2001:db8::9'), tcp(443)),
      flow('ranges', account(AGENT), machines('198.51.100.0-198.51.100.254', '2001:db8:51::/48'), tcp(8000, 8100)),
      flow('other-account', account(AGENT + 1), machines('192.0.2.0/24'), tcp(443)),
      flow('names', account(AGENT), named('catalog:chat'), udp(443)),
      flow('rated', machines('203.0.113.0/24', '2001:db8::/32'), everyProcess, tcp(22), {
        rate: { count: 2, per: 'hour', perSource: true },
      }),
      flow('rated-together', machines('203.0.113.0/24'), everyProcess, tcp(80), {
        rate: { count: 1, per: 'day', perSource: false },
      }),
    ]);

    test('are decided by address, port and account', async () => {
      await using lab = await openLab(backend, policy);
      const outcomes = await lab.send(LOCAL, 'eth0', [
        shot('tcp', { dst: '203.0.113.9' }),
        shot('tcp', { dst: '2001:db8::9' }),
        shot('tcp', { dst: '198.51.100.254', dport: 8100 }),
        shot('tcp', { dst: '2001:db8:51::1', dport: 8000 }),
        shot('tcp', { dst: '198.51.100.254', dport: 8101 }),
        shot('tcp', { dst: '198.51.100.255', dport: 8100 }),
        shot('tcp', { dst: '192.0.2.1' }),
        shot('udp', { dst: '203.0.113.9' }),
      ]);
      const results = outcomes.map((outcome) => outcome.result);
      assert.deepEqual(results, [...Array(4).fill('passed'), ...Array(4).fill('refused')]);
    });

    test('fail at once where they are denied, both families, TCP and UDP', async () => {
      await using lab = await openLab(backend, policy);
      await assertRefusedAtOnce(lab, ['198.51.101.7', '2001:db8:77::1']);
    });

    test('pass to a name while the resolver holds its address, and no longer', async () => {
      await using lab = await openLab(backend, policy);
      const packets = [shot('udp', { dst: '192.0.2.50' }), shot('udp', { dst: '2001:db8:50::1' })];
      const results = async (): Promise<string[]> =>
        (await lab.send(LOCAL, 'eth0', packets)).map((outcome) => outcome.result);
      const change = (what: string): Promise<string> =>
        lab.onHost(
          'ipset',
          ['restore'],
          `${what} ${nameSet('catalog:chat', 4)} 192.0.2.50\n${what} ${nameSet('catalog:chat', 6)} 2001:db8:50::1\n`,
        );
      assert.deepEqual(await results(), ['refused', 'refused']);
      await change('add');
      assert.deepEqual(await results(), ['passed', 'passed']);
      await reloadFiles(lab, backend, rendered(policy));
      assert.deepEqual(await results(), ['passed', 'passed'], 'loading again forgets no address');
      await assertMeans(lab, backend, policy);
      await change('del');
      assert.deepEqual(await results(), ['refused', 'refused']);
    });

    test('are held to a rate, for each source or for all, and loading again gives nobody more', async () => {
      await using lab = await openLab(backend, policy);
      const connect = (src: string, dst: string, dport: number): Shot =>
        shot('tcp', { src, dst, dport, timeoutMs: 300 });
      const here = { 4: '198.18.0.1', 6: '2001:2::1' } as const;
      const send = async (packets: readonly Shot[]): Promise<string[]> => {
        const results: string[] = [];
        for (const packet of packets) results.push((await lab.send(OUTER, 'eth0', [packet]))[0]!.result);
        return results;
      };
      const results = await send([
        connect('203.0.113.1', here[4], 22),
        connect('203.0.113.1', here[4], 22),
        connect('203.0.113.1', here[4], 22), // the third of two an hour
        connect('203.0.113.2', here[4], 22), // another source
        connect('2001:db8::1', here[6], 22),
        connect('203.0.113.1', here[4], 80),
        connect('203.0.113.2', here[4], 80), // the second of one a day
      ]);
      assert.deepEqual(results, ['passed', 'passed', 'silence', 'passed', 'passed', 'passed', 'silence']);
      await assertMeans(lab, backend, policy);
      await reloadFiles(lab, backend, rendered(policy));
      assert.deepEqual(await send([connect('203.0.113.1', here[4], 22), connect('203.0.113.2', here[4], 80)]), [
        'silence',
        'silence',
      ]);
    });
  });
}

/** Enough for chains by port and address, and for sets. */
function manyFlows(): Intent {
  const some = machines(...Array.from({ length: 20 }, (_, at) => `192.0.2.${at * 2}`), '2001:db8:5::/64');
  return intent([
    ...Array.from({ length: 200 }, (_, at) =>
      flow(`flow-${at}`, everyProcess, machines(`10.0.${at}.7`, `2001:db8::${at.toString(16)}`), tcp(443 + (at % 7))),
    ),
    flow('set', everyProcess, some, [tcp(22), udp(53)]),
  ]);
}
