import type { Backend, Entrance, Namespace } from '../cluster.ts';
import { matches } from '../selector.ts';
import { groupOf } from './api.ts';
import { labelSelector } from './label-selector.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';
import { portNumber } from './port.ts';

const GROUP = 'gateway.networking.k8s.io';
const ROUTES: readonly string[] = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'];

/** What the Gateway API lets in: routes that are attached to a gateway, to services that they may name (gateway-api.sigs.k8s.io, GEP-709). */
export function gatewayEntrances(
  manifests: readonly Manifest[],
  namespaces: ReadonlyMap<string, Namespace>,
): Entrance[] {
  const own = manifests.filter(({ apiVersion }) => groupOf(apiVersion) === GROUP);
  const gateways = new Map(
    own.filter(({ kind }) => kind === 'Gateway').map((each) => [`${each.ref.namespace}/${each.ref.name}`, each]),
  );
  const grants = own.filter(({ kind }) => kind === 'ReferenceGrant');
  return own
    .filter(({ kind }) => ROUTES.includes(kind))
    .flatMap((route) => {
      const { ref, body, span } = route;
      const namespace = ref.namespace ?? 'default';
      const attached = body
        .at('spec', 'parentRefs')
        .items()
        .some((parent) => isAttached(parent, route, gateways, namespaces));
      if (!attached) return [];
      const backends = body
        .at('spec', 'rules')
        .items()
        .flatMap(backendRefs)
        .flatMap((each) => backend(each, route, grants) ?? []);
      return [{ ref, namespace, backends, span }];
    });
}

/** To a gateway that takes it, or to one that is not among the manifests; a route for a service (GAMMA) lets nobody in. */
function isAttached(
  parent: Part,
  route: Manifest,
  gateways: ReadonlyMap<string, Manifest>,
  namespaces: ReadonlyMap<string, Namespace>,
): boolean {
  if ((parent.at('kind').text() ?? 'Gateway') !== 'Gateway' || (parent.at('group').text() ?? GROUP) !== GROUP)
    return false;
  const home = route.ref.namespace ?? 'default';
  const namespace = parent.at('namespace').text() ?? home;
  const gateway = gateways.get(`${namespace}/${parent.at('name').text()}`);
  if (gateway === undefined) return true;
  const section = parent.at('sectionName').text();
  const port = parent.at('port').integer();
  return gateway.body
    .at('spec', 'listeners')
    .items()
    .filter((listener) => section === undefined || listener.at('name').text() === section)
    .filter((listener) => port === undefined || listener.at('port').integer() === port)
    .some((listener) => takes(listener.at('allowedRoutes'), route, namespace, namespaces));
}

function takes(allowed: Part, route: Manifest, gateway: string, namespaces: ReadonlyMap<string, Namespace>): boolean {
  const kinds = allowed.at('kinds').items();
  if (kinds.length > 0 && !kinds.some((each) => each.at('kind').text() === route.kind)) return false;
  const from = allowed.at('namespaces', 'from').text() ?? 'Same';
  const home = route.ref.namespace ?? 'default';
  if (from === 'All') return true;
  if (from === 'Selector') {
    const labels = namespaces.get(home)?.labels;
    return labels !== undefined && matches(labelSelector(allowed.at('namespaces', 'selector')), labels);
  }
  return from === 'Same' && home === gateway;
}

/** Where a rule sends requests, copies of them included. */
function backendRefs(rule: Part): readonly Part[] {
  const copies = rule
    .at('filters')
    .items()
    .map((filter) => filter.at('requestMirror', 'backendRef'))
    .filter(({ exists }) => exists);
  const sent = rule
    .at('backendRefs')
    .items()
    .filter((each) => each.at('weight').integer() !== 0);
  return [...sent, ...copies];
}

function backend(part: Part, route: Manifest, grants: readonly Manifest[]): Backend | undefined {
  const name = part.at('name').text();
  const kind = part.at('kind').text() ?? 'Service';
  if (kind !== 'Service' || (part.at('group').text() ?? '') !== '') return undefined;
  if (name === undefined) return part.missing('name');
  const home = route.ref.namespace ?? 'default';
  const namespace = part.at('namespace').text() ?? home;
  if (namespace !== home && !isGranted({ namespace, name }, route, grants)) return undefined;
  return { service: { namespace, name }, port: portNumber(part.at('port')), span: part.span };
}

function isGranted(service: Backend['service'], route: Manifest, grants: readonly Manifest[]): boolean {
  return grants.some(({ ref, body }) => {
    if (ref.namespace !== service.namespace) return false;
    const from = body
      .at('spec', 'from')
      .items()
      .some((each) => isFrom(each, route));
    return (
      from &&
      body
        .at('spec', 'to')
        .items()
        .some((each) => isTo(each, service.name))
    );
  });
}

function isFrom(part: Part, { kind, ref }: Manifest): boolean {
  return (
    part.at('kind').text() === kind &&
    part.at('group').text() === GROUP &&
    part.at('namespace').text() === ref.namespace
  );
}

function isTo(part: Part, name: string): boolean {
  return (
    part.at('kind').text() === 'Service' &&
    (part.at('group').text() ?? '') === '' &&
    (part.at('name').text() ?? name) === name
  );
}
