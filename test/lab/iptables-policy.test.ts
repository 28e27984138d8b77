import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { formatFlow, planProbes, stageFor } from '../../src/analysis/index.ts';
import { type LabRun, runInLab } from '../../src/cli/lab/run.ts';
import type { Intent } from '../../src/ir/index.ts';
import type { Artifact } from '../../src/target/index.ts';
import { iptablesIpsetTarget } from '../../src/target/iptables/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import { BACKENDS, type Backend, iptablesMissing, iptablesRules } from './iptables.ts';
import { FEW_FLOWS, intentOf, labPolicies } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : (iptablesMissing() ?? false);
const isolation = 'skip' in found ? 'root' : found.isolation;

const PACKETS = 240; // of one policy: its heart and every corner inside come first
const LABS = 1; // at a time: whether a sender is told at once is measured

function rendered(intent: Intent): readonly Artifact[] {
  const { artifacts, proof } = renderProven(iptablesIpsetTarget, intent);
  assert.ok(artifacts !== undefined, JSON.stringify(proof.diagnostics));
  return artifacts;
}

function sendAt(backend: Backend, files: readonly Artifact[], intent: Intent): Promise<LabRun> {
  const stage = stageFor(intent);
  const { probes } = planProbes(intent, stage, PACKETS);
  const declared = iptablesIpsetTarget.lower(intent).approximations.map(({ packets }) => packets);
  return runInLab({ probes, stage, rules: iptablesRules(backend, files), declared }, isolation);
}

function wrong({ results }: LabRun): string[] {
  return results
    .filter(({ judgement }) => judgement !== 'agrees' && judgement !== 'declared')
    .map(({ probe, reason }) => `${formatFlow(probe.flows[0])}: ${reason}`);
}

describe('every packet does what the policy says, by iptables', { skip, concurrency: LABS }, () => {
  for (const [index, { name, text, read }] of labPolicies().entries()) {
    // Packets at every second policy: test/lab/policy.test.ts sends them at all, by nftables. `PORTCULLIS_LAB=all` sends them here, too.
    if (name !== 'every shape' && index % 4 > 1 && process.env.PORTCULLIS_LAB !== 'all') continue;
    // Both halves of the kernel have the shapes; the other policies, which repeat them, have them by turns.
    const backends = name === 'every shape' ? BACKENDS : BACKENDS.filter((_, at) => at === index % BACKENDS.length);
    for (const backend of backends) {
      test(`of ${basename(name)}, iptables-${backend}`, async (t) => {
        const intent = intentOf(text, name, read);
        const run = await sendAt(backend, rendered(intent), intent);
        t.diagnostic(`${run.results.length} packets, ${run.tookMs} ms`);
        assert.deepEqual(wrong(run), []);
        assert.ok(run.results.length > (intent.grants.length > 1 ? 50 : 30));
      });
    }
  }
});

describe('a wrong rule of iptables is caught by packets', { skip, concurrency: LABS }, () => {
  const faults: readonly { name: string; from: string | RegExp; to: string }[] = [
    { name: 'one port more', from: /9090:9095/g, to: '9090:9096' },
    { name: 'one port less', from: /9090:9095/g, to: '9090:9094' },
    { name: 'an address denied that is allowed', from: /10\.0\.5\.10/g, to: '10.0.5.11' },
    { name: 'another interface', from: /tailscale0/g, to: 'eth0' },
    { name: 'an open input', from: /(?=-A PC-input -g)/, to: '-A PC-input -p tcp -j RETURN\n' },
    { name: 'an open output', from: /(?=-A PC-output -g)/, to: '-A PC-output -p tcp -j RETURN\n' },
    { name: 'a denial that tells nobody', from: /-p tcp -j REJECT .*/g, to: '-p tcp -j DROP' },
    { name: 'no hook', from: /-I OUTPUT.*\n/, to: '' },
    { name: 'a chain that ends', from: /-A PC-forward-deny -j DROP\n/, to: '' },
  ];
  const intent = skip === false ? intentOf(FEW_FLOWS) : undefined;
  for (const [index, { name, from, to }] of faults.entries()) {
    test(name, async () => {
      assert.ok(intent);
      const files = rendered(intent);
      const planted = files.map((file) => ({ ...file, text: file.text.replace(from, to) }));
      assert.notDeepEqual(planted, files, 'the fault was not planted: the rules are written in another way now');
      const run = await sendAt(BACKENDS[index % BACKENDS.length]!, planted, intent);
      assert.ok(wrong(run).length > 0, 'no packet found it');
    });
  }
});
