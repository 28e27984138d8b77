import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DNS, policy, workload } from '../audit/clusters.ts';
import { documentOf, portcullis, type Ran } from './cli.ts';

interface Imported {
  readonly equal: boolean;
  readonly policy: string;
  readonly flows: readonly { readonly name: string }[];
  readonly wider: readonly { readonly packets: string }[];
  readonly narrower: readonly { readonly packets: string }[];
  readonly opaque: readonly { readonly text: string; readonly line: number; readonly reason: string }[];
}

async function imported(texts: readonly string[], ...more: readonly string[]): Promise<Imported & { ran: Ran }> {
  const files = { 'k8s/all.yaml': texts.join('\n---\n') };
  const ran = await portcullis(['import', 'k8s', '--json', ...more], { files });
  documentOf(ran, 'import'); // as its schema has it
  return { ...(JSON.parse(ran.stdout) as Imported), ran };
}

const WEB = 'matchLabels: { app: web }';
const dns = policy('dns', '', DNS);
const closed = policy('closed', '', 'policyTypes: [Ingress, Egress]');
const inTo = (subject: string, rules: string, name = 'in'): string => policy(name, subject, `ingress: [${rules}]`);
const outOf = (subject: string, rules: string, name = 'out'): string =>
  policy(name, subject, `policyTypes: [Egress], egress: [${rules}]`);

suite('a policy from manifests, proven', () => {
  const EVERYBODY = 'namespaceSelector: {}';
  const equal: Readonly<Record<string, readonly string[]>> = {
    'default deny and names': [closed, dns],
    'both ends must allow': [
      closed,
      dns,
      outOf(WEB, '{ to: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: 5432 }, { port: 80 }] }'),
      inTo('matchLabels: { app: db }', `{ from: [{ podSelector: { ${WEB} } }], ports: [{ port: 5432 }] }`),
    ],
    'only some are held back': [dns, inTo(WEB, '{ from: [{ podSelector: {} }] }')],
    'by expressions': [
      closed,
      dns,
      inTo('matchExpressions: [{ key: app, operator: NotIn, values: [db, web] }]', '{}'),
      outOf(
        'matchExpressions: [{ key: app, operator: In, values: [db, web] }]',
        `{ to: [{ ${EVERYBODY} }], ports: [{ port: 80 }] }`,
      ),
    ],
    'addresses of both families, with exceptions': [
      closed,
      dns,
      outOf(
        WEB,
        '{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 169.254.0.0/16] } }, { ipBlock: { cidr: "2000::/3" } }], ports: [{ port: 443 }, { protocol: UDP, port: 443 }, { protocol: SCTP, port: 7 }] }',
      ),
    ],
    'everybody, from outside and from the namespace': [
      closed,
      dns,
      inTo(WEB, '{ ports: [{ port: 8080, endPort: 8090 }] }'),
    ],
    'a port by its name': [
      closed,
      dns,
      workload('web', 'app: web', 'ports: [{ name: http, containerPort: 8080 }]'),
      inTo(WEB, `{ from: [{ ${EVERYBODY} }], ports: [{ port: 8080 }] }`),
    ],
    'other namespaces by name and by label': [
      closed,
      dns,
      inTo(
        WEB,
        '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } } }, { namespaceSelector: { matchLabels: { team: blue } }, podSelector: { matchLabels: { app: x } } }], ports: [{ port: 80 }] }',
      ),
    ],
    'two namespaces, each governed': [
      closed,
      dns,
      policy('closed', '', 'policyTypes: [Ingress, Egress]', 'ops'),
      policy('dns', '', DNS, 'ops'),
      inTo(
        WEB,
        '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } } }], ports: [{ port: 80 }] }',
      ),
      policy(
        'out',
        WEB,
        'policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 80 }, { port: 81 }] }]',
        'ops',
      ),
    ],
  };
  for (const [what, texts] of Object.entries(equal)) {
    test(what, async () => {
      const found = await imported(texts);
      assert.deepEqual([found.wider, found.narrower, found.opaque], [[], [], []], found.policy);
      assert.equal(found.equal, true, found.ran.stderr);
      assert.equal(found.ran.exitCode, 0);
    });
  }

  test('as a person reads it', async () => {
    const found = await imported(equal['both ends must allow']!);
    assert.match(found.policy, /\n {2}web: \{ kubernetes: \{ namespace: shop, podSelector: \{ app: web \} \} \}\n/);
    assert.match(found.policy, / {2}- name: web-to-db\n {4}from: web\n {4}to: db\n {4}service: tcp\/5432\n/);
  });

  test('names that nobody may ask for are a difference: a policy lets whoever connects anywhere look them up', async () => {
    const found = await imported([
      closed,
      outOf(WEB, '{ to: [{ podSelector: {} }] }'),
      inTo('', '{ from: [{ podSelector: {} }] }'),
    ]);
    assert.equal(found.ran.exitCode, 1);
    assert.equal(found.equal, false);
    assert.match(
      found.wider[0]?.packets ?? '',
      /app=web of shop .* -> pods k8s-app=kube-dns of kube-system .*TCP 53, UDP 53/,
    );
    assert.deepEqual(found.narrower, []);
  });

  test('what there are no words for is named with its place, and what it comes to is listed', async () => {
    const found = await imported([
      closed,
      dns,
      outOf('', '{ to: [{ podSelector: {} }] }'),
      inTo(
        'matchExpressions: [{ key: app, operator: Exists }]',
        '{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }',
      ),
    ]);
    assert.equal(found.ran.exitCode, 1);
    assert.deepEqual(
      found.opaque.map(({ text, reason }) => [text, reason]),
      [['NetworkPolicy shop/in', 'its selector asks for more than values of labels']],
    );
  });

  test('nothing is written over, and a file is', async () => {
    const files = { 'k8s/all.yaml': [closed, dns].join('\n---\n'), 'p.yaml': 'portcullis: 1\n' };
    assert.equal((await portcullis(['import', 'k8s', '-o', 'p.yaml'], { files })).exitCode, 3);
    const ran = await portcullis(['import', 'k8s', '-o', 'q.yaml'], { files });
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(
      ran.stderr,
      /wrote q\.yaml: 1 flows\nproven: in shop the policy lets through exactly what the manifests do/,
    );
  });

  test('manifests without policies of a namespace want to be told which one', async () => {
    const ran = await portcullis(['import', 'k8s'], { files: { 'k8s/w.yaml': workload('web') } });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /--namespace NS/);
    const open = await imported([workload('web')], '--namespace', 'shop');
    assert.match(open.policy, /from: shop\n {4}to: \[shop, elsewhere\]\n {4}service: any/);
  });
});

