import type { Backend, Entrance } from '../cluster.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';
import { portNumberOrName } from './port.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** An Ingress, in the form of `networking.k8s.io/v1` or of the betas before it. */
export function ingress({ ref, body, span }: Manifest): Entrance {
  const namespace = ref.namespace ?? 'default';
  const spec = body.at('spec');
  const paths = spec
    .at('rules')
    .items()
    .flatMap((rule) => rule.at('http', 'paths').items());
  const written = [spec.at('defaultBackend'), spec.at('backend'), ...paths.map((path) => path.at('backend'))];
  const backends = written.flatMap((each) => (each.exists ? (backend(each, namespace) ?? []) : []));
  return { ref, namespace, backends, span };
}

function backend(part: Part, namespace: string): Backend | undefined {
  const [service, resource] = [part.at('service'), part.at('resource')];
  if (resource.exists) {
    // It leads to something that is no pod (a bucket of objects, for example).
    if (service.exists) part.report.say(MANIFEST_PROBLEMS.notOne, part.span, part.path, '`service` and `resource`');
    return undefined;
  }
  const isOld = part.at('serviceName').exists;
  const name = isOld ? part.at('serviceName').text() : service.at('name').text();
  if (name === undefined) return service.exists ? service.missing('name') : part.missing('service');
  return {
    service: { namespace, name },
    port: isOld ? portNumberOrName(part.at('servicePort')) : portOf(service),
    span: part.span,
  };
}

function portOf(service: Part): number | string | undefined {
  const port = service.at('port');
  const name = port.at('name').text();
  return name === undefined || name === '' ? port.at('number').integer() : name;
}
