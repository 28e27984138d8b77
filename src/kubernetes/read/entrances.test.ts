import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatRange } from '../../net/index.ts';
import type { ClusterService } from '../cluster.ts';
import { object, readObjects } from './read.fixture.ts';

function service(spec: object, rest: object = {}): ClusterService {
  const { cluster, told } = readObjects(object('v1', 'Service', 's', { spec, ...rest }));
  assert.deepEqual(told, []);
  return cluster.services[0]!;
}

/** Each backend as `namespace/name:port`. */
function backends(...objects: readonly object[]): readonly string[] {
  const { cluster, told } = readObjects(...objects);
  assert.deepEqual(told, []);
  return cluster.entrances.flatMap(({ backends: each }) =>
    each.map(({ service: { namespace, name }, port }) => `${namespace}/${name}:${port}`),
  );
}

describe('a service', () => {
  const ports: readonly (readonly [written: object, expected: object])[] = [
    [{ port: 80 }, { protocol: 'TCP', port: 80, target: 80 }],
    [
      { port: 80, targetPort: 0 },
      { protocol: 'TCP', port: 80, target: 80 },
    ],
    [
      { name: 'web', port: 80, targetPort: 'http' },
      { name: 'web', protocol: 'TCP', port: 80, target: 'http' },
    ],
    [
      { port: 53, protocol: 'UDP', targetPort: 5353, nodePort: 30_053 },
      { protocol: 'UDP', port: 53, target: 5353, nodePort: 30_053 },
    ],
  ];
  for (const [written, expected] of ports) {
    it(`has the port ${JSON.stringify(written)}`, () =>
      assert.deepEqual(service({ ports: [written] }).ports, [expected]));
  }

  it('leads to the pods that it selects', () => {
    assert.deepEqual(service({ selector: { app: 'a' } }).selector, new Map([['app', 'a']]));
  });

  it('without a selector leads to endpoints of others', () => {
    for (const selector of [undefined, null, {}]) assert.equal(service({ selector }).selector, undefined);
    assert.equal(
      service({ type: 'ExternalName', externalName: 'a.example.com', selector: { a: 'b' } }).selector,
      undefined,
    );
  });

  it('is there without an address, in the cluster, on nodes, or outside', () => {
    assert.equal(service({ clusterIP: 'None' }).isHeadless, true);
    assert.deepEqual(
      ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName', undefined].map((type) => service({ type }).type),
      ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName', 'ClusterIP'],
    );
  });

  it('has addresses outside, from its author and from the load balancer', () => {
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { hostname: 'lb.example.com' }] } };
    const read = service(
      { type: 'LoadBalancer', externalIPs: ['203.0.113.6'], loadBalancerSourceRanges: ['198.51.100.0/24'] },
      { status },
    );
    assert.deepEqual(read.externalAddresses.map(formatRange), ['203.0.113.6/31']);
    assert.deepEqual(read.sourceRanges?.map(formatRange), ['198.51.100.0/24']);
  });

  const faults: readonly (readonly [why: string, spec: object, code: string])[] = [
    ['a port without a number', { ports: [{ name: 'a' }] }, 'B0002'],
    ['a port that is none', { ports: [{ port: 70_000 }] }, 'B0007'],
    ['a type that is none', { type: 'Magic' }, 'B0007'],
    ['ports that are no list', { ports: { port: 80 } }, 'B0001'],
  ];
  for (const [why, spec, code] of faults) {
    it(`with ${why} is told`, () => assert.deepEqual(readObjects(object('v1', 'Service', 's', { spec })).told, [code]));
  }
});

describe('an Ingress lets in to', () => {
  const ingress = (apiVersion: string, spec: object): object => object(apiVersion, 'Ingress', 'i', { spec });
  const to = (backend: object): object => ({ rules: [{ http: { paths: [{ path: '/', backend }] } }] });

  it('the services of its paths, by number and by name', () => {
    assert.deepEqual(backends(ingress('networking.k8s.io/v1', to({ service: { name: 's', port: { number: 80 } } }))), [
      'default/s:80',
    ]);
    assert.deepEqual(backends(ingress('networking.k8s.io/v1', to({ service: { name: 's', port: { name: 'web' } } }))), [
      'default/s:web',
    ]);
  });

  it('its default', () => {
    const spec = { defaultBackend: { service: { name: 's', port: { number: 80 } } } };
    assert.deepEqual(backends(ingress('networking.k8s.io/v1', spec)), ['default/s:80']);
  });

  it('the same in the form of the betas', () => {
    const old = { serviceName: 's', servicePort: 'web' };
    assert.deepEqual(backends(ingress('extensions/v1beta1', { backend: old, ...to(old) })), [
      'default/s:web',
      'default/s:web',
    ]);
  });

  it('nobody by what is no service', () => {
    assert.deepEqual(
      backends(ingress('networking.k8s.io/v1', to({ resource: { kind: 'StorageBucket', name: 'b' } }))),
      [],
    );
  });

  it('nobody by a backend that is none', () => {
    assert.deepEqual(readObjects(ingress('networking.k8s.io/v1', to({}))).told, ['B0002']);
  });
});

