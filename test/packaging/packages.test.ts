import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { DaemonSet as DaemonSetModel } from 'kubernetes-models/apps/v1/DaemonSet';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Pod } from 'kubernetes-models/v1/Pod';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { parseAllDocuments } from 'yaml';
import { JUDGES, type Judge, judgeOrReason } from '../../scripts/judge-places.ts';
import { PACKED } from '../../src/cli/cluster/package.ts';
import { type Completed, run } from '../../src/host/index.ts';
import {
  type Artifact,
  CLUSTER_TARGETS,
  type ClusterPackage,
  type ClusterTargetName,
  helmFiles,
  kustomizeFiles,
  nodeFirewall,
} from '../../src/target/index.ts';
import { type ClusterProof, verifyCluster } from '../../src/verify/index.ts';
import { documentOf, portcullis } from '../cli/cli.ts';
import { CASES, type ClusterCase, intentOf } from '../contract/cluster-policies.ts';

const IMAGE = 'example.invalid/portcullis:1';
const OPTIONS = { gatewayImage: IMAGE, calicoDomains: false, calicoTier: 'default', clusterWide: false };
const NODE_POLICY =
  'portcullis: 1\nname: nodes # {{ fail "a policy is no template" }}\nbaseline: { forwarding: true }\n';

/** Asks for lookups in the cluster, and says in every text what a template would be taken over by. */
const HOSTILE: ClusterCase = {
  name: 'hostile',
  why: 'no text of a policy may become a template',
  namespaces: ['claw'],
  text: `portcullis: 1
name: hostile
zones:
  agent: { kubernetes: { namespace: claw, podSelector: { app: agent } } }
  db: { addresses: [10.9.0.0/16] }
flows:
  - { name: db, from: agent, to: db, service: tcp/5432, purpose: '{{ fail "taken over" }} {{- /* */ -}} }} {{"{{"}}' }
  - { name: web, from: agent, to: internet, service: tcp/80, purpose: PORTCULLIS_VALUE_1_IMAGE }
`,
};

const [PROD] = CASES;
assert.ok(PROD);

interface Packed {
  readonly of: ClusterPackage;
  readonly holds: (printed: string) => ClusterProof;
}

function packed(each: ClusterCase, name: ClusterTargetName): Packed {
  const target = CLUSTER_TARGETS[name];
  const intent = intentOf(each);
  const { files, approximations } = target.lower(intent, OPTIONS);
  const staged = 'staged' in target ? target.staged : undefined;
  const of: ClusterPackage = {
    intent,
    target: name,
    files,
    ...(staged === undefined ? {} : { staged: staged(files) }),
    nodes: nodeFirewall({ policy: NODE_POLICY, image: IMAGE }),
    image: IMAGE,
  };
  return { of, holds: (text) => verifyCluster(name, intent, [{ name: 'printed.yaml', text }], approximations) };
}

