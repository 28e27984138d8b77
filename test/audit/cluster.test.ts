import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { FINDING_KINDS, type Finding } from '../../src/analysis/index.ts';
import { codes } from './ask.ts';
import {
  auditManifests,
  block,
  closed,
  DNS,
  dns,
  egress,
  FROM_WEB,
  global,
  INTERNET,
  ingress,
  policy,
  port,
  service,
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

test('nothing is said of a namespace that is as it should be', () => {
  assert.deepEqual(sound(), []);
  assert.deepEqual(sound(ingress('matchLabels: { app: db }', `{ ${FROM_WEB}, ${port(5432)} }`)), []);
});

suite('who is held back', () => {
  test('by no policy', () => {
    assert.deepEqual(said(workload('web')), ['A4121 shop ingress', 'A4122 shop egress']);
    assert.deepEqual(said(workload('web'), closed(), dns()), []);
  });

  test('only some', () => {
    const some = [
      workload('web'),
      workload('db', 'app: db'),
      policy('web', WEB, DNS.replace('[Egress]', '[Ingress, Egress]')),
    ];
    assert.deepEqual(said(...some), ['A4123 shop ingress', 'A4123 shop egress']);
  });

  test('by a policy that lets everybody in', () => {
    assert.deepEqual(sound(ingress(WEB, '{}')), ['A4124 NetworkPolicy shop/in ingress']);
  });

  test('the cluster’s own namespaces are not told', () => {
    assert.deepEqual(said(workload('kube-system/coredns', 'k8s-app: kube-dns')), []);
  });

  test('with an example that is asked again', () => {
    const [found] = auditManifests(workload('web'), workload('ops/x', 'app: x'), closed('ops'), dns('ops'));
    assert.deepEqual(found?.connection, {
      text: 'tcp ops/x[Deployment] -> shop/web[Deployment]:443',
      verdict: 'drop',
    });
  });
});

suite('what workloads may open', () => {
  const table: readonly (readonly [what: string, rule: string, expected: readonly string[]])[] = [
    [
      'everything',
      '{}',
      [
        'A4125 NetworkPolicy shop/out egress',
        'A4126 shop/web[Deployment]',
        'A4130 shop/web[Deployment]',
        'A4138 shop/web[Deployment]',
      ],
    ],
    ['the internet', `{ ${INTERNET} }`, ['A4126 shop/web[Deployment]', 'A4138 shop/web[Deployment]']],
    ['HTTPS', `{ ${INTERNET}, ${port(443)} }`, ['A4127 shop/web[Deployment] tcp/443']],
    [
      'all but a country or two',
      `{ to: [${block('0.0.0.0/0', '128.0.0.0/6')}], ${port(443)} }`,
      ['A4127 shop/web[Deployment] tcp/443', 'A4136 NetworkPolicy shop/out egress IPv6'],
    ],
    [
      'less than half of it',
      `{ to: [${block('128.0.0.0/2')}], ${port(443)} }`,
      ['A4135 NetworkPolicy shop/out egress 128.0.0.0/2'],
    ],
    ['any resolver', `{ ${INTERNET}, ${port(53, 'UDP')} }`, ['A4128 shop/web[Deployment] udp/53']],
    ['any time server', `{ ${INTERNET}, ${port(123, 'UDP')} }`, ['A4129 shop/web[Deployment] udp/123']],
    ['instance metadata', `{ to: [${block('169.254.169.254/32')}], ${port(80)} }`, ['A4130 shop/web[Deployment]']],
    [
      'kubelets',
      `{ to: [${block('10.0.0.0/8')}, ${block('172.16.0.0/12')}, ${block('192.168.0.0/16')}], ${port(10250)} }`,
      [
        'A4138 shop/web[Deployment]',
        'A4135 NetworkPolicy shop/out egress 10.0.0.0/8',
        'A4135 NetworkPolicy shop/out egress 172.16.0.0/12',
      ],
    ],
    [
      'every pod, and not the internet',
      `{ to: [{ namespaceSelector: {} }], ${port(443)} }`,
      ['A4133 NetworkPolicy shop/out egress TCP 443'],
    ],
    [
      'every pod beside the internet',
      `{ to: [{ namespaceSelector: {} }, ${block('0.0.0.0/0', '169.254.0.0/16')}], ${port(443)} }`,
      ['A4127 shop/web[Deployment] tcp/443', 'A4136 NetworkPolicy shop/out egress IPv6'],
    ],
    ['every pod on a port of pods', `{ to: [{ namespaceSelector: {} }], ${port(9090)} }`, []],
    [
      'services by their address',
      `{ to: [${block('10.96.0.10/32')}], ${port(8443)} }`,
      ['A4134 NetworkPolicy shop/out egress 10.96.0.10'],
    ],
    [
      'an address of an example',
      `{ to: [${block('203.0.113.7/32')}], ${port(443)} }`,
      ['A4141 NetworkPolicy shop/out egress 203.0.113.7'],
    ],
    ['one site', `{ to: [${block('81.2.69.0/24')}], ${port(443)} }`, []],
  ];
  for (const [what, rule, expected] of table)
    test(what, () =>
      assert.deepEqual(
        sound(egress(WEB, rule))
          .filter((each) => !each.startsWith('A4108'))
          .sort(),
        [...expected].sort(),
      ),
    );

  test('addresses of a pod that is known', () => {
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p, namespace: shop, labels: { app: p } }\nspec: { containers: [{ name: c, image: x }] }\nstatus: { podIP: 10.9.8.7 }';
    assert.deepEqual(sound(pod, egress(WEB, `{ to: [${block('10.9.8.0/24')}], ${port(80)} }`)), [
      'A4134 NetworkPolicy shop/out egress 10.9.8.0/24',
    ]);
  });

  test('one family denied, the other forgotten', () => {
    const deny = (...nets: readonly string[]): string =>
      global(
        'g',
        `order: 1, namespaceSelector: kubernetes.io/metadata.name == 'shop', types: [Egress], egress: [${nets.map((net) => `{ action: Deny, destination: { nets: ["${net}"] } }`).join(', ')}]`,
      );
    assert.ok(sound(deny('0.0.0.0/0')).includes('A4137 GlobalNetworkPolicy g egress IPv6'));
    assert.deepEqual(
      sound(deny('0.0.0.0/0', '::/0')).filter((each) => each.startsWith('A4137')),
      [],
    );
  });

  test('an agent that reaches nobody, and one that has a gateway', () => {
    const agent = workload('openclaw', 'app: openclaw');
    const proxy = workload('egress/gw', 'app: gw');
    const out = policy(
      'gw',
      '',
      `policyTypes: [Ingress, Egress], ingress: [{ from: [{ namespaceSelector: {} }], ${port(3128)} }], egress: [{ ${INTERNET}, ${port(443)} }]`,
      'egress',
    );
    const to = egress(
      'matchLabels: { app: openclaw }',
      `{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: egress } } }], ${port(3128)} }`,
    );
    assert.deepEqual(sound(agent), ['A4140 shop/openclaw[Deployment]']);
    assert.deepEqual(sound(agent, proxy, out, dns('egress'), to), ['A4127 egress/gw[Deployment] tcp/443']);
  });
});

