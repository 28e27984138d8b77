import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { JUDGES, judgeOrReason } from '../../scripts/judge-places.ts';
import { findProgram } from '../../src/host/index.ts';
import { inFolder, portcullisIn, type Ran } from '../cli/cli.ts';
import { folderWith, type Lists, standIn, TOKEN } from './api-server.ts';

const SECRET = 'hunter2-in-the-environment';

function meta(name: string, namespace?: string): object {
  return { name, ...(namespace === undefined ? {} : { namespace }), managedFields: [{ manager: SECRET }] };
}

function deployment(name: string, namespace: string): object {
  const container = {
    name: 'c',
    image: 'x',
    env: [{ name: 'API_KEY', value: SECRET }],
    ports: [{ containerPort: 80 }],
  };
  const template = { metadata: { labels: { app: name } }, spec: { containers: [container] } };
  return {
    kind: 'Deployment',
    metadata: meta(name, namespace),
    spec: { selector: { matchLabels: { app: name } }, template },
  };
}

function isolating(name: string, namespace: string, app: string): object {
  return {
    kind: 'NetworkPolicy',
    metadata: meta(name, namespace),
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'] },
  };
}

const NAMESPACES = ['default', 'kube-system', 'shop'].map((name) => ({ kind: 'Namespace', metadata: meta(name) }));
const LISTS: Lists = {
  '/api/v1/namespaces': NAMESPACES,
  '/api/v1/pods': [],
  '/api/v1/secrets': [{ kind: 'Secret', metadata: meta('s', 'shop'), data: { x: SECRET } }],
  '/apis/apps/v1/deployments': ['a', 'b', 'c', 'd', 'e'].map((name) => deployment(name, 'shop')),
  '/apis/networking.k8s.io/v1/networkpolicies': ['a', 'b', 'c'].map((app) => isolating(`only-${app}`, 'shop', app)),
};

const kubectl = judgeOrReason(JUDGES.kubectl);
const missing =
  'skip' in kubectl
    ? kubectl.skip
    : findProgram('openssl') === undefined
      ? 'SKIPPED: no openssl to make a certificate with'
      : undefined;

suite('a live cluster, over TLS, by kubectl', { skip: missing ?? false }, () => {
  const path = process.env.PATH;
  before(() => assert.ok(path));
  after(() => {
    process.env.PATH = path;
  });

  async function asked(
    args: readonly string[],
    lists: Lists,
    forbidden?: readonly string[],
  ): Promise<Ran & { readonly asked: readonly string[] }> {
    return inFolder({}, async (folder) => {
      if ('path' in kubectl) process.env.PATH = `${folderWith(folder, 'kubectl', kubectl.path)}:${path}`;
      const server = await standIn(folder, lists, forbidden);
      try {
        const ran = await portcullisIn(folder, args, { env: { KUBECONFIG: server.kubeconfig } });
        assert.ok(
          server.asked.every((each) => each.startsWith('GET ')),
          'it only reads',
        );
        assert.ok(!server.asked.some((each) => /secret/i.test(each)), 'secrets are never asked for');
        for (const text of [ran.stdout, ran.stderr]) {
          assert.ok(!text.includes(TOKEN) && !text.includes(SECRET), 'nothing secret is said');
        }
        return { ...ran, asked: server.asked };
      } finally {
        await server.close();
      }
    });
  }

  test('every page of every kind that the server has', async () => {
    const ran = await asked(['reach', 'live-cluster:here', '--json'], LISTS);
    assert.equal(ran.exitCode, 0, ran.stderr);
    const { endpoints } = JSON.parse(ran.stdout) as { endpoints: { id: string }[] };
    const ids = endpoints.map(({ id }) => id).filter((id) => id.includes('['));
    assert.deepEqual(
      ids,
      ['a', 'b', 'c', 'd', 'e'].map((name) => `shop/${name}[Deployment]`),
    );
    const pages = ran.asked.filter((each) => each === 'GET /apis/apps/v1/deployments');
    assert.equal(pages.length, 3);
    assert.ok(!ran.asked.some((each) => each.includes('cilium')), 'what the server does not have is not asked for');
  });

  test('what may not be listed is unknown, and the answer is not given as if it were whole', async () => {
    const { '/apis/networking.k8s.io/v1/networkpolicies': _, ...others } = LISTS;
    const forbidden = ['/apis/networking.k8s.io/v1/networkpolicies'];
    const refused = await asked(['audit', 'live-cluster'], others, forbidden);
    assert.equal(refused.exitCode, 2);
    assert.equal(refused.stdout, '');
    assert.match(refused.stderr, /live-cluster does not let you list `networkpolicies\.networking\.k8s\.io`/);
    const anyway = await asked(['audit', 'live-cluster', '--despite-errors'], others, forbidden);
    assert.equal(anyway.exitCode, 2);
    assert.match(anyway.stdout, /A4121 no policy says who may reach workloads of the namespace `shop`/);
    assert.match(
      anyway.stdout,
      /<live-cluster>\/deployments\.apps\/shop\/a:\d+/,
      'a finding names the object that it is about',
    );
  });

  test('another context', async () => {
    const stranger = await asked(['reach', 'live-cluster:as-stranger'], LISTS);
    assert.equal(stranger.exitCode, 4);
    assert.match(stranger.stderr, /live-cluster:as-stranger does not answer: .*(?:logged in|Unauthorized)/);
  });
});
