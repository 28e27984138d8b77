import type { DnsPattern } from '../net/index.ts';
import type { GatewayDeclaration, NameEnforcement } from '../policy/index.ts';
import type { Span } from '../source/index.ts';
import type { ClusterPeer, PortMatch } from './policy.ts';
import { EVERYTHING, type LabelMap, matches, NAMESPACE_NAME, namespaceNamed } from './selector.ts';

/**
 * What a policy wants of a cluster. Every pod of the governed namespaces is denied everything, both ways, but for the grants, which add up in
 * no order; where no end of a connection is governed, nothing is said about it.
 *
 *     governed(x) or governed(y):  allowed(x, y)  =  union of ports(g), over the grants g with x in from(g) and y in to(g)
 */
export interface ClusterIntent {
  readonly name: string;
  readonly governed: readonly string[]; // namespaces, at least one; sorted
  readonly grants: readonly ClusterGrant[];
  readonly gateways: readonly ClusterGateway[]; // what enforces names for zones whose flows lead to names
  readonly tests: readonly ClusterTest[];
}

/** One flow of the policy as a cluster sees it: any of `from` may open any of `ports` towards any of `to`. */
export interface ClusterGrant {
  readonly name: string; // unique
  readonly from: readonly ClusterEnd[];
  readonly to: readonly ClusterEnd[];
  readonly ports: readonly PortMatch[] | 'any'; // any of them; `any`: every protocol
  readonly purpose?: string;
  readonly span: Span | undefined; // undefined: it follows from others, such as that names are looked up
}

/** Some of who stands at one end of a flow. */
export interface ClusterEnd {
  readonly zone: string; // what the policy calls it
  readonly peer: ClusterPeer;
  readonly enforcement?: NameEnforcement; // of names
}

/** The egress gateway of one zone in one namespace. Whoever reaches it is of that zone: nobody else is let in. */
export interface ClusterGateway {
  readonly name: string; // of its Deployment, its Service and its ConfigMap
  readonly zone: string;
  readonly namespace: string;
  readonly labels: LabelMap; // of its pods
  readonly proxyPort: number; // TCP
  readonly dnsPort: number; // UDP and TCP
  readonly flows: readonly GatewayFlow[];
  readonly settings: GatewayDeclaration; // whom it asks for names, as the policy says
  readonly span: Span | undefined;
}

/** What a gateway lets through. */
export interface GatewayFlow {
  readonly name: string;
  readonly patterns: readonly DnsPattern[];
  readonly ports: readonly PortMatch[] | 'any'; // of TCP: a gateway carries nothing else
  readonly purpose?: string;
}

/** A claim of the policy's own tests, as far as it speaks of the cluster. */
export interface ClusterTest {
  readonly text: string; // as the user wrote it
  readonly expect: 'allow' | 'deny';
  readonly from: readonly ClusterEnd[];
  readonly to: readonly ClusterEnd[];
  readonly ports: readonly PortMatch[] | 'any';
  readonly span: Span;
}

/**
 * The part of an end that is in a governed namespace; `undefined` where none is. Of such a namespace the name is all that is known: whoever
 * is told by other labels of its namespace is taken to be elsewhere.
 */
export function governedPart(end: ClusterEnd, namespace: string): ClusterEnd | undefined {
  const { peer } = end;
  const namespaces = namespaceNamed(namespace);
  if (peer.kind === 'everybody')
    return { ...end, peer: { kind: 'workloads', workloads: { namespaces, pods: EVERYTHING } } };
  if (peer.kind !== 'workloads') return undefined;
  if (!matches(peer.workloads.namespaces, new Map([[NAMESPACE_NAME, namespace]]))) return undefined;
  return { ...end, peer: { kind: 'workloads', workloads: { ...peer.workloads, namespaces } } };
}

/** A name of the policy as that of an object (RFC 1123 label). Two names may come to one: whoever needs them apart sees to it. */
export function objectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'x' : name;
}