suite('names', () => {
  const asked = (rule: string): readonly Finding[] => {
    const findings = auditManifests(workload('web'), closed(), ...(rule === '' ? [] : [egress(WEB, rule)]));
    for (const { code } of findings) seen.add(code);
    return findings.filter(({ code }) => code === 'A4131' || code === 'A4132');
  };
  const why = (rule: string): string | undefined => asked(rule)[0]?.message;
  const KUBE_DNS =
    '{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }';

  test('why they cannot be asked for', () => {
    assert.match(why('') ?? '', /no policy that selects it allows port 53/);
    assert.match(why(`{ to: [{ podSelector: {} }], ${port(53, 'UDP')} }`) ?? '', /own namespace only/);
    assert.match(
      why(`{ to: [{ namespaceSelector: { matchLabels: { name: kube-system } } }], ${port(53, 'UDP')} }`) ?? '',
      /`name=kube-system`, and `kube-system` is none of them/,
    );
    assert.match(
      why(
        `{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { app: dns } } }], ${port(53, 'UDP')} }`,
      ) ?? '',
      /does not lead to the cluster’s resolver/,
    );
  });

  test('by UDP only', () => {
    assert.deepEqual(codes(asked(`{ to: [${KUBE_DNS}], ${port(53, 'UDP')} }`)), ['A4132 shop/web[Deployment]']);
  });

  test('in every way that works', () => {
    const both = 'ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]';
    for (const to of [KUBE_DNS, '{ namespaceSelector: {} }', block('169.254.20.10/32'), block('9.9.9.9/32')])
      assert.deepEqual(codes(asked(`{ to: [${to}], ${both} }`)), [], to);
  });
});

