import type { Backend, Cluster, ClusterService, Workload } from '../kubernetes/index.ts';
import { ConnectionSet } from './connection-set.ts';

/**
 * Where Ingress, Route and Gateway lead: of each workload the ports that their controllers connect to, which are those of its containers and not
 * those of the service. Whether policies let them in is another question.
 */
export function entrancePorts(cluster: Cluster): Map<Workload, ConnectionSet> {
  const services = new Map(cluster.services.map((service) => [`${service.namespace}/${service.ref.name}`, service]));
  const inNamespace = Map.groupBy(cluster.workloads, ({ namespace }) => namespace);
  const reached = new Map<Workload, ConnectionSet>();
  for (const { backends } of cluster.entrances) {
    for (const backend of backends) {
      const service = services.get(`${backend.service.namespace}/${backend.service.name}`);
      if (service === undefined) continue;
      for (const workload of inNamespace.get(service.namespace) ?? []) {
        if (!isBehind(service, workload)) continue;
        const ports = targets(service, backend, workload).union(reached.get(workload) ?? ConnectionSet.none);
        if (!ports.isEmpty) reached.set(workload, ports);
      }
    }
  }
  return reached;
}

/** A service without a selector, or with an empty one, has endpoints that somebody else says. */
function isBehind({ selector }: ClusterService, { labels }: Workload): boolean {
  return (
    selector !== undefined && selector.size > 0 && [...selector].every(([key, value]) => labels.get(key) === value)
  );
}

function targets(service: ClusterService, { port: asked }: Backend, workload: Workload): ConnectionSet {
  let set = ConnectionSet.none;
  for (const { name, port, protocol, target } of service.ports) {
    if (asked !== undefined && asked !== port && asked !== name) continue;
    const numbers =
      typeof target === 'number'
        ? [target]
        : workload.ports.filter((own) => own.name === target && own.protocol === protocol).map((own) => own.port);
    for (const number of numbers) set = set.union(ConnectionSet.of(protocol, number, number));
  }
  return set;
}
