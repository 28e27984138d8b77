import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { FINDING_KINDS } from '../../src/analysis/index.ts';
import { codes } from './ask.ts';
import {
  auditManifests,
  closed,
  daemon,
  dns,
  egress,
  FROM_WEB,
  global,
  ingress,
  policy,
  port,
  WEB,
  workload,
} from './clusters.ts';

const seen = new Set<string>();

function said(...texts: readonly string[]): string[] {
  const findings = auditManifests(...texts);
  for (const { code } of findings) seen.add(code);
  return codes(findings);
}

/** A namespace that nothing is to be said of, with these more. */
function sound(...more: readonly string[]): string[] {
  return said(workload('web'), workload('db', 'app: db'), closed(), dns(), ...more);
}

suite('policies', () => {
  const table: readonly (readonly [
    what: string,
    broken: readonly string[],
    repaired: readonly string[],
    expected: readonly string[],
  ])[] = [
    [
      'selects nobody',
      [ingress('matchLabels: { app: wbe }', `{ ${FROM_WEB} }`)],
      [ingress('matchLabels: { app: db }', `{ ${FROM_WEB} }`)],
      ['A4101 NetworkPolicy shop/in'],
    ],
    [
      'a peer that nobody is, in a namespace that is known',
      [
        workload('ops/metrics', 'app: metrics'),
        closed('ops'),
        dns('ops'),
        ingress(
          WEB,
          '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } }, podSelector: { matchLabels: { app: metrix } } }] }',
        ),
      ],
      [
        workload('ops/metrics', 'app: metrics'),
        closed('ops'),
        dns('ops'),
        ingress(
          WEB,
          '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } }, podSelector: { matchLabels: { app: metrics } } }] }',
        ),
      ],
      ['A4102 NetworkPolicy shop/in ingress `app=metrix` in the namespace `ops`'],
    ],
    [
      'a namespace by a label that Kubernetes does not set',
      [ingress(WEB, '{ from: [{ namespaceSelector: { matchLabels: { name: monitoring } } }] }')],
      [ingress(WEB, '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }] }')],
      ['A4103 NetworkPolicy shop/in ingress name=monitoring'],
    ],
    [
      'the same, where somebody has set it',
      [],
      [
        'apiVersion: v1\nkind: Namespace\nmetadata: { name: monitoring, labels: { name: monitoring } }',
        ingress(WEB, '{ from: [{ namespaceSelector: { matchLabels: { name: monitoring } } }] }'),
      ],
      [],
    ],
    [
      'pods of another namespace without its name',
      [
        workload('ops/scraper', 'app: scraper'),
        closed('ops'),
        dns('ops'),
        ingress(WEB, '{ from: [{ podSelector: { matchLabels: { app: scraper } } }] }'),
      ],
      [
        workload('ops/scraper', 'app: scraper'),
        closed('ops'),
        dns('ops'),
        ingress(WEB, '{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: scraper } } }] }'),
      ],
      ['A4104 NetworkPolicy shop/in ingress `app=scraper`'],
    ],
    [
      'a port by a name that no container has',
      [
        workload('api', 'app: api', 'ports: [{ name: http, containerPort: 8080 }]'),
        ingress('matchLabels: { app: api }', `{ ${FROM_WEB}, ${port('htpp')} }`),
      ],
      [
        workload('api', 'app: api', 'ports: [{ name: http, containerPort: 8080 }]'),
        ingress('matchLabels: { app: api }', `{ ${FROM_WEB}, ${port('http')} }`),
      ],
      ['A4105 NetworkPolicy shop/in ingress htpp'],
    ],
    [
      'a rule that another one covers',
      [
        ingress(
          'matchLabels: { app: db }',
          `{ ${FROM_WEB}, ${port(5432)} }, { ${FROM_WEB}, ports: [{ port: 5000, endPort: 6000 }] }`,
        ),
      ],
      [
        ingress(
          'matchLabels: { app: db }',
          `{ ${FROM_WEB}, ${port(4999)} }, { ${FROM_WEB}, ports: [{ port: 5000, endPort: 6000 }] }`,
        ),
      ],
      ['A4106 NetworkPolicy shop/in ingress 1'],
    ],
    [
      'a rule that two others cover together',
      [
        ingress(
          'matchLabels: { app: db }',
          `{ ${FROM_WEB}, ports: [{ port: 10, endPort: 30 }] }, { ${FROM_WEB}, ports: [{ port: 10, endPort: 20 }] }, { ${FROM_WEB}, ports: [{ port: 21, endPort: 30 }] }`,
        ),
      ],
      [
        ingress(
          'matchLabels: { app: db }',
          `{ ${FROM_WEB}, ports: [{ port: 10, endPort: 20 }] }, { ${FROM_WEB}, ports: [{ port: 15, endPort: 25 }] }, { ${FROM_WEB}, ports: [{ port: 24, endPort: 30 }] }`,
        ),
      ],
      ['A4106 NetworkPolicy shop/in ingress 3', 'A4106 NetworkPolicy shop/in ingress 2'],
    ],
    [
      'a policy that another one says already',
      [
        ingress('matchLabels: { app: db }', `{ ${FROM_WEB} }`),
        ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(5432)} }`, 'twin'),
      ],
      [
        ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(80)} }`),
        ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(5432)} }`, 'twin'),
      ],
      ['A4107 NetworkPolicy shop/twin'],
    ],
    [
      'a stricter one beside one that lets everything in',
      [ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(5432)} }`), ingress('', '{}', 'open')],
      [ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(5432)} }`)],
      [
        'A4108 NetworkPolicy shop/default-deny ingress',
        'A4108 NetworkPolicy shop/in ingress',
        'A4124 NetworkPolicy shop/open ingress',
      ],
    ],
    [
      'a port for a few beside the same port for all',
      [ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(8080)} }`), ingress('', `{ ${port(8080)} }`, 'open')],
      [ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(8080)} }`), ingress('', `{ ${port(8081)} }`, 'open')],
      ['A4108 NetworkPolicy shop/in ingress 1'],
    ],
  ];
  for (const [what, broken, repaired, expected] of table) {
    test(what, () => {
      assert.deepEqual(sound(...broken).sort(), [...expected].sort());
      assert.deepEqual(sound(...repaired), []);
    });
  }

  test('a default deny is not redundant because others isolate, too', () => {
    assert.deepEqual(sound(egress(WEB, `{ to: [{ podSelector: {} }], ${port(8080)} }`)), []);
  });

  test('a folder of policies alone: nothing is said of who is not there', () => {
    const text = policy('web', WEB, 'ingress: [{ from: [{ podSelector: { matchLabels: { app: proxy } } }] }]');
    assert.deepEqual(
      said(text, closed(), dns()).filter((each) => /A410[12]/.test(each)),
      [],
    );
  });

  test('only pods in the network of their node', () => {
    const node = workload('agent', 'app: agent', '', 'hostNetwork: true');
    assert.deepEqual(sound(node, ingress('matchLabels: { app: agent }', `{ ${FROM_WEB} }`)), [
      'A4151 shop/agent[Deployment]',
      'A4111 NetworkPolicy shop/in',
    ]);
  });

  test('a plugin that enforces nothing, or another’s policies', () => {
    assert.deepEqual(sound(daemon('kube-flannel-ds')), ['A4112 NetworkPolicy flannel']);
    assert.deepEqual(sound(daemon('calico-node')), []);
    assert.deepEqual(sound(daemon('kube-flannel-ds'), daemon('kube-router')), []);
    const calico = global(
      'g',
      "order: 1, selector: app == 'web', types: [Ingress], ingress: [{ action: Deny, protocol: TCP, destination: { ports: [81] } }]",
    );
    assert.deepEqual(sound(daemon('cilium'), calico), ['A4112 GlobalNetworkPolicy Cilium']);
  });
});

suite('where an order decides', () => {
  const rule = (action: string, number: number): string =>
    `{ action: ${action}, protocol: TCP, destination: { ports: [${number}] } }`;
  const own = (name: string, order: string, rules: string): string =>
    global(
      name,
      `${order}namespaceSelector: kubernetes.io/metadata.name == 'shop', types: [Ingress], ingress: [${rules}]`,
    );

  test('a rule that is never reached, and one that says the opposite', () => {
    const deny = own('a', 'order: 1, ', '{ action: Deny, protocol: TCP }');
    assert.deepEqual(sound(deny, own('b', 'order: 2, ', rule('Deny', 80))), ['A4109 GlobalNetworkPolicy b ingress 1']);
    assert.deepEqual(sound(deny, own('b', 'order: 2, ', rule('Allow', 80))), ['A4110 GlobalNetworkPolicy b ingress 1']);
    assert.deepEqual(sound(own('a', 'order: 1, ', rule('Deny', 81)), own('b', 'order: 2, ', rule('Allow', 80))), []);
  });

  test('no order, and the same order', () => {
    assert.deepEqual(sound(own('a', '', rule('Deny', 80))), ['A4113 GlobalNetworkPolicy a']);
    const twice = [own('a', 'order: 1, ', rule('Deny', 80)), own('b', 'order: 1, ', rule('Allow', 81))];
    assert.deepEqual(sound(...twice), ['A4114 GlobalNetworkPolicy a GlobalNetworkPolicy b']);
    assert.deepEqual(sound(twice[0]!, own('b', 'order: 1, ', rule('Deny', 81))), []);
  });
});

after(() => {
  const own = [FINDING_KINDS['Policies of a cluster']].flatMap((kinds) => Object.values(kinds).map(({ code }) => code));
  assert.deepEqual(
    own.filter((code) => !seen.has(code)),
    [],
    'every kind is found at least once',
  );
});