suite('of random policies', () => {
  test('what is imported means the same, or says what is missing', async () => {
    const random = seeded(20_261_127);
    const pick = <T>(...all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
    const labels = (): string =>
      pick(
        '',
        'matchLabels: { app: a }',
        'matchLabels: { app: b }',
        'matchLabels: { app: a, tier: x }',
        'matchExpressions: [{ key: app, operator: In, values: [a, b] }]',
        'matchExpressions: [{ key: tier, operator: NotIn, values: [x] }]',
      );
    const spaces = (): string =>
      pick(
        '',
        'namespaceSelector: {}, ',
        'namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } }, ',
        'namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: far } }, ',
      );
    const peer = (): string =>
      pick(
        `{ ${spaces()}podSelector: { ${labels()} } }`,
        '{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }',
        '{ ipBlock: { cidr: "::/0" } }',
        '{ ipBlock: { cidr: 0.0.0.0/0 } }',
      );
    const ports = (): string =>
      pick('', 'ports: [{ port: 80 }]', 'ports: [{ port: 70, endPort: 90 }, { protocol: UDP, port: 80 }]');
    const rule = (side: string): string => {
      const parts = [pick('', `${side}: [${peer()}]`, `${side}: [${peer()}, ${peer()}]`), ports()].filter(
        (part) => part !== '',
      );
      return `{ ${parts.join(', ')} }`;
    };
    const one = (at: number): string => {
      const spec = pick(
        () => `policyTypes: [Ingress], ingress: [${[rule('from'), rule('from')].slice(0, pick(0, 1, 2)).join(', ')}]`,
        () => `policyTypes: [Egress], egress: [${[rule('to'), rule('to')].slice(0, pick(0, 1, 2)).join(', ')}]`,
      )();
      return policy(`p${at}`, labels(), spec, pick('shop', 'ops'));
    };
    for (let round = 0; round < 40; round++) {
      const texts = [
        dns,
        policy('dns', '', DNS, 'ops'),
        ...Array.from({ length: pick(1, 2, 3, 4) }, (_, at) => one(at)),
      ];
      const found = await imported(texts);
      assert.deepEqual(
        [found.wider, found.narrower, found.opaque],
        [[], [], []],
        `${texts.join('\n---\n')}\n\n${found.policy}`,
      );
      assert.equal(found.equal, true, found.ran.stderr);
    }
  });
});

/** mulberry32, by Tommy Ettinger (public domain) as everybody writes it: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
