import type { End } from '../../cluster/index.ts';
import {
  type Cluster,
  type ClusterPolicy,
  EVERYTHING,
  matches,
  NAMESPACE_NAME,
  type Namespace,
  namespaceNamed,
  namespacesNamed,
  POD_NETWORK,
  type PolicyLayer,
  type PolicyRule,
  type PolicySide,
  SERVICE_ACCOUNT_NAME,
  type Stage,
  type Workload,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';
import type { Span } from '../../source/index.ts';
import { exampleLabels } from './cluster-selectors.ts';

export const DIRECTIONS = ['ingress', 'egress'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** A policy with its place among those that are asked. */
export interface PlacedPolicy {
  readonly policy: ClusterPolicy;
  readonly layer: PolicyLayer;
  readonly stage: Stage;
}

/** A rule with its policy. */
export interface PlacedRule extends PlacedPolicy {
  readonly direction: Direction;
  readonly rule: PolicyRule;
  readonly index: number; // in its list, from 0
}

/** Where nobody is said to be: the pods that a folder of policies alone speaks of. */
export const DNS_PODS: WorkloadSelector = {
  namespaces: namespaceNamed('kube-system'),
  // The label of the Service and of the pods of both CoreDNS and kube-dns (kubernetes, cluster/addons/dns).
  pods: { kind: 'in', key: 'k8s-app', values: ['kube-dns'] },
};

/** Namespaces of the cluster itself, whose pods are many things to many: what is told of others is not told of them. */
const SYSTEM = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'tigera-operator',
  'calico-system',
  'kube-flannel',
]);

export function isSystem(namespace: string): boolean {
  return SYSTEM.has(namespace) || namespace.startsWith('openshift-');
}

/** A cluster as it is audited: who is there, who is only spoken of, and whom each policy selects. */
export class ClusterView {
  /** With the stand-ins among its workloads: what is asked of the one meaning. */
  readonly cluster: Cluster;
  /** Of the manifests. */
  readonly workloads: readonly Workload[];
  readonly policies: readonly PlacedPolicy[];
  readonly rules: readonly PlacedRule[];
  readonly #order: ReadonlyMap<PlacedPolicy, number>;
  readonly #standIns: ReadonlySet<Workload>;
  readonly #byNamespace: ReadonlyMap<string, readonly Workload[]>;
  readonly #matching = new Map<string, readonly Workload[]>();
  readonly #selecting = new Map<Workload, PlacedPolicy[]>();

  constructor(cluster: Cluster) {
    this.workloads = cluster.workloads;
    this.policies = cluster.layers.flatMap((layer) =>
      layer.stages.flatMap((stage) => stage.policies.map((policy) => ({ policy, layer, stage }))),
    );
    this.#order = new Map(this.policies.map((placed, at) => [placed, at]));
    this.rules = this.policies.flatMap((placed) =>
      DIRECTIONS.flatMap((direction) =>
        (placed.policy[direction]?.rules ?? []).map((rule, index) => ({ ...placed, direction, rule, index })),
      ),
    );
    const namespaces = new Map(cluster.namespaces);
    const standIns = standInsFor(cluster, this.policies, namespaces);
    this.#standIns = new Set(standIns);
    this.cluster = { ...cluster, namespaces, workloads: [...cluster.workloads, ...standIns] };
    this.#byNamespace = Map.groupBy(this.cluster.workloads, ({ namespace }) => namespace);
    for (const placed of this.policies)
      for (const workload of this.matching(placed.policy.subject)) {
        const known = this.#selecting.get(workload);
        if (known === undefined) this.#selecting.set(workload, [placed]);
        else known.push(placed);
      }
  }

  /** Stand-ins among them. */
  matching(selector: WorkloadSelector): readonly Workload[] {
    const key = JSON.stringify([selector.namespaces, selector.pods, selector.serviceAccounts]);
    let found = this.#matching.get(key);
    if (found === undefined) {
      found = this.namespacesOf(selector).flatMap(({ name }) =>
        (this.#byNamespace.get(name) ?? []).filter(
          ({ labels, serviceAccountLabels }) =>
            matches(selector.pods, labels) && matches(selector.serviceAccounts ?? EVERYTHING, serviceAccountLabels),
        ),
      );
      this.#matching.set(key, found);
    }
    return found;
  }

  namespacesOf({ namespaces }: WorkloadSelector): readonly Namespace[] {
    const named = namespacesNamed(namespaces);
    if (named !== undefined) return named.flatMap((name) => this.cluster.namespaces.get(name) ?? []);
    return [...this.cluster.namespaces.values()].filter(({ labels }) => matches(namespaces, labels));
  }

  isStandIn(workload: Workload): boolean {
    return this.#standIns.has(workload);
  }

