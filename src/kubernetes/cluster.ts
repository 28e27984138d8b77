import type { AddressRange } from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { ConnectionProtocol, ObjectRef, PolicyLayer } from './policy.ts';
import type { LabelMap } from './selector.ts';

/**
 * What is known of a cluster from its manifests: who runs in it, what leads in from outside, and which policies stand between. It is data
 * only: what it comes to is said in `cluster/`.
 */
export interface Cluster {
  readonly namespaces: ReadonlyMap<string, Namespace>; // those that are only named by others, too
  readonly workloads: readonly Workload[]; // by id
  readonly services: readonly ClusterService[];
  readonly entrances: readonly Entrance[];
  readonly layers: readonly PolicyLayer[];
  /** Parts that are not understood and might change what is let through. Answers say so. */
  readonly opaque: readonly ClusterOpaque[];
}

export interface Namespace {
  readonly name: string;
  readonly labels: LabelMap; // with `kubernetes.io/metadata.name`
  readonly span?: Span; // absent: it is only named by others
}

/** Pods that are alike: those of a Deployment, StatefulSet, DaemonSet, Job, CronJob, virtual machine, ..., or one that nobody owns. */
export interface Workload {
  readonly id: string; // `namespace/name[Kind]` of the topmost owner; unique
  readonly ref: ObjectRef;
  readonly namespace: string;
  readonly labels: LabelMap; // of its pods
  readonly serviceAccount: string; // `default` where none is named
  readonly serviceAccountLabels: LabelMap; // with `SERVICE_ACCOUNT_NAME`
  readonly ports: readonly ContainerPort[];
  /** In the network of its node: policies for pods do not hold it back, and do not recognise it. */
  readonly hostNetwork: boolean;
  /** Every network that its pods are in, the primary one first. Two workloads meet where they share one. */
  readonly networks: readonly string[]; // at least one; `POD_NETWORK` unless something else is said
  readonly addresses: readonly AddressRange[]; // where the manifests (a live cluster's) tell; else none
  readonly span: Span;
}

/** The network that pods are in unless something else is said. */
export const POD_NETWORK = 'pod';

export interface ContainerPort {
  readonly name?: string;
  readonly protocol: ConnectionProtocol;
  readonly port: number; // 1-65535
  readonly hostPort?: number; // published on the node
}

export interface ClusterService {
  readonly ref: ObjectRef;
  readonly namespace: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly isHeadless: boolean;
  readonly selector: LabelMap | undefined; // undefined: its endpoints are somebody else's affair
  readonly ports: readonly ServicePort[];
  readonly externalAddresses: readonly AddressRange[];
  readonly sourceRanges: readonly AddressRange[] | undefined; // `loadBalancerSourceRanges`
  /** `externalTrafficPolicy: Local`: pods see who connects from outside. Otherwise a node may put its own address in the place. */
  readonly keepsClientAddress?: boolean;
  readonly externalName?: string;
  readonly labels: LabelMap;
  readonly span: Span;
}

export interface ServicePort {
  readonly name?: string;
  readonly protocol: ConnectionProtocol;
  readonly port: number;
  readonly target: number | string; // of the container: a number or a name
  readonly nodePort?: number;
}

/** What lets connections in from outside through a controller in the cluster: Ingress, Route, Gateway API. */
export interface Entrance {
  readonly ref: ObjectRef;
  readonly namespace: string; // of its services
  readonly backends: readonly Backend[];
  readonly span: Span;
}

export interface Backend {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly port: number | string | undefined; // of the service: a number or a name; undefined: every one
  readonly span: Span;
}

export interface ClusterOpaque {
  readonly ref?: ObjectRef;
  readonly span: Span;
  readonly text: string;
  readonly reason: string; // for people: no capital, no full stop
  /** Which way the answer may be wrong: more could be let through than said, or less, or either. */
  readonly bounds: 'wider' | 'narrower' | 'either';
}