describe('a Route lets in to', () => {
  const services = [
    object('v1', 'Service', 's', {
      spec: {
        ports: [
          { name: 'web', port: 80, targetPort: 8080 },
          { name: 'admin', port: 81, targetPort: 8081 },
        ],
      },
    }),
    object('v1', 'Service', 'n', { spec: { ports: [{ port: 80, targetPort: 'http' }] } }),
  ];
  const route = (spec: object): object => object('route.openshift.io/v1', 'Route', 'r', { spec });
  const to = (name: string, rest: object = {}): object => ({ kind: 'Service', name, ...rest });
  const cases: readonly (readonly [why: string, spec: object, expected: readonly string[]])[] = [
    ['every port of its service where it names none', { to: to('s') }, ['default/s:undefined']],
    ['the port that leads to the pods’ port', { to: to('s'), port: { targetPort: 8081 } }, ['default/s:81']],
    ['the port by its name', { to: to('s'), port: { targetPort: 'web' } }, ['default/s:web']],
    ['a port whose number only the pods tell', { to: to('n'), port: { targetPort: 8080 } }, ['default/n:80']],
    ['several services', { to: to('s'), alternateBackends: [to('n')] }, ['default/s:undefined', 'default/n:undefined']],
    [
      'none without weight',
      { to: to('s', { weight: 100 }), alternateBackends: [to('n', { weight: 0 })] },
      ['default/s:undefined'],
    ],
  ];
  for (const [why, spec, expected] of cases)
    it(why, () => assert.deepEqual(backends(...services, route(spec)), expected));
});

describe('the Gateway API lets in to', () => {
  const api = 'gateway.networking.k8s.io/v1';
  const inside = (kind: string, namespace: string, name: string, spec: object): object => ({
    apiVersion: api,
    kind,
    metadata: { namespace, name },
    spec,
  });
  const gateway = (allowedRoutes?: object): object =>
    inside('Gateway', 'infra', 'g', {
      listeners: [{ name: 'l', port: 80, ...(allowedRoutes === undefined ? {} : { allowedRoutes }) }],
    });
  const parent = { namespace: 'infra', name: 'g' };
  const route = (ref: object, parentRefs: readonly object[] = [parent], kind = 'HTTPRoute'): object =>
    inside(kind, 'app', 'r', { parentRefs, rules: [{ backendRefs: [ref] }] });
  const own = { name: 's', port: 80 };
  const other = { name: 's', namespace: 'b', port: 80 };
  const grant = (to: object): object => ({
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { namespace: 'b', name: 'x' },
    spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'app' }], to: [to] },
  });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'app', labels: { team: 'a' } } };
  const byTeam = { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } } };
  const cases: readonly (readonly [why: string, objects: readonly object[], expected: readonly string[]])[] = [
    ['the services of a route, where nothing is known of its gateway', [route(own)], ['app/s:80']],
    [
      'those of routes of every kind',
      [route(own, [parent], 'TCPRoute'), route(own, [parent], 'GRPCRoute')],
      ['app/s:80', 'app/s:80'],
    ],
    ['nobody by a gateway that takes routes of its own namespace only', [gateway(), route(own)], []],
    ['those of routes from everywhere', [gateway({ namespaces: { from: 'All' } }), route(own)], ['app/s:80']],
    ['those of routes from namespaces that it selects', [namespace, gateway(byTeam), route(own)], ['app/s:80']],
    ['nobody by routes from others', [gateway(byTeam), route(own)], []],
    [
      'nobody by routes of a kind that it does not take',
      [gateway({ namespaces: { from: 'All' }, kinds: [{ kind: 'TLSRoute' }] }), route(own)],
      [],
    ],
    [
      'nobody by a listener that is not there',
      [gateway({ namespaces: { from: 'All' } }), route(own, [{ ...parent, sectionName: 'x' }])],
      [],
    ],
    ['nobody by a route that is attached to a service', [route(own, [{ group: '', kind: 'Service', name: 's' }])], []],
    ['nobody by a route that is attached to nothing', [route(own, [])], []],
    ['no service of another namespace that grants nothing', [route(other)], []],
    ['one of another namespace that grants it', [route(other), grant({ group: '', kind: 'Service' })], ['b/s:80']],
    [
      'one of another namespace that grants it by name',
      [route(other), grant({ group: '', kind: 'Service', name: 's' })],
      ['b/s:80'],
    ],
    [
      'none of another namespace that grants a different one',
      [route(other), grant({ group: '', kind: 'Service', name: 't' })],
      [],
    ],
    ['none without weight', [route({ ...own, weight: 0 })], []],
  ];
  for (const [why, objects, expected] of cases) it(why, () => assert.deepEqual(backends(...objects), expected));

  it('those that get a copy of each request', () => {
    const filters = [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'm', port: 81 } } }];
    const mirror = inside('HTTPRoute', 'app', 'r', { parentRefs: [parent], rules: [{ filters, backendRefs: [own] }] });
    assert.deepEqual(backends(mirror), ['app/s:80', 'app/m:81']);
  });
});
