import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceFile } from '../../source/index.ts';
import { readCluster } from './read.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const META = { namespace: 'shop', name: 'a' };
const calico = (kind: string, spec: Json): Json => ({ apiVersion: 'projectcalico.org/v3', kind, metadata: META, spec });
const cilium = (kind: string, spec: Json): Json => ({ apiVersion: 'cilium.io/v2', kind, metadata: META, spec });
const istio = (kind: string, spec: Json): Json => ({
  apiVersion: kind.endsWith('y') || kind === 'PeerAuthentication' ? 'security.istio.io/v1' : 'networking.istio.io/v1',
  kind,
  metadata: META,
  spec,
});

/** Every field that is read, once. */
const OBJECTS: readonly Json[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: META,
    spec: { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }] },
  },
  calico('Tier', { order: 10, defaultAction: 'Pass' }),
  calico('GlobalNetworkSet', { nets: ['10.0.0.0/8'], allowedEgressDomains: ['*.example.com'] }),
  calico('GlobalNetworkPolicy', {
    tier: 'a',
    order: 1.5,
    selector: "app == 'a'",
    namespaceSelector: 'all()',
    serviceAccountSelector: 'has(x)',
    types: ['Ingress', 'Egress'],
    doNotTrack: false,
    ingress: [
      {
        action: 'Allow',
        protocol: 'TCP',
        source: {
          nets: ['10.0.0.0/8'],
          notNets: ['10.1.0.0/16'],
          selector: 'has(a)',
          notSelector: 'has(b)',
          ports: [1],
        },
        destination: {
          ports: ['80:90', 'http'],
          notPorts: [85],
          serviceAccounts: { names: ['x'], selector: 'has(y)' },
        },
        http: { methods: ['GET'], paths: [{ exact: '/' }] },
      },
      { action: 'Pass', protocol: 'ICMP', icmp: { type: 8, code: 0 }, notICMP: { type: 3, code: 1 } },
    ],
    egress: [
      { action: 'Deny', ipVersion: 4, notProtocol: 'UDP', destination: { services: { name: 'a', namespace: 'shop' } } },
      { action: 'Allow', destination: { domains: ['a.example.com'] } },
    ],
  }),
  cilium('CiliumCIDRGroup', { externalCIDRs: ['10.0.0.0/8'] }),
  cilium('CiliumNetworkPolicy', {
    endpointSelector: {
      matchLabels: { 'k8s:app': 'a' },
      matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }],
    },
    enableDefaultDeny: { ingress: true, egress: false },
    ingress: [
      {
        fromEndpoints: [{ matchLabels: { 'reserved:host': '' } }],
        toPorts: [
          {
            ports: [{ port: '80', endPort: 90, protocol: 'TCP' }],
            rules: { http: [{ method: 'GET', headers: ['a'] }] },
          },
        ],
        authentication: { mode: 'required' },
      },
      {
        fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }, { cidrGroupRef: 'a' }],
        icmps: [{ fields: [{ type: 8, family: 'IPv4' }] }],
      },
      { fromEntities: ['world'], fromRequires: [{ matchLabels: { a: 'b' } }] },
    ],
    egress: [
      {
        toFQDNs: [{ matchName: 'a.example.com' }, { matchPattern: '*.example.com' }],
        toPorts: [{ ports: [{ port: '53' }], rules: { dns: [{ matchPattern: '*' }] } }],
      },
      {
        toServices: [
          { k8sService: { serviceName: 'a', namespace: 'shop' } },
          { k8sServiceSelector: { selector: { matchLabels: {} } } },
        ],
      },
    ],
    egressDeny: [{ toNodes: [{ matchLabels: { a: 'b' } }], toPorts: [{ ports: [{ port: 'http' }] }] }],
  }),
  istio('AuthorizationPolicy', {
    selector: { matchLabels: { app: 'a' } },
    action: 'ALLOW',
    rules: [
      {
        from: [
          {
            source: { principals: ['*'], notNamespaces: ['b'], ipBlocks: ['10.0.0.0/8'], remoteIpBlocks: ['1.1.1.1'] },
          },
        ],
        to: [{ operation: { ports: ['80'], methods: ['GET'], notPaths: ['/a'] } }],
        when: [{ key: 'source.ip', values: ['1.1.1.1'] }],
      },
    ],
  }),
  istio('PeerAuthentication', {
    selector: { matchLabels: { app: 'a' } },
    mtls: { mode: 'STRICT' },
    portLevelMtls: { 80: { mode: 'DISABLE' } },
  }),
  istio('ServiceEntry', {
    hosts: ['a.example.com'],
    addresses: ['10.0.0.1'],
    exportTo: ['*'],
    ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
    endpoints: [{ address: '10.0.0.2' }],
  }),
  istio('Sidecar', {
    workloadSelector: { labels: { app: 'a' } },
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    egress: [{ hosts: ['./*'] }],
  }),
];

const ODD: readonly Json[] = [null, [], {}, -1, 'odd value', true, [null], [{}], { odd: [] }];

/** The object with each of its parts in turn replaced by something odd. */
function* mutants(whole: Json): Generator<Json> {
  yield* ODD;
  if (Array.isArray(whole)) {
    for (const [at, item] of whole.entries()) for (const other of mutants(item)) yield whole.with(at, other);
  } else if (typeof whole === 'object' && whole !== null) {
    for (const [key, value] of Object.entries(whole))
      for (const other of mutants(value)) yield { ...whole, [key]: other };
  }
}

function read(...objects: readonly Json[]): ReturnType<typeof readCluster> {
  return readCluster([new SourceFile('mutant.json', objects.map((object) => JSON.stringify(object)).join('\n---\n'))]);
}

test('objects of plugins are read without an error as they are', () => {
  assert.deepEqual(
    read(...OBJECTS)
      .diagnostics.filter(({ severity }) => severity === 'error')
      .map(({ message }) => message),
    [],
  );
});

test('objects of plugins in which any part is something else never stop the reader', () => {
  let count = 0;
  for (const object of OBJECTS) {
    for (const mutant of mutants(object)) {
      count++;
      for (const { span, message } of read(OBJECTS[0]!, mutant).diagnostics) {
        assert.ok(span === undefined || span.start <= span.end, message);
      }
    }
  }
  assert.ok(count > 2000, String(count));
});
