import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  CLUSTER_TARGET_NAMES,
  CLUSTER_TARGETS,
  type ClusterTarget,
  type ClusterTargetName,
} from '../../src/target/index.ts';
import { renderClusterProven, verifyCluster } from '../../src/verify/index.ts';
import { CASES, intentOf, OPTIONS } from './cluster-policies.ts';

/** What we write, as files that a person can read: `UPDATE_GOLDEN=1` writes them anew, and the change is reviewed. */
const GOLDEN: readonly (readonly [ClusterTargetName, string])[] = [
  ['kubernetes', 'openclaw-kubernetes'],
  ['calico', 'prefixes'],
  ['cilium', 'resolved-names'],
  ['cluster-network-policy', 'ports'],
];

function caseOf(name: string) {
  const found = CASES.find((each) => each.name === name);
  assert.ok(found);
  return found;
}

describe('what is written for clusters', () => {
  for (const [name, policy] of GOLDEN) {
    test(`${name}, ${policy}`, () => {
      const { artifacts, proof } = renderClusterProven(CLUSTER_TARGETS[name], intentOf(caseOf(policy)), OPTIONS);
      const told = proof.approximations.map(({ approximation: { effect, sentence } }) => `# ${effect}: ${sentence}\n`);
      const text = `${told.join('')}${artifacts?.map((each) => `# ==> ${each.name} <==\n${each.text}`).join('')}`;
      const file = new URL(`golden/${name}-${policy}.yaml`, import.meta.url);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }

  for (const name of CLUSTER_TARGET_NAMES)
    test(`${name}: the same policy is the same text`, () => {
      const once = CLUSTER_TARGETS[name].lower(intentOf(caseOf('openclaw-kubernetes')), OPTIONS);
      const again = CLUSTER_TARGETS[name].lower(intentOf(caseOf('openclaw-kubernetes')), OPTIONS);
      assert.deepEqual(CLUSTER_TARGETS[name].print(once.files), CLUSTER_TARGETS[name].print(again.files));
    });
});

test('a policy whose labels combine in too many ways is refused, soon', () => {
  const zones = Array.from(
    { length: 12 },
    (_, at) => `z${at}: { kubernetes: { namespace: claw, podSelector: { k${at}: v } } }`,
  );
  const flows = zones.map(
    (_, at) => `  - { name: f${at}, from: z${at}, to: z${(at + 1) % zones.length}, service: tcp/80 }`,
  );
  const text = `portcullis: 1\nzones:\n  ${zones.join('\n  ')}\nflows:\n${flows.join('\n')}\n`;
  const intent = intentOf({ name: 'labels', why: '', namespaces: [], text });
  const { artifacts, proof } = renderClusterProven(CLUSTER_TARGETS.kubernetes, intent, OPTIONS);
  assert.equal(artifacts, undefined);
  assert.ok(proof.diagnostics.some(({ code }) => code === 'V0105'));
});

describe('options', () => {
  test('Calico Enterprise has names in rules', () => {
    const options = { ...OPTIONS, calicoDomains: true };
    const { proof } = renderClusterProven(CLUSTER_TARGETS.calico, intentOf(caseOf('resolved-names')), options);
    assert.ok(proof.holds);
    assert.match(proof.artifacts[0]?.text ?? '', /domains:\n\s+- api\.anthropic\.com/);
  });

  test('in Calico’s default tier there is no other', () => {
    const options = { ...OPTIONS, calicoTier: 'default' };
    const { proof } = renderClusterProven(CLUSTER_TARGETS.calico, intentOf(caseOf('ports')), options);
    assert.ok(proof.holds);
    assert.doesNotMatch(proof.artifacts[0]?.text ?? '', /kind: Tier|name: portcullis\./);
  });

  test('cluster-wide objects are one for all namespaces, and carry the name of the policy', () => {
    const options = { ...OPTIONS, clusterWide: true };
    for (const [name, kinds] of [
      ['calico', /kind: (?!Tier|Global)/],
      ['cilium', /kind: (?!CiliumClusterwideNetworkPolicy)/],
    ] as const) {
      const { files } = CLUSTER_TARGETS[name].lower(intentOf(caseOf('two-namespaces')), options);
      const text = CLUSTER_TARGETS[name].print(files)[0]?.text ?? '';
      assert.doesNotMatch(text, kinds);
      assert.doesNotMatch(text, /^ {2}namespace:/m);
      assert.equal(text.match(/^ {2}name: \S*default-deny$/gm)?.length, 1);
      assert.match(text, /^ {2}name: (?:portcullis\.)?openclaw-prod-agent-egress$/m);
    }
  });

  test('cluster-wide, what namespaces say alike is one object', () => {
    const intent = intentOf({ ...caseOf('any'), namespaces: ['claw', 'web'] });
    for (const name of ['calico', 'cilium'] as const) {
      const { proof, artifacts } = renderClusterProven(CLUSTER_TARGETS[name], intent, {
        ...OPTIONS,
        clusterWide: true,
      });
      assert.deepEqual(proof.unexplained, []);
      assert.equal(artifacts?.[0]?.text.match(/^ {2}name: \S*case-any-egress$/gm)?.length, 1);
    }
  });

  test('cluster-wide policies have staged ones, too', () => {
    const target: ClusterTarget = CLUSTER_TARGETS.calico;
    const { files } = target.lower(intentOf(caseOf('prefixes')), { ...OPTIONS, clusterWide: true });
    const text = target.print(target.staged?.(files) ?? [])[0]?.text ?? '';
    assert.match(text, /kind: StagedGlobalNetworkPolicy[\s\S]*stagedAction: Set/);
    assert.match(text, /kind: GlobalNetworkSet/);
    assert.doesNotMatch(text, /kind: GlobalNetworkPolicy/);
  });

  test('staged policies enforce nothing, and are read so', () => {
    const target: ClusterTarget = CLUSTER_TARGETS.calico;
    const intent = intentOf(caseOf('ports'));
    const { files, approximations } = target.lower(intent, OPTIONS);
    const staged = target.print(target.staged?.(files) ?? []);
    assert.match(staged[0]?.text ?? '', /kind: StagedNetworkPolicy[\s\S]*stagedAction: Set/);
    assert.ok(
      verifyCluster('calico', intent, staged, approximations).unexplained.some(({ effect }) => effect === 'wider'),
    );
  });
});
