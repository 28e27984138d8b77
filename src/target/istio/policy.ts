import {
  type ClusterGrant,
  type ClusterIntent,
  type ClusterPeer,
  EVERYTHING,
  NAMESPACE_NAME,
  namespaceNamed,
  type Selector,
} from '../../kubernetes/index.ts';
import { Findings } from '../cluster/findings.ts';
import { type ManifestObject, Noted, type ObjectTree } from '../cluster/manifest.ts';
import { flowNote, MANAGED_BY, metadata, ObjectNames } from '../cluster/names.ts';
import { type Side, type SideRule, sidesOf } from '../cluster/sides.ts';
import { type Egress, egressOf } from './egress.ts';
import { EVERY_TCP, NOT_TCP, tcpPorts } from './ports.ts';
import { sourcesOf } from './sources.ts';

export const TITLE = 'Istio';
const INJECTION = { 'istio-injection': 'enabled' } as const; // istio.io, Installing the Sidecar
const INJECT = 'sidecar.istio.io/inject';

export interface IstioWritten {
  readonly objects: readonly ManifestObject[];
  readonly findings: Findings;
}

/** Mutual TLS, who may open what, and what is let out to: for each governed namespace. */
export function istioPolicies(intent: ClusterIntent): IstioWritten {
  const writer = new Writer(intent);
  const sides = sidesOf(intent);
  const objects = intent.governed.flatMap((namespace) => {
    const own = sides.filter((side) => side.namespace === namespace);
    const incoming = own.filter(({ direction }) => direction === 'ingress');
    return [
      ...writer.defaults(namespace),
      ...incoming.flatMap((side) => writer.authorization(side)),
      ...writer.egress(
        namespace,
        own.filter(({ direction }) => direction === 'egress'),
      ),
    ];
  });
  return { objects, findings: writer.findings };
}

class Writer {
  readonly findings = new Findings(TITLE);
  readonly #names = new ObjectNames();
  readonly #intent: ClusterIntent;
  readonly #governed: ClusterPeer;

  constructor(intent: ClusterIntent) {
    this.#intent = intent;
    this.#governed = this.#pods(EVERYTHING);
    this.#declare();
  }