suite('names asked of a gateway of ours', () => {
  const gateway = (labels: string): string => `apiVersion: v1
kind: Pod
metadata: { name: gw, namespace: shop, labels: { ${labels} } }
spec: { containers: [{ name: g, image: x, ports: [{ containerPort: 5300, protocol: UDP }] }] }`;
  const names = (labels: string, asked: number): readonly string[] => {
    const to = egress(WEB, `{ to: [{ podSelector: { matchLabels: { ${labels} } } }], ${port(asked, 'UDP')} }`);
    const into = ingress(`matchLabels: { ${labels} }`, `{ ${FROM_WEB}, ${port(asked, 'UDP')} }`);
    const findings = auditManifests(workload('web'), gateway(labels), closed(), to, into);
    return findings.filter(({ code }) => code === 'A4131').flatMap(({ subject }) => subject ?? []);
  };

  test('are asked for', () => {
    assert.ok(!names('app.kubernetes.io/name: portcullis-gateway', 5300).includes('shop/web[Deployment]'));
  });

  test('but on its port, and of nobody else', () => {
    assert.ok(names('app.kubernetes.io/name: portcullis-gateway', 5301).includes('shop/web[Deployment]'));
    assert.ok(names('app.kubernetes.io/name: some-gateway', 5300).includes('shop/web[Deployment]'));
  });
});

suite('what leads in', () => {
  const open = ingress(WEB, `{ ${port(8080)} }`);
  const behind = [service('web', 'ClusterIP', 'port: 80, targetPort: 8080')];
  const way = (backend: string): string => `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: i, namespace: shop }
spec: { rules: [{ http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: ${backend} } } }] } }] }`;

  test('a node port, unless policies keep everybody away', () => {
    const text = service('web', 'NodePort', 'port: 80, targetPort: 8080, nodePort: 30080');
    assert.deepEqual(sound(text, open), ['A4153 Service shop/web tcp/30080']);
    assert.deepEqual(sound(text), []);
    assert.deepEqual(sound(...behind, open), []);
  });

  test('a load balancer, unless only few may come', () => {
    const text = (more: string): string => service('web', 'LoadBalancer', 'port: 80, targetPort: 8080', more);
    assert.deepEqual(sound(text(''), open), ['A4154 Service shop/web tcp/80']);
    assert.deepEqual(sound(text('loadBalancerSourceRanges: [0.0.0.0/0]'), open), ['A4154 Service shop/web tcp/80']);
    assert.deepEqual(sound(text('loadBalancerSourceRanges: [81.2.69.0/24]'), open), []);
  });

  test('a port of the node, and its network', () => {
    const host = workload('api', 'app: api', 'ports: [{ containerPort: 8080, hostPort: 80 }]');
    assert.deepEqual(sound(host, ingress('matchLabels: { app: api }', `{ ${port(8080)} }`)), [
      'A4152 shop/api[Deployment] tcp/80',
    ]);
    assert.deepEqual(sound(workload('api', 'app: api', '', 'hostNetwork: true')), ['A4151 shop/api[Deployment]']);
  });

  test('to an agent’s gateway, and to data', () => {
    const agent = ingress(WEB, `{ ${port(18789)} }`);
    const led = service('web', 'ClusterIP', 'port: 80, targetPort: 18789');
    const told = sound(led, agent, way('web, port: { number: 80 }'));
    assert.deepEqual(told, ['A4155 Ingress shop/i tcp/80', 'A4139 NetworkPolicy shop/in ingress OpenClaw gateway']);
    const data = service('db', 'NodePort', 'port: 5432, nodePort: 30432');
    assert.deepEqual(
      sound(
        data,
        ingress('matchLabels: { app: db }', `{ from: [${block('0.0.0.0/0')}, ${block('::/0')}], ${port(5432)} }`),
      ),
      ['A4156 Service shop/db tcp/30432'],
    );
  });

  test('an address that a service hides', () => {
    const from = ingress(WEB, `{ from: [${block('81.2.69.0/24')}], ${port(8080)} }`);
    const text = (more: string): string =>
      service('web', 'LoadBalancer', 'port: 80, targetPort: 8080', `loadBalancerSourceRanges: [81.2.69.0/24]${more}`);
    assert.deepEqual(sound(text(''), from), ['A4157 NetworkPolicy shop/in Service shop/web']);
    assert.deepEqual(sound(text(', externalTrafficPolicy: Local'), from), []);
  });

  test('to nobody', () => {
    assert.deepEqual(sound(service('wbe', 'ClusterIP', 'port: 80')), ['A4158 Service shop/wbe']);
    assert.deepEqual(sound(way('web, port: { number: 80 }')), ['A4159 Ingress shop/i shop/web']);
    assert.deepEqual(sound(...behind, way('web, port: { number: 80 }'), open), []);
  });
});

after(() => {
  const own = [FINDING_KINDS['What workloads of a cluster reach'], FINDING_KINDS['What leads into a cluster']].flatMap(
    (kinds) => Object.values(kinds).map(({ code }) => code),
  );
  assert.deepEqual(
    own.filter((code) => !seen.has(code)),
    [],
    'every kind is found at least once',
  );
});