async function inFolder<T>(artifacts: readonly Artifact[], work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-package-'));
  try {
    for (const { name, text } of artifacts) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks a program of others; its words are shown where it says no. */
function asked(judge: Judge): {
  readonly skip: string | false;
  readonly ask: (...args: string[]) => Promise<Completed>;
} {
  const found = judgeOrReason(judge);
  const home = { HELM_CONFIG_HOME: '/nonexistent', KUBECONFIG: '/nonexistent' };
  return 'skip' in found
    ? { skip: found.skip, ask: () => Promise.reject(new Error(found.skip)) }
    : { skip: false, ask: (...args) => run(found.path, args, { env: home, timeoutMs: 60_000 }) };
}

async function said(done: Promise<Completed>): Promise<string> {
  const { exitCode, stdout, stderr } = await done;
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

interface DaemonSet {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly updateStrategy: { readonly type: string };
    readonly template: { readonly spec: { readonly hostNetwork: boolean; readonly containers: readonly Container[] } };
  };
}

interface Container {
  readonly args: readonly string[];
  readonly securityContext: {
    readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  };
}

function daemonSets(text: string): ReadonlyMap<string, DaemonSet> {
  const objects = parseAllDocuments(text).map((each): DaemonSet => each.toJS());
  return new Map(objects.filter((each) => each?.kind === 'DaemonSet').map((each) => [each.metadata.name, each]));
}

/** As Kubernetes publishes them, by a package that carries them. */
const MODELS = { ConfigMap, DaemonSet: DaemonSetModel, Namespace, Pod, ServiceAccount } as const;

function hold(kind: keyof typeof MODELS, object: object): void {
  // `never`: whether it has the type that the constructor asks for is what is tried here.
  new MODELS[kind](structuredClone(object) as never).validate();
}

test('the objects of the nodes are as the published schemas want them', () => {
  const printed = kustomizeFiles(packed(PROD, 'kubernetes').of).find(({ name }) => name === 'nodes/nodes.yaml');
  const kinds = ['Namespace', 'ServiceAccount', 'ConfigMap', 'DaemonSet', 'DaemonSet'] as const;
  const objects = parseAllDocuments(printed?.text ?? '').flatMap((each): DaemonSet[] => each.toJS() ?? []);
  assert.deepEqual(
    objects.map(({ kind }) => kind),
    kinds,
  );
  for (const [index, kind] of kinds.entries()) hold(kind, objects[index] ?? {});
});

const kubectl = asked(JUDGES.kubectl);

describe('Kustomize, asked for real', { skip: kubectl.skip }, () => {
  const build = (folder: string, path: string) => said(kubectl.ask('kustomize', join(folder, path)));

  for (const name of PACKED) {
    test(`what is built for ${name} means what the policy says`, async () => {
      const { of, holds } = packed(PROD, name);
      await inFolder(kustomizeFiles(of), async (folder) => {
        for (const path of ['base', 'overlays/enforce']) {
          const proof = holds(await build(folder, path));
          assert.ok(proof.holds, JSON.stringify(proof.diagnostics.map(({ message }) => message)));
        }
      });
    });
  }

  test('laid over labelled pods only, it holds back fewer: that is outside of the proof, as it says', async () => {
    const { of, holds } = packed(PROD, 'kubernetes');
    await inFolder(kustomizeFiles(of), async (folder) => {
      const { unexplained } = holds(await build(folder, 'overlays/pilot'));
      assert.ok(unexplained.some(({ effect }) => effect === 'wider'));
    });
  });

  test('staged for Calico, nothing is enforced', async () => {
    const { of } = packed(PROD, 'calico');
    await inFolder(kustomizeFiles(of), async (folder) => {
      const text = await build(folder, 'overlays/staged');
      assert.match(text, /^kind: StagedNetworkPolicy$/m);
      assert.doesNotMatch(text, /^kind: NetworkPolicy$/m);
    });
  });

  test('nodes: canaries at once, the others when their pod is deleted, then one after the other; taken away where it is asked for', async () => {
    const { of } = packed(PROD, 'kubernetes');
    await inFolder(kustomizeFiles(of), async (folder) => {
      const strategies = async (path: string) =>
        [...daemonSets(await build(folder, path))].map(([name, { spec }]) => [name, spec.updateStrategy.type]);
      const canary = ['portcullis-node-canary', 'RollingUpdate'];
      assert.deepEqual(await strategies('nodes'), [['portcullis-node', 'OnDelete'], canary]);
      assert.deepEqual(await strategies('overlays/nodes-everywhere'), [['portcullis-node', 'RollingUpdate'], canary]);
      const removing = [...daemonSets(await build(folder, 'overlays/nodes-remove')).values()];
      assert.equal(removing.length, 2);
      for (const { spec } of removing) assert.equal(spec.template.spec.containers[0]?.args.at(-1), '--remove');
    });
  });
});

for (const judge of [JUDGES['helm-3'], JUDGES['helm-4']]) {
  const helm = asked(judge);
  describe(`${judge.name}, asked for real`, { skip: helm.skip }, () => {
    test('nothing to object to, and what is rendered means what the policy says', async () => {
      for (const name of PACKED) {
        const { of, holds } = packed(PROD, name);
        await inFolder(helmFiles(of, '1.2.3'), async (folder) => {
          await said(helm.ask('lint', '--strict', folder));
          const proof = holds(await said(helm.ask('template', 'claw', folder, '--skip-tests')));
          assert.ok(proof.holds, JSON.stringify(proof.diagnostics.map(({ message }) => message)));
        });
      }
    });

    test('text of the policy is text, whatever it looks like', async () => {
      const { of, holds } = packed(HOSTILE, 'kubernetes');
      await inFolder(helmFiles(of, '1.2.3'), async (folder) => {
        const plain = await said(helm.ask('template', 'claw', folder, '--skip-tests'));
        assert.ok(plain.includes('{{ fail "taken over" }} {{- /* */ -}} }} {{"{{"}}'), plain);
        assert.ok(plain.includes('PORTCULLIS_VALUE_1_IMAGE'), plain);
        assert.ok(holds(plain).holds);
        const nodes = await said(helm.ask('template', 'claw', folder, '--set', 'nodes.enabled=true'));
        assert.ok(nodes.includes('nodes # {{ fail "a policy is no template" }}'), nodes);
      });
    });

    test('a value that nobody has defined is refused', async () => {
      await inFolder(helmFiles(packed(PROD, 'kubernetes').of, '1.2.3'), async (folder) => {
        for (const value of ['namespace=other', 'enforce=never', 'dns.namespace=Not_A_Name', 'nodes.rollout=now']) {
          const { exitCode, stderr } = await helm.ask('template', 'claw', folder, '--set', value);
          assert.notEqual(exitCode, 0, value);
          assert.match(stderr, /values don't meet the specifications of the schema/, value);
        }
      });
    });
  });
}

const helm = asked(JUDGES['helm-4']); // Helm 3 asks a cluster for notes, even where it is told that there is none

describe('what values do to a chart', { skip: helm.skip }, () => {
  const { of, holds } = packed(PROD, 'kubernetes');
  const inChart = (work: (template: (...more: string[]) => Promise<string>, folder: string) => Promise<void>) =>
    inFolder(helmFiles(of, '1.2.3'), (folder) =>
      work((...more) => said(helm.ask('template', 'claw', folder, ...more)), folder),
    );

  test('those that leave the proof are told', () =>
    inChart(async (template, folder) => {
      const notes = (...more: string[]) => said(helm.ask('install', 'claw', folder, '--dry-run=client', ...more));
      for (const value of ['enforce=labelled-pods', 'dns.namespace=elsewhere']) {
        const { unexplained } = holds(await template('--skip-tests', '--set', value));
        assert.notDeepEqual(unexplained, [], value);
        assert.match(await notes('--set', value), /OUTSIDE OF THE PROOF/, value);
      }
      assert.doesNotMatch(await notes(), /OUTSIDE OF THE PROOF/);
    }));

  test('the firewall of the nodes has one capability, and no others than canaries get it unless asked', () =>
    inChart(async (template) => {
      const on = (...more: string[]) => template('--set', ['nodes.enabled=true', ...more].join(','));
      assert.equal(daemonSets(await template()).size, 0);
      const found = daemonSets(await on());
      assert.equal(found.get('portcullis-node')?.spec.updateStrategy.type, 'OnDelete');
      for (const { spec } of found.values()) {
        const [container] = spec.template.spec.containers;
        assert.deepEqual(container?.securityContext.capabilities, { drop: ['ALL'], add: ['NET_ADMIN'] });
        assert.deepEqual(container?.args, ['--healthy', 'kubernetes', '--ready-file', '/run/portcullis-node/ready']);
      }
      const everywhere = daemonSets(await on('nodes.rollout=everywhere')).get('portcullis-node');
      assert.equal(everywhere?.spec.updateStrategy.type, 'RollingUpdate');
      for (const { spec } of daemonSets(await on('nodes.remove=true')).values()) {
        assert.equal(spec.updateStrategy.type, 'RollingUpdate');
        assert.equal(spec.template.spec.containers[0]?.args[0], '--remove');
      }
    }));

  test('the test of a chart is a pod that the policies of the agent hold for', () =>
    inChart(async (template) => {
      const text = await template('--show-only', 'templates/tests/connections.yaml');
      hold('Pod', parseAllDocuments(text).at(-1)?.toJS());
      assert.match(text, /helm\.sh\/hook: test/);
      assert.match(text, /\n {4}app: openclaw-agent\n/);
      assert.match(text, /value: "\$PORTCULLIS_GATEWAY_AGENT"\n[\s\S]*value: "\$KUBERNETES"/);
    }));
});

describe('portcullis render', () => {
  const files = { 'portcullis.yaml': PROD.text, 'nodes.yaml': NODE_POLICY };
  for (const name of ['kustomize', 'helm'])
    test(`${name}: a package, proven`, async () => {
      const ran = await portcullis(
        ['render', name, '--namespace', 'openclaw', '--node-policy', 'nodes.yaml', '--json'],
        { files },
      );
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.equal(documentOf(ran, 'render').proven, true);
    });

  test('a node policy that cuts off pods is refused', async () => {
    const ran = await portcullis(['render', 'helm', '--namespace', 'openclaw', '--node-policy', 'nodes.yaml'], {
      files: { ...files, 'nodes.yaml': 'portcullis: 1\n' },
    });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /A0201/);
  });
});
