import {
  type ClusterService,
  type ContainerPort,
  type Entrance,
  formatRef,
  labelled,
  namespaceNamed,
  type ServicePort,
  type Workload,
} from '../../kubernetes/index.ts';
import type { ClusterView } from './cluster-view.ts';

/** A way in from outside, to one port of some workloads. */
export interface WayIn {
  readonly kind: 'node-port' | 'load-balancer' | 'entrance' | 'host-port';
  readonly name: string; // `Service shop/web`
  readonly protocol: ContainerPort['protocol'];
  readonly outside: number; // the port that strangers connect to; of an entrance the service's
  readonly target: number; // of the pods
  readonly workloads: readonly Workload[];
  readonly service?: ClusterService;
  readonly entrance?: Entrance;
}

export function podsOfService(view: ClusterView, { namespace, selector }: ClusterService): readonly Workload[] {
  if (selector === undefined) return [];
  return view.matching({ namespaces: namespaceNamed(namespace), pods: labelled(selector) });
}

/** Every way in that manifests tell of, whether policies let anybody through or not. */
export function waysIn(view: ClusterView): WayIn[] {
  const { services, entrances } = view.cluster;
  const byName = new Map(services.map((service) => [`${service.namespace}/${service.ref.name}`, service]));
  return [
    ...view.workloads.flatMap(hostPorts),
    ...services.flatMap((service) => published(view, service)),
    ...entrances.flatMap((entrance) =>
      entrance.backends.flatMap(({ service: { namespace, name }, port }) => {
        const service = byName.get(`${namespace}/${name}`);
        const ports = service?.ports.filter((each) => port === undefined || each.port === port || each.name === port);
        return service === undefined ? [] : (ports ?? []).flatMap((each) => led(view, entrance, service, each));
      }),
    ),
  ];
}

function hostPorts(workload: Workload): WayIn[] {
  if (workload.hostNetwork) return []; // said of the network itself
  return workload.ports.flatMap(({ hostPort, protocol, port }): WayIn[] =>
    hostPort === undefined
      ? []
      : [{ kind: 'host-port', name: workload.id, protocol, outside: hostPort, target: port, workloads: [workload] }],
  );
}

function published(view: ClusterView, service: ClusterService): WayIn[] {
  const { type, ports, ref } = service;
  if (type !== 'NodePort' && type !== 'LoadBalancer') return [];
  const kind = type === 'NodePort' ? 'node-port' : 'load-balancer';
  const name = formatRef(ref);
  return ports.flatMap((port) =>
    targets(view, service, port).map(([target, workloads]): WayIn => {
      const outside = kind === 'node-port' ? (port.nodePort ?? port.port) : port.port;
      return { kind, name, protocol: port.protocol, outside, target, workloads, service };
    }),
  );
}

function led(view: ClusterView, entrance: Entrance, service: ClusterService, port: ServicePort): WayIn[] {
  const name = formatRef(entrance.ref);
  return targets(view, service, port).map(
    ([target, workloads]): WayIn => ({
      kind: 'entrance',
      name,
      protocol: port.protocol,
      outside: port.port,
      target,
      workloads,
      service,
      entrance,
    }),
  );
}

/** A name may stand for different numbers in different pods. */
function targets(
  view: ClusterView,
  service: ClusterService,
  { target, protocol }: ServicePort,
): (readonly [port: number, workloads: readonly Workload[]])[] {
  const pods = podsOfService(view, service);
  if (pods.length === 0) return [];
  if (typeof target === 'number') return [[target, pods]];
  const numbers = pods.flatMap((workload) =>
    workload.ports
      .filter((port) => port.name === target && port.protocol === protocol)
      .map(({ port }) => ({ port, workload })),
  );
  return [...Map.groupBy(numbers, ({ port }) => port)].map(([port, found]) => [
    port,
    found.map(({ workload }) => workload),
  ]);
}
