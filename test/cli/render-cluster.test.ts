import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gatewayFaults } from '../../src/cli/cluster/gateway-policy.ts';
import type { ClusterIntent } from '../../src/kubernetes/index.ts';
import { CLUSTER_TARGET_NAMES, CLUSTER_TARGETS } from '../../src/target/index.ts';
import { CASES, intentOf, OPTIONS } from '../contract/cluster-policies.ts';
import { documentOf, inFolder, portcullis, portcullisIn, withConsole } from './cli.ts';

const EXAMPLE = readFileSync(new URL('../../examples/openclaw-kubernetes.yaml', import.meta.url), 'utf8');
const FILES = { 'portcullis.yaml': EXAMPLE };
const WITHOUT_GATEWAY = EXAMPLE.replace(/\ngateway:[\s\S]*?\n\n/, '\n');

describe('render for clusters', () => {
  for (const name of CLUSTER_TARGET_NAMES)
    test(`${name}: one document, as its schema says`, async () => {
      const ran = await portcullis(['render', name, '--namespace', 'openclaw', '--json'], { files: FILES });
      assert.equal(ran.exitCode, 0, ran.stderr);
      const { target, proven } = documentOf(ran, 'render');
      assert.deepEqual([target, proven], [name, true]);
    });

  test('files go where they are wanted, and what to know to the terminal', async () => {
    await inFolder(FILES, async (folder) => {
      const args = ['render', 'kubernetes', '--namespace', 'openclaw', '-o', 'out'];
      const { exitCode, stdout, stderr } = await portcullisIn(folder, args);
      assert.deepEqual([exitCode, stdout], [0, '']);
      assert.match(stderr, /proven: read back, this lets through exactly what the policy allows\n/);
      for (const file of ['network-policies.yaml', 'gateways.yaml']) assert.ok(existsSync(join(folder, 'out', file)));
    });
  });

  test('staged for the whole cluster', async () => {
    const args = ['render', 'calico', '--namespace', 'openclaw', '--cluster-wide', '--staged'];
    const { exitCode, stdout, stderr } = await portcullis(args, { files: FILES });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /kind: StagedGlobalNetworkPolicy\n/);
    assert.doesNotMatch(stdout, /kind: (?:Global)?NetworkPolicy\n/);
  });

  const refused: readonly (readonly [what: string, text: string, args: readonly string[], code: string])[] = [
    ['several namespaces could be meant', EXAMPLE, ['kubernetes'], 'T0003'],
    ['names without a gateway', WITHOUT_GATEWAY, ['kubernetes', '--namespace', 'openclaw'], 'T0020'],
    ['staged policies of what has none', EXAMPLE, ['cilium', '--namespace', 'openclaw', '--staged'], 'C0001'],
    ['cluster-wide kinds of what has none', EXAMPLE, ['istio', '--namespace', 'openclaw', '--cluster-wide'], 'C0001'],
    ['cluster-wide kinds of what has no other', EXAMPLE, ['admin-network-policy', '--cluster-wide'], 'C0001'],
    ['cluster-wide kinds in a package', EXAMPLE, ['helm', '--with', 'calico', '--cluster-wide'], 'C0001'],
    ['cluster-wide kinds of the firewall of a machine', EXAMPLE, ['nftables', '--cluster-wide'], 'C0001'],
    [
      'a test that does not hold',
      EXAMPLE.replace('agent:22/tcp', 'agent:18789/tcp'),
      ['kubernetes', '--namespace', 'openclaw'],
      'V0106',
    ],
  ];
  for (const [what, text, args, code] of refused)
    test(`${what}: nothing is printed, and why is said`, async () => {
      const { exitCode, stdout, stderr } = await portcullis(['render', ...args], {
        files: { 'portcullis.yaml': text },
      });
      assert.deepEqual([exitCode, stdout], [2, '']);
      assert.ok(stderr.includes(`error[${code}]`), stderr);
    });
});

describe('the policy that a gateway runs with is held against the flows', () => {
  const found = CASES.find(({ name }) => name === 'names-by-gateway');
  assert.ok(found);
  const intent = intentOf(found);
  const { kubernetes } = CLUSTER_TARGETS;
  const artifacts = kubernetes.print(kubernetes.lower(intent, OPTIONS).files);

  async function faults(plant: (text: string) => string, of: ClusterIntent = intent): Promise<number> {
    let count = 0;
    await withConsole('.', {}, async (console) => {
      count = gatewayFaults(
        console,
        of,
        artifacts.map((each) => ({ ...each, text: plant(each.text) })),
      ).length;
    });
    return count;
  }

  test('as it is written', async () => assert.equal(await faults((text) => text), 0));

  const plants: readonly (readonly [string, (text: string) => string])[] = [
    ['another name', (text) => text.replace('- api.anthropic.com', '- "*.anthropic.com"')],
    ['another port', (text) => text.replace('- tcp/22', '- tcp/23')],
    [
      'a flow more',
      (text) =>
        text.replace(
          'flows:\n',
          'flows:\n      - { name: more, from: clients, to: evil.example.com, service: https }\n',
        ),
    ],
    ['another resolver', (text) => text.replace('- 9.9.9.9', '- 8.8.8.8')],
    ['another address of a name', (text) => text.replace('10.0.7.9', '10.0.7.8')],
    ['no policy at all', (text) => text.replace('kind: ConfigMap', 'kind: Secret')],
    ['no policy that can be read', (text) => text.replace('portcullis: 1', 'portcullis: one')],
  ];
  for (const [what, plant] of plants) test(what, async () => assert.equal(await faults(plant), 1));
});
