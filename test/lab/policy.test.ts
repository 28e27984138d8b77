import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { coverage, formatFlow } from '../../src/analysis/index.ts';
import { countersByFlow } from '../../src/cli/lab/policy-in-nft.ts';
import type { LabRun } from '../../src/cli/lab/run.ts';
import { FEW_FLOWS, intentOf, labPolicies, prepare, sendAt } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation = 'skip' in found ? 'root' : found.isolation;

const PACKETS = 300; // of one policy: its heart and every corner inside come first

const LABS = 3; // at a time: they mostly wait for silence

function wrong({ results }: LabRun): string[] {
  return results
    .filter(({ judgement }) => judgement !== 'agrees' && judgement !== 'declared')
    .map(({ probe, reason }) => `${formatFlow(probe.flows[0])}: ${reason}`);
}

describe('every packet does what the policy says', { skip, concurrency: LABS }, () => {
  for (const { name, text, read: files } of labPolicies()) {
    test(`of ${basename(name)}`, async (t) => {
      const prepared = prepare(intentOf(text, name, files), PACKETS);
      const run = await sendAt(prepared.text, prepared, isolation);
      assert.deepEqual(wrong(run), []);
      const counted = countersByFlow(run.counters);
      const flows = coverage(prepared.intent, prepared.plan, run.results, counted);
      for (const { flow, passed, counted: packets } of flows) {
        assert.ok(packets === undefined || packets >= passed, `${flow}: ${passed} passed, its counter says ${packets}`);
      }
      const idle = flows.filter(({ flow, uncovered }) => uncovered !== undefined && !flow.startsWith('baseline:'));
      t.diagnostic(
        `${run.results.length} packets, ${flows.filter(({ uncovered }) => uncovered === undefined).length} of ${flows.length} rules, ${run.tookMs} ms`,
      );
      for (const { flow, uncovered } of idle) t.diagnostic(`not exercised: ${flow}: ${uncovered}`);
      // Of a policy about pods, a machine sees that nothing is let through.
      assert.ok(run.results.length > (prepared.intent.grants.length > 1 ? 50 : 30));
    });
  }
});

describe('a wrong rule is caught by packets', { skip, concurrency: LABS }, () => {
  const faults: readonly { name: string; from: string | RegExp; to: string }[] = [
    { name: 'one port more', from: /9090-9095/g, to: '9090-9096' },
    { name: 'one port less', from: /9090-9095/g, to: '9090-9094' },
    { name: 'a wider prefix', from: /2001:db8:20::\/48/g, to: '2001:db8:20::/47' },
    { name: 'an address denied that is allowed', from: /10\.0\.5\.10/g, to: '10.0.5.11' },
    { name: 'another account', from: /\. 61001 : /g, to: '. 33 : ' },
    { name: 'another interface', from: /"tailscale0"/g, to: '"eth0"' },
    { name: 'UDP for TCP', from: /(\. )6( \. 5432)/g, to: '$117$2' },
    { name: 'an open input', from: /(\tchain input \{\n.*\n)/, to: '$1\t\ttcp dport 1-65535 accept\n' },
    { name: 'an open IPv6', from: /(\tchain output \{\n.*\n)/, to: '$1\t\tmeta nfproto ipv6 accept\n' },
    {
      name: 'a denial that tells nobody',
      from: /\t\tmeta l4proto (?:6|tcp) reject with tcp reset\n/,
      to: '\t\tmeta l4proto 6 drop\n',
    },
    { name: 'no routing at all', from: /(\tchain forward \{\n.*\n)/, to: '$1\t\tdrop\n' },
  ];
  const prepared = skip === false ? prepare(intentOf(FEW_FLOWS), PACKETS) : undefined;
  for (const { name, from, to } of faults) {
    test(name, async () => {
      assert.ok(prepared);
      const planted = prepared.text.replace(from, to);
      assert.ok(planted !== prepared.text, 'the fault was not planted: the rules are written in another way now');
      const run = await sendAt(planted, prepared, isolation);
      assert.ok(wrong(run).length > 0, 'no packet found it');
    });
  }
});