  #pods(pods: Selector): ClusterPeer {
    return { kind: 'workloads', workloads: { namespaces: namespaceNamed(...this.#intent.governed), pods } };
  }

  /** What holds of Istio, whatever the policy says. */
  #declare(): void {
    const everybody: readonly ClusterPeer[] = [{ kind: 'everybody' }];
    const isOut: Selector = { kind: 'in', key: INJECT, values: ['false'] };
    const help = 'apply the policies of the network plugin beside it: `render kubernetes`, `calico` or `cilium`';
    const { approximations } = this.findings;
    const wider = { effect: 'wider', help, span: undefined } as const;
    approximations.push({
      ...wider,
      from: everybody,
      to: everybody,
      ports: NOT_TCP,
      sentence: 'Istio’s proxies take TCP: other protocols pass them by',
    });
    for (const [from, to] of [
      [[this.#pods(isOut)], everybody],
      [everybody, [this.#pods(isOut)]],
    ] as const)
      approximations.push({
        ...wider,
        from,
        to,
        ports: 'any',
        sentence: `pods that take themselves out of the mesh (\`${INJECT}: "false"\`) are held back by nothing of Istio’s`,
      });
  }

  defaults(namespace: string): ManifestObject[] {
    return [
      {
        comment: ['pods that start from now on get a proxy'],
        body: {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: namespace, labels: { ...MANAGED_BY, ...INJECTION } },
        },
      },
      {
        comment: ['nobody gets in without a certificate of the mesh'],
        body: this.#security('PeerAuthentication', namespace, ['portcullis-strict'], [], { mtls: { mode: 'STRICT' } }),
      },
      {
        comment: [`every pod of ${namespace}: nobody gets in, but for who is let in below`],
        body: this.#security('AuthorizationPolicy', namespace, ['portcullis-default-deny'], [], {}),
      },
    ];
  }

  authorization(side: Side): ManifestObject[] {
    const { zone, namespace, subject } = side;
    const matchLabels = exactLabels(subject.pods);
    if (subject.serviceAccounts !== undefined) this.findings.serviceAccount(zone);
    if (matchLabels === undefined) this.findings.unsaid(zone);
    const rules = side.rules.flatMap((rule) => this.#rule(rule) ?? []);
    if (matchLabels === undefined || subject.serviceAccounts !== undefined || rules.length === 0) return [];
    const selector = Object.keys(matchLabels).length === 0 ? undefined : { matchLabels };
    const flows = side.rules.map(({ grant }) => grant);
    const body = this.#security('AuthorizationPolicy', namespace, [zone, 'ingress'], flows, {
      selector,
      action: 'ALLOW',
      rules,
    });
    return [{ comment: [`what ${zone} may be reached by`], body }];
  }

  #rule({ grant, peers }: SideRule): Noted | undefined {
    const ports = tcpPorts(grant.ports);
    if (ports.length === 0) return undefined;
    const sources = sourcesOf(peers, grant, this.findings);
    if (sources.length === 0) return undefined;
    this.#remarkPlain(grant);
    if (ports === 'every' && grant.ports !== 'any')
      this.findings.approximate(grant, {
        effect: 'wider',
        ports: [EVERY_TCP],
        sentence: `Istio lists ports one by one: the flow ${grant.name} has too many, so that every port is let in`,
        help: 'name the ports that are needed',
      });
    return new Noted(flowNote(grant), {
      from: sources === 'everybody' ? undefined : sources,
      to: ports === 'every' ? undefined : [{ operation: { ports: ports.map(String) } }],
    });
  }

  /** With strict mutual TLS, who comes from outside has to come by a gateway of the mesh. */
  #remarkPlain(grant: ClusterGrant): void {
    const outside = grant.from.flatMap(({ peer }) =>
      peer.kind === 'workloads' || peer.kind === 'names' ? [] : [peer],
    );
    if (outside.length > 0)
      this.findings.approximate(grant, {
        effect: 'narrower',
        from: outside,
        sentence: `who comes from outside has no certificate of the mesh: the flow ${grant.name} needs a gateway of the mesh to come by`,
      });
  }

  egress(namespace: string, sides: readonly Side[]): ManifestObject[] {
    const describe = (name: string, at: string, flows: readonly ClusterGrant[]) =>
      metadata(name, at, { policy: this.#intent.name, flows });
    const found = egressOf(namespace, sides, { findings: this.findings, names: this.#names, describe });
    this.#declareEgress(sides, found);
    const hosts = found === 'everybody' ? ['*/*'] : found.hosts.length === 0 ? ['~/*'] : found.hosts;
    const mode = found === 'everybody' ? 'ALLOW_ANY' : 'REGISTRY_ONLY';
    const name = this.#names.unique(`sidecars of ${namespace}`, 'portcullis-egress');
    return [
      ...(found === 'everybody' ? [] : found.entries),
      {
        comment: ['what the proxies let out to; no wall by itself: a pod can go around its proxy'],
        body: {
          apiVersion: 'networking.istio.io/v1',
          kind: 'Sidecar',
          metadata: describe(name, namespace, []),
          spec: { outboundTrafficPolicy: { mode }, egress: [{ hosts }] },
        },
      },
    ];
  }

  /** One Sidecar is for every pod of its namespace, and knows Services rather than pods. */
  #declareEgress(sides: readonly Side[], found: Egress | 'everybody'): void {
    const rules = sides.flatMap((side) => side.rules);
    const everybody: readonly ClusterPeer[] = [{ kind: 'everybody' }];
    const peers =
      found === 'everybody' ? everybody : rules.flatMap((rule) => rule.peers.map(({ peer }) => widened(peer)));
    const pods = rules.flatMap((rule) =>
      rule.peers.flatMap(({ peer }) => (peer.kind === 'workloads' ? [widened(peer)] : [])),
    );
    const ports = rules.flatMap(({ grant }) => (grant.ports === 'any' ? [EVERY_TCP] : grant.ports));
    const common = { from: [this.#governed], span: undefined };
    this.findings.approximations.push(
      {
        ...common,
        effect: 'wider',
        to: found === 'everybody' ? peers : peers.filter(({ kind }) => kind !== 'workloads'),
        ports: found === 'everybody' ? [EVERY_TCP] : ports,
        sentence: 'what one zone of a namespace is let out to, Istio lets every pod of the namespace out to',
      },
      {
        ...common,
        effect: 'wider',
        to: pods,
        ports: [EVERY_TCP],
        sentence: 'Istio lets out to Services of a namespace, whatever pods and ports are behind them',
      },
      {
        ...common,
        effect: 'narrower',
        to: pods,
        ports: [EVERY_TCP],
        sentence: 'pods are reached by their Services: Istio does not let out to their addresses',
      },
    );
  }

  #security(
    kind: string,
    namespace: string,
    parts: readonly string[],
    flows: readonly ClusterGrant[],
    spec: ObjectTree,
  ): ObjectTree {
    const name = this.#names.unique(`${kind} ${namespace}`, ...parts);
    const meta = metadata(name, namespace, { policy: this.#intent.name, flows });
    return { apiVersion: 'security.istio.io/v1', kind, metadata: meta, spec };
  }
}

/** Every pod of its namespaces; of every namespace, where it names none: a Sidecar knows them by their names. */
function widened(peer: ClusterPeer): ClusterPeer {
  if (peer.kind !== 'workloads') return peer;
  const { namespaces } = peer.workloads;
  const isNamed = namespaces.kind === 'in' && namespaces.key === NAMESPACE_NAME;
  return { kind: 'workloads', workloads: { namespaces: isNamed ? namespaces : EVERYTHING, pods: EVERYTHING } };
}

/** Istio's selectors have labels with their values, and nothing else. */
function exactLabels(selector: Selector): Record<string, string> | undefined {
  const parts = selector.kind === 'all' ? selector.of : selector.kind === 'everything' ? [] : [selector];
  const labels: Record<string, string> = {};
  for (const part of parts) {
    const [value, ...others] = part.kind === 'in' ? part.values : [];
    if (part.kind !== 'in' || value === undefined || others.length > 0) return undefined;
    labels[part.key] = value;
  }
  return labels;
}
