import type { AddressRange, DnsPattern } from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { Selector } from './selector.ts';

/** One enforcer of policies: the network plugin, or a service mesh above it. What any of them denies is denied. */
export interface PolicyLayer {
  readonly name: string; // for people: `network policies`, `Istio`
  readonly stages: readonly Stage[]; // in the order in which they are asked
}

/**
 * Policies of a layer that are asked together. For a workload and a direction, the first stage that decides about a connection has
 * decided; what no stage decides is let through. Both directions must let a connection through: the egress of who opens it and the
 * ingress of who is reached. Answers of an open connection are let through (every product here tracks them).
 */
export interface Stage {
  readonly name: string; // for people: `admin policies`, `network policies`, `tier security`
  /**
   * `ordered`: the first rule that matches decides, policies in their order, rules in theirs; `pass` leaves it to the next stage.
   * `union`: where any rule denies, denied; else where any allows, allowed.
   */
  readonly combine: 'ordered' | 'union';
  /** What becomes of what no rule matches, where some policy of this stage isolates the workload in this direction. Otherwise: asked on. */
  readonly isolated: 'deny' | 'next';
  readonly policies: readonly ClusterPolicy[]; // for `ordered`: in their order
}

export interface ClusterPolicy {
  readonly ref: ObjectRef;
  readonly span: Span;
  readonly subject: WorkloadSelector; // whom it is about
  readonly ingress: PolicySide | undefined; // undefined: it says nothing of this direction
  readonly egress: PolicySide | undefined;
  /** On which networks of its subjects; absent: the primary one (a MultiNetworkPolicy names others). */
  readonly networks?: readonly string[];
  /**
   * Its selectors see pods in the network of their node as they see others. Absent: they see none of them, as most network plugins do it, and
   * as AdminNetworkPolicy, Calico and Cilium define it. Of a NetworkPolicy, Kubernetes leaves it open (Network Policies, "NetworkPolicy and
   * hostNetwork pods").
   */
  readonly seesHostNetwork?: boolean;
  /** Among those of its tier, as Calico has it: lower is asked first, ties go by name; infinite where the manifest gives none. */
  readonly order?: number;
}

export interface PolicySide {
  readonly isolates: boolean; // its subjects, in this direction (see `Stage.isolated`)
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly action: 'allow' | 'deny' | 'pass';
  readonly peers: readonly ClusterPeer[]; // any of them; none: matches nothing. Everybody is one `everybody`
  readonly ports: readonly PortMatch[] | 'any'; // any of them; `any`: every protocol, also those without ports
  /** Of the policy's subjects only these (Calico's rules can ask for both ends). */
  readonly subject?: WorkloadSelector;
  /**
   * It asks for more than is known here (an HTTP method, a source port, a rate): it may match or not. For people: `requests GET /metrics only`.
   */
  readonly condition?: string;
  readonly name?: string; // where the manifest gives one
  readonly span: Span;
}

/** Pods by the labels of their namespace, their own, and their service account's. */
export interface WorkloadSelector {
  readonly namespaces: Selector; // over the labels of the namespace, its name among them (`NAMESPACE_NAME`)
  readonly pods: Selector;
  readonly serviceAccounts?: Selector; // over the account's labels, its name as `SERVICE_ACCOUNT_NAME`
}

/** The key under which selectors find the name of a service account. */
export const SERVICE_ACCOUNT_NAME = 'serviceAccount';

/** Who may be at the other end. */
export type ClusterPeer =
  /** Whoever it is, in the cluster or out of it. */
  | { readonly kind: 'everybody' }
  | { readonly kind: 'workloads'; readonly workloads: WorkloadSelector }
  /** By address, outside of the cluster. (Whether an address block also means pods whose address lies in it, CNIs disagree.) */
  | { readonly kind: 'addresses'; readonly ranges: readonly AddressRange[] } // sorted, disjoint
  /** By name, outside of the cluster; addresses as the product learns them. */
  | { readonly kind: 'names'; readonly patterns: readonly DnsPattern[] }
  /** Nodes of the cluster (also pods in their network), by their labels. */
  | { readonly kind: 'nodes'; readonly nodes: Selector }
  /** The API servers of the cluster, wherever they are. */
  | { readonly kind: 'api-server' };

export type ConnectionProtocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6';

export type PortMatch =
  /** `first` to `last`, both inclusive, 1-65535; of ICMP the type, 0-255. */
  | { readonly kind: 'ports'; readonly protocol: ConnectionProtocol; readonly first: number; readonly last: number }
  /** By the name of a container's port at the destination; matches no address. `protocol` absent: whichever the port has. */
  | { readonly kind: 'named'; readonly protocol?: ConnectionProtocol; readonly name: string }
  /** Another protocol by its number, which no connection listed here is of. */
  | { readonly kind: 'protocol'; readonly number: number };

/** An object of a cluster. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace?: string; // absent for what belongs to the cluster
  readonly name: string;
}

/** `NetworkPolicy shop/deny-all`. */
export function formatRef({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
