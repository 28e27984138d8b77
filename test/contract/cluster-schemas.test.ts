import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { CiliumClusterwideNetworkPolicy } from '@kubernetes-models/cilium/cilium.io/v2/CiliumClusterwideNetworkPolicy';
import { CiliumNetworkPolicy } from '@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { parseAllDocuments } from 'yaml';
import { findProgram } from '../../src/host/index.ts';
import type { ClusterIntent } from '../../src/kubernetes/index.ts';
import {
  CLUSTER_TARGET_NAMES,
  CLUSTER_TARGETS,
  type ClusterTarget,
  type ClusterTargetOptions,
} from '../../src/target/index.ts';
import { ISTIO, POLICY_API_V1ALPHA1, POLICY_API_V1ALPHA2, type Published, validatorOf } from './cluster-crds.ts';
import { CASES, intentOf, OPTIONS } from './cluster-policies.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Every object of every case that a target has words for. */
function written(target: ClusterTarget): Manifest[] {
  const ways = target.hasClusterWide === true ? [OPTIONS, { ...OPTIONS, clusterWide: true }] : [OPTIONS];
  return CASES.flatMap((each) => ways.flatMap((options) => writtenFor(target, intentOf(each), options)));
}

function writtenFor(target: ClusterTarget, intent: ClusterIntent, options: ClusterTargetOptions): Manifest[] {
  const { files, diagnostics } = target.lower(intent, options);
  if (diagnostics.some(({ severity }) => severity === 'error')) return [];
  const staged = target.staged === undefined ? [] : target.print(target.staged(files));
  return [...target.print(files), ...staged].flatMap(({ text }) =>
    parseAllDocuments(text).flatMap((document): Manifest[] => {
      assert.deepEqual(document.errors, []);
      const content: Manifest | null = document.toJS();
      return content === null ? [] : [content];
    }),
  );
}

const OBJECTS = new Map(CLUSTER_TARGET_NAMES.map((name) => [name, written(CLUSTER_TARGETS[name])] as const));

function ofKind(kind: string, apiVersion: string): Manifest[] {
  return [...OBJECTS.values()].flat().filter((each) => each.kind === kind && each.apiVersion === apiVersion);
}

/** The schemas of Kubernetes and of Cilium, as packages carry them. */
const MODELS = {
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'apps/v1 Deployment': Deployment,
  'v1 Service': Service,
  'v1 ConfigMap': ConfigMap,
  'v1 Namespace': Namespace,
  'cilium.io/v2 CiliumNetworkPolicy': CiliumNetworkPolicy,
  'cilium.io/v2 CiliumClusterwideNetworkPolicy': CiliumClusterwideNetworkPolicy,
} as const;

const DEFINED: Readonly<Record<string, Published>> = {
  'policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy': POLICY_API_V1ALPHA1,
  'policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy': POLICY_API_V1ALPHA1,
  'policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy': POLICY_API_V1ALPHA2,
  'security.istio.io/v1 AuthorizationPolicy': ISTIO,
  'security.istio.io/v1 PeerAuthentication': ISTIO,
  'networking.istio.io/v1 ServiceEntry': ISTIO,
  'networking.istio.io/v1 Sidecar': ISTIO,
};

/** No registry that can be reached here has Calico's definitions: the reader of its kinds knows every field, and what is read back is proven. */
const NOWHERE: readonly string[] = ['projectcalico.org/v3'];

describe('manifests are as the published schemas want them', () => {
  for (const [of, Model] of Object.entries(MODELS)) {
    test(of, () => {
      const [apiVersion = '', kind = ''] = of.split(' ');
      const objects = ofKind(kind, apiVersion);
      assert.ok(objects.length > 0);
      // `never`: whether it has the type that the constructor asks for is what is tried here.
      for (const each of objects) new Model(structuredClone(each) as never).validate();
    });
  }

  for (const [of, published] of Object.entries(DEFINED)) {
    test(of, (t) => {
      const validate = validatorOf(published, of);
      if (typeof validate === 'string') return t.skip(validate);
      const [apiVersion = '', kind = ''] = of.split(' ');
      const objects = ofKind(kind, apiVersion);
      assert.ok(objects.length > 0);
      for (const each of objects)
        assert.ok(validate(each), `${each.metadata.name}: ${JSON.stringify(validate.errors)}`);
    });
  }

  test('no kind is forgotten', () => {
    const kinds = [...OBJECTS.values()].flat().map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
    const unknown = new Set(
      kinds.filter(
        (each) => !(each in MODELS) && !(each in DEFINED) && !NOWHERE.some((api) => each.startsWith(`${api} `)),
      ),
    );
    assert.deepEqual([...unknown], []);
  });
});

/** An API server that knows which kinds there are, and nothing more: all that `kubectl` asks before it looks at what it was given. */
function discovery(manifests: readonly Manifest[]) {
  const versions = new Set(manifests.map(({ apiVersion }) => apiVersion));
  const groups = [...versions].filter((each) => each.includes('/')).map((each) => each.split('/'));
  const resources = (apiVersion: string) => ({
    kind: 'APIResourceList',
    groupVersion: apiVersion,
    resources: [...new Set(manifests.filter((each) => each.apiVersion === apiVersion).map(({ kind }) => kind))].map(
      (kind) => ({
        name: `${kind.toLowerCase()}s`,
        singularName: '',
        namespaced: !CLUSTER_WIDE.test(kind),
        kind,
        verbs: ['create'],
      }),
    ),
  });
  const answers = new Map<string, unknown>([
    ['/api', { kind: 'APIVersions', versions: ['v1'] }],
    ['/api/v1', resources('v1')],
    [
      '/apis',
      {
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: [...new Set(groups.map(([group]) => group))].map((name) => {
          const own = groups
            .filter(([group]) => group === name)
            .map(([, version]) => ({ groupVersion: `${name}/${version}`, version }));
          return { name, versions: own, preferredVersion: own[0] };
        }),
      },
    ],
    ...[...versions].map((each): [string, unknown] => [`/apis/${each}`, resources(each)]),
  ]);
  return createServer((request, response) => {
    const answer = answers.get(request.url?.split('?')[0] ?? '');
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
}

const CLUSTER_WIDE = /^(?:Namespace|Tier|.*(?:Admin|Cluster|Clusterwide|Global)NetworkPolicy|GlobalNetworkSet)$/;

test('kubectl takes them', async (t) => {
  const kubectl = findProgram('kubectl');
  if (kubectl === undefined) return t.skip('kubectl is not here');
  const [each] = CASES.filter(({ name }) => name === 'names-by-gateway');
  assert.ok(each);
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-kubectl-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const manifests = [...OBJECTS.values()].flat();
  for (const name of CLUSTER_TARGET_NAMES) {
    const target: ClusterTarget = CLUSTER_TARGETS[name];
    for (const file of target.print(target.lower(intentOf(each), OPTIONS).files))
      writeFileSync(join(folder, `${name}-${file.name}`), file.text);
  }
  const server = discovery(manifests).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { stdout } = await promisify(execFile)(
    kubectl,
    [
      '--server',
      `http://127.0.0.1:${port}`,
      'create',
      '--dry-run=client',
      '--validate=false',
      '-o',
      'name',
      '-f',
      folder,
    ],
    { env: { ...process.env, HOME: folder } },
  );
  assert.ok(stdout.includes('networkpolicy.networking.k8s.io/portcullis-default-deny'), stdout);
});
