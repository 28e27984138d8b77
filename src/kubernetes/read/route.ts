import type { Backend, ClusterService, Entrance } from '../cluster.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';

/** An OpenShift Route (`route.openshift.io/v1`): to one service, or spread over several. */
export function openShiftRoute({ ref, body, span }: Manifest, services: ReadonlyMap<string, ClusterService>): Entrance {
  const namespace = ref.namespace ?? 'default';
  const spec = body.at('spec');
  const target = spec.at('port', 'targetPort');
  const written = [spec.at('to'), ...spec.at('alternateBackends').items()];
  const backends = written.flatMap((each) => backendsOf(each, target, namespace, services));
  return { ref, namespace, backends, span };
}

function backendsOf(
  part: Part,
  target: Part,
  namespace: string,
  services: ReadonlyMap<string, ClusterService>,
): readonly Backend[] {
  const name = part.at('name').text();
  const kind = part.at('kind').text() ?? 'Service';
  // Nothing is sent to a backend without weight.
  if (name === undefined || kind !== 'Service' || part.at('weight').integer() === 0) return [];
  const service = { namespace, name };
  const ports = portsOf(target.integerOrText(), services.get(`${namespace}/${name}`));
  return ports.map((port) => ({ service, port, span: part.span }));
}

/**
 * The ports of the service that are meant. A route names the port by that of the pods, or by the name of the service's port
 * (RoutePort, openshift/api route/v1).
 */
function portsOf(
  target: number | string | undefined,
  service: ClusterService | undefined,
): readonly (number | string | undefined)[] {
  if (target === undefined) return [undefined];
  if (typeof target === 'string' || service === undefined) return [target];
  const exact = service.ports.filter((each) => each.target === target);
  // A target by name may be the port; which number it has, only the pods tell.
  const possible =
    exact.length > 0 ? exact : service.ports.filter((each) => typeof each.target === 'string' || each.port === target);
  return possible.map(({ port }) => port);
}
