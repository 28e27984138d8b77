import type { ClusterOpaque } from '../../cluster.ts';
import { type ClusterPolicy, formatRef, type PolicyRule } from '../../policy.ts';
import { EVERYTHING, namespaceNamed } from '../../selector.ts';
import { joined } from '../conditional.ts';
import type { Manifest } from '../manifest.ts';
import type { Part } from '../part.ts';
import { EVERY_TCP, readSelector } from './authorization.ts';
import { forMembers, type Mesh, ROOT_NAMESPACE } from './mesh.ts';
import { ISTIO_PROBLEMS } from './problems.ts';
import type { RegistryEntry } from './registry.ts';

const FIELDS = ['workloadSelector', 'ingress', 'egress', 'inboundConnectionPool', 'outboundTrafficPolicy'];
const MODES: readonly string[] = ['REGISTRY_ONLY', 'ALLOW_ANY'];

/**
 * Sidecar. Where its `outboundTrafficPolicy` is REGISTRY_ONLY, the proxy lets out only what the hosts of `egress` name; one with a selector
 * stands before the namespace’s, that before the mesh’s (istio.io, Sidecar).
 */
export function sidecars(
  manifests: readonly Manifest[],
  registry: readonly RegistryEntry[],
  mesh: Mesh,
  opaque: ClusterOpaque[],
): ClusterPolicy[] {
  const read = manifests.map((manifest) => ({ policy: readOne(manifest, registry, opaque), rank: rankOf(manifest) }));
  const members = [...mesh.sidecars, ...mesh.unknown]; // without one, in ambient mode, nobody looks at it
  return read.toSorted((a, b) => a.rank - b.rank).flatMap(({ policy }) => forMembers(mesh, policy, members));
}

function rankOf({ ref, body }: Manifest): number {
  if (body.at('spec', 'workloadSelector').exists) return 0;
  return ref.namespace === ROOT_NAMESPACE ? 2 : 1;
}

function readOne({ ref, body, span }: Manifest, registry: readonly RegistryEntry[], opaque: ClusterOpaque[]) {
  const spec = body.at('spec');
  spec.only(FIELDS);
  const namespace = ref.namespace ?? 'default';
  const subject = readSelector(spec, namespace, 'workloadSelector', 'labels');
  const mode = readMode(spec.at('outboundTrafficPolicy'));
  const rule = (action: PolicyRule['action'], given: Partial<PolicyRule>): PolicyRule => ({
    action,
    peers: [{ kind: 'everybody' }],
    ports: [EVERY_TCP],
    span: spec.span,
    ...given,
  });
  const hosts = spec.at('egress').exists
    ? spec
        .at('egress')
        .items()
        .flatMap((listener) => readListener(listener))
    : [{ part: spec, namespace: '*', host: '*' }];
  if (mode === undefined) {
    const reason = 'whether it lets out more than its hosts, the configuration of the mesh says';
    opaque.push({ ref, span, text: formatRef(ref), reason, bounds: 'narrower' });
  }
  const rules =
    mode === 'REGISTRY_ONLY'
      ? [...hosts.flatMap((host) => allowed(host, namespace, registry, rule)), rule('deny', {})]
      : [rule('pass', {})];
  return { ref, span, subject, ingress: undefined, egress: { isolates: false, rules } };
}

function readMode(part: Part): string | undefined {
  part.only(['mode', 'egressProxy']);
  const at = part.at('mode');
  const text = at.text() ?? (part.exists ? 'REGISTRY_ONLY' : undefined); // the first of its values is the default
  if (text === undefined || MODES.includes(text)) return text;
  return at.report.say(ISTIO_PROBLEMS.badValue, at.span, at.path, text, MODES.join(', '));
}

interface Host {
  readonly part: Part;
  readonly namespace: string; // `*`, `.` or a name
  readonly host: string; // `*`, a name, or one that begins with `*.`
}

function readListener(listener: Part): Host[] {
  listener.only(['port', 'bind', 'captureMode', 'hosts']);
  const hosts = listener.at('hosts').items();
  if (hosts.length === 0) {
    listener.report.say(ISTIO_PROBLEMS.refused, listener.span, listener.path, 'it needs `hosts`');
  }
  return hosts.flatMap((part): Host[] => {
    const text = part.text();
    if (text === undefined) return [];
    const found = /^([^/]+)\/([^/]+)$/.exec(text);
    if (found !== null) return found[1] === '~' ? [] : [{ part, namespace: found[1]!, host: found[2]! }];
    const expected = 'a namespace and a host such as `./*` or `istio-system/*`';
    return part.report.say(ISTIO_PROBLEMS.badValue, part.span, part.path, text, expected) ?? [];
  });
}

type MakeRule = (action: PolicyRule['action'], given: Partial<PolicyRule>) => PolicyRule;

function allowed(wanted: Host, own: string, registry: readonly RegistryEntry[], rule: MakeRule): PolicyRule[] {
  const { part } = wanted;
  const namespace = wanted.namespace === '.' ? own : wanted.namespace;
  const found = registry.filter(
    (entry) =>
      entry.isVisibleTo(own) &&
      (namespace === '*' || entry.namespace === namespace) &&
      isWithin(entry.host, wanted.host),
  );
  const known = found.flatMap(({ peers, ports }) =>
    peers.map((each) => rule('allow', { peers: each.peers, ports, span: part.span, ...joined([each.condition]) })),
  );
  if (wanted.host !== '*') return known;
  // Services that are not among the manifests lead to pods there, too.
  const namespaces = namespace === '*' ? EVERYTHING : namespaceNamed(namespace);
  const pods = { kind: 'workloads', workloads: { namespaces, pods: EVERYTHING } } as const;
  return [...known, rule('allow', { peers: [pods], span: part.span, condition: 'as far as a Service leads there' })];
}

function isWithin(host: string, pattern: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1));
}
