import type { Reporter } from '../../../policy/index.ts';
import type { ClusterOpaque, Namespace } from '../../cluster.ts';
import type { ClusterPolicy, PolicyRule, PolicySide, PortMatch, Stage } from '../../policy.ts';
import { EVERYTHING } from '../../selector.ts';
import type { IstioPolicies } from '../layers.ts';
import type { Manifest } from '../manifest.ts';
import { readAuthorization } from './authorization.ts';
import { type Mesh, meshOf } from './mesh.ts';
import { peerAuthentications } from './peer-authentication.ts';
import { ISTIO_PROBLEMS } from './problems.ts';
import { registryOf } from './registry.ts';
import { sidecars } from './sidecar.ts';

export { ISTIO_PROBLEMS } from './problems.ts';

/** Istio's kinds among the manifests of a cluster: a layer of its own above the network plugin. */
export function readIstio(
  manifests: readonly Manifest[],
  namespaces: ReadonlyMap<string, Namespace>,
  report: Reporter,
): IstioPolicies {
  const own = (kind: string) =>
    manifests.filter((each) => each.kind === kind && /^(?:security|networking)\.istio\.io\//.test(each.apiVersion));
  const opaque: ClusterOpaque[] = [];
  const mesh = meshOf(namespaces);
  const authorization = own('AuthorizationPolicy').flatMap((manifest) => readAuthorization(manifest, mesh, opaque));
  const tls = peerAuthentications(own('PeerAuthentication'), mesh);
  const registry = registryOf(manifests, own('ServiceEntry'));
  const egress = sidecars(own('Sidecar'), registry, mesh, opaque);
  const policies = [...tls, ...authorization, ...egress];
  const first = policies[0];
  if (first === undefined) return { layers: [], opaque };
  if (mesh.unknownNamespaces.length > 0) sayUnknown(mesh, first, report);
  const stages: Stage[] = [
    { name: 'what the mesh takes', combine: 'ordered', isolated: 'next', policies: outside(first, mesh) },
    { name: 'mutual TLS', combine: 'ordered', isolated: 'next', policies: tls },
    { name: 'authorization', combine: 'union', isolated: 'deny', policies: authorization },
    { name: 'Sidecar', combine: 'ordered', isolated: 'next', policies: egress },
  ];
  return { layers: [{ name: 'Istio', stages: stages.filter((stage) => stage.policies.length > 0) }], opaque };
}

function sayUnknown({ unknownNamespaces }: Mesh, { span }: ClusterPolicy, report: Reporter): void {
  const shown = unknownNamespaces.slice(0, 3).map((name) => `\`${name}\``);
  const more = unknownNamespaces.length - shown.length;
  report.say(ISTIO_PROBLEMS.unknownMesh, span, more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', '));
}

/** What passes Istio by: all but TCP, and pods that may have no proxy. */
function outside({ ref, span }: ClusterPolicy, mesh: Mesh): ClusterPolicy[] {
  const everyone = { namespaces: EVERYTHING, pods: EVERYTHING };
  const rule = (given: Partial<PolicyRule>): PolicyRule => ({
    action: 'allow',
    peers: [{ kind: 'everybody' }],
    ports: 'any',
    span,
    ...given,
  });
  const side = (rules: readonly PolicyRule[]): PolicySide => ({ isolates: false, rules });
  const notTaken = side([rule({ ports: ALL_BUT_TCP })]);
  const noProxy = side([rule({ condition: 'where its pods are not in the mesh' })]);
  return [
    { ref, span, subject: everyone, ingress: notTaken, egress: notTaken },
    ...mesh.unknown.map((subject) => ({ ref, span, subject, ingress: noProxy, egress: noProxy })),
  ];
}

/** IANA, Assigned Internet Protocol Numbers: those that are no protocol of a connection here. */
const LISTED: readonly number[] = [1, 6, 17, 58, 132];

const ALL_BUT_TCP: readonly PortMatch[] = [
  { kind: 'ports', protocol: 'UDP', first: 1, last: 65_535 },
  { kind: 'ports', protocol: 'SCTP', first: 1, last: 65_535 },
  { kind: 'ports', protocol: 'ICMP', first: 0, last: 255 },
  { kind: 'ports', protocol: 'ICMPv6', first: 0, last: 255 },
  ...Array.from({ length: 256 }, (_, number) => number)
    .filter((number) => !LISTED.includes(number))
    .map((number): PortMatch => ({ kind: 'protocol', number })),
];