  /** Whether manifests tell who runs there. */
  isPopulated(namespace: string): boolean {
    return (this.#byNamespace.get(namespace) ?? []).some((workload) => !this.isStandIn(workload));
  }

  /** Policies that select it, in the order in which they are asked; few see pods in the network of their node. */
  selecting(workload: Workload): readonly PlacedPolicy[] {
    const all = this.#selecting.get(workload) ?? [];
    return workload.hostNetwork ? all.filter(({ policy }) => policy.seesHostNetwork === true) : all;
  }

  /** The cluster with those policies only that select one of these ends: a plain reading of thousands takes its time. */
  around(...ends: readonly End[]): Cluster {
    const near = ends.flatMap((end) => (end.kind === 'workload' ? this.selecting(end.workload) : []));
    if (ends.some(({ kind }) => kind === 'new-workload')) return this.cluster; // anybody's policies may be about it
    const byStage = new Map(Map.groupBy(new Set(near), ({ stage }) => stage));
    const order = (placed: PlacedPolicy): number => this.#order.get(placed) ?? 0;
    const layers = this.cluster.layers.map((layer) => ({
      ...layer,
      stages: layer.stages.map((stage) => {
        const placed = byStage.get(stage) ?? [];
        return { ...stage, policies: placed.toSorted((a, b) => order(a) - order(b)).map(({ policy }) => policy) };
      }),
    }));
    return { ...this.cluster, layers };
  }

  /** Whether some policy holds back connections of that direction. */
  isHeldBack(workload: Workload, direction: Direction): boolean {
    return this.selecting(workload).some(({ policy, stage }) => {
      const side = policy[direction];
      return isOnPrimary(policy, workload) && side !== undefined && holdsBack(side, stage);
    });
  }

  /** Workloads that are judged: not those in the network of their node, nor the cluster's own. */
  judged(): readonly Workload[] {
    return this.cluster.workloads.filter(({ hostNetwork, namespace }) => !hostNetwork && !isSystem(namespace));
  }
}

function isOnPrimary({ networks }: ClusterPolicy, workload: Workload): boolean {
  return networks === undefined || networks.includes(workload.networks[0] ?? POD_NETWORK);
}

function holdsBack({ isolates, rules }: PolicySide, stage: Stage): boolean {
  return (isolates && stage.isolated === 'deny') || rules.some(({ action }) => action === 'deny');
}

/** For namespaces that only policies speak of: a pod that each of them selects, and one that carries no labels. */
function standInsFor(
  cluster: Cluster,
  policies: readonly PlacedPolicy[],
  namespaces: Map<string, Namespace>,
): Workload[] {
  const populated = new Set(cluster.workloads.map(({ namespace }) => namespace));
  const made = new Map<string, Workload>();
  const add = (namespace: string, selector: WorkloadSelector, span: Span): void => {
    const labels = exampleLabels(selector.pods);
    if (labels === undefined) return;
    if (!namespaces.has(namespace))
      namespaces.set(namespace, { name: namespace, labels: new Map([[NAMESPACE_NAME, namespace]]) });
    const text = [...labels].map(([key, value]) => `${key}=${value}`).join(',');
    const id = `${namespace}/{${text === '' ? 'any pod' : text}}`;
    if (!made.has(id)) made.set(id, standIn(id, namespace, labels, span));
  };
  for (const { policy } of policies) {
    const named = namespacesNamed(policy.subject.namespaces);
    if (named?.length !== 1 || populated.has(named[0]!) || isSystem(named[0]!)) continue;
    add(named[0]!, { namespaces: EVERYTHING, pods: EVERYTHING }, policy.span);
    add(named[0]!, policy.subject, policy.span);
  }
  const hasDns = cluster.workloads.some(
    ({ namespace, labels }) => namespace === 'kube-system' && matches(DNS_PODS.pods, labels),
  );
  const [first] = policies;
  if (!hasDns && first !== undefined) add('kube-system', DNS_PODS, first.policy.span);
  return [...made.values()];
}

function standIn(id: string, namespace: string, labels: ReadonlyMap<string, string>, span: Span): Workload {
  const isDns = matches(DNS_PODS.pods, labels);
  return {
    id,
    ref: { kind: 'Pod', namespace, name: id },
    namespace,
    labels,
    serviceAccount: 'default',
    serviceAccountLabels: new Map([[SERVICE_ACCOUNT_NAME, 'default']]),
    // As CoreDNS names them (kubernetes, cluster/addons/dns/coredns).
    ports: isDns
      ? [
          { name: 'dns', protocol: 'UDP', port: 53 },
          { name: 'dns-tcp', protocol: 'TCP', port: 53 },
        ]
      : [],
    hostNetwork: false,
    networks: [POD_NETWORK],
    addresses: [],
    span,
  };
}

const SIDES = { ingress: 'from', egress: 'to' } as const;

/** `ingress rule 2`, or by its name. */
export function ruleText({ direction, rule, index }: PlacedRule): string {
  return rule.name === undefined ? `${direction} rule ${index + 1}` : `the rule \`${rule.name}\``;
}

/** What it stands beside in a manifest: `from`, `to`. */
export function sideText(direction: Direction): string {
  return SIDES[direction];
}

/** Workloads by their ids, a few of them. */
export function idsText(workloads: readonly Workload[]): string {
  const ids = workloads.map(({ id }) => id).sort();
  const shown = ids.slice(0, 3).join(', ');
  return ids.length > 3 ? `${shown} and ${ids.length - 3} more` : shown;
}
