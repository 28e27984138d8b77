import type { Reporter } from '../../policy/index.ts';
import type { ClusterService, Workload } from '../cluster.ts';
import {
  type ClusterPolicy,
  type ObjectRef,
  type PolicyLayer,
  SERVICE_ACCOUNT_NAME,
  type WorkloadSelector,
} from '../policy.ts';
import { type LabelMap, labelled, matches, type Selector } from '../selector.ts';
import type { Pod } from './pod.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';
import type { FoundPods } from './workloads.ts';

/** Who asks for labels of pods: where two pods differ in none of the answers, they are one workload. */
interface Askers {
  readonly layers: readonly PolicyLayer[];
  readonly services: readonly ClusterService[];
}

/**
 * The workloads that all the pods come to. Pods of one owner are one; where policies or services would treat some of them differently,
 * each is named by itself. Pods that run tell more than the template that they were made from, so that counts only without them.
 */
export function workloadsOf(
  found: readonly FoundPods[],
  accounts: ReadonlyMap<string, LabelMap>,
  askers: Askers,
  report: Reporter,
): Workload[] {
  const atoms = new Atoms(askers);
  const workloads = [...Map.groupBy(found, ({ owner }) => idOf(owner)).values()].flatMap((all) => {
    const running = all.filter(({ isTemplate }) => !isTemplate);
    const templates = all.filter(({ owner, self }) => idOf(owner) === idOf(self));
    const pods = running.length > 0 ? running : templates.length > 0 ? templates : all;
    const classes = pods.length === 1 ? [pods] : [...Map.groupBy(pods, ({ pod }) => atoms.signature(pod)).values()];
    const [first] = pods;
    if (classes.length === 1)
      return [
        workload(
          first!.owner,
          pods.map(({ pod }) => pod),
          accounts,
        ),
      ];
    report.say(MANIFEST_PROBLEMS.differentPods, first!.pod.span, idOf(first!.owner), difference(classes));
    return classes.map((alike) =>
      workload(
        alike[0]!.self,
        alike.map(({ pod }) => pod),
        accounts,
      ),
    );
  });
  return workloads.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function workload(ref: ObjectRef, pods: readonly Pod[], accounts: ReadonlyMap<string, LabelMap>): Workload {
  const [first] = pods;
  const namespace = ref.namespace ?? 'default';
  const { labels, serviceAccount, ports, hostNetwork, networks, span } = first!;
  return {
    id: idOf(ref),
    ref,
    namespace,
    labels,
    serviceAccount,
    serviceAccountLabels: new Map([
      ...(accounts.get(`${namespace}/${serviceAccount}`) ?? []),
      [SERVICE_ACCOUNT_NAME, serviceAccount],
    ]),
    ports,
    hostNetwork,
    networks,
    addresses: pods.flatMap(({ addresses }) => addresses),
    span,
  };
}

function idOf({ kind, namespace = 'default', name }: ObjectRef): string {
  return `${namespace}/${name}[${kind}]`;
}

/** For people: the labels that differ, or else what does. */
function difference(classes: readonly (readonly FoundPods[])[]): string {
  const pods = classes.map(([one]) => one!.pod);
  const keys = [...new Set(pods.flatMap(({ labels }) => [...labels.keys()]))];
  const different = keys.filter((key) => pods.some(({ labels }) => labels.get(key) !== pods[0]!.labels.get(key)));
  return different.length === 0
    ? 'their ports, networks or accounts'
    : `the labels ${different.map((key) => `\`${key}\``).join(', ')}`;
}

type Atom = Exclude<Selector, { kind: 'everything' | 'nothing' | 'all' | 'any' | 'not' }>;

/** The simplest questions that any selector for pods asks, by the label that they ask for. */
class Atoms {
  readonly #byKey = new Map<string, Map<string, Atom>>();
  readonly #answered = new Map<string, string>(); // by label

  constructor({ layers, services }: Askers) {
    for (const { stages } of layers)
      for (const { policies } of stages) for (const policy of policies) this.#policy(policy);
    for (const { selector } of services) if (selector !== undefined) this.#selector(labelled(selector));
  }

  /** Equal where no question tells the pods apart. */
  signature({ labels, serviceAccount, ports, hostNetwork, networks }: Pod): string {
    const answers = [...labels].map(([key, value]) => this.#answers(key, value)).sort();
    return JSON.stringify([serviceAccount, hostNetwork, networks, ports, answers.join('')]);
  }

  /** To the questions for one label: those that are answered with yes. */
  #answers(key: string, value: string): string {
    const atoms = this.#byKey.get(key);
    if (atoms === undefined) return '';
    const label = JSON.stringify([key, value]);
    const known = this.#answered.get(label);
    if (known !== undefined) return known;
    const labels = new Map([[key, value]]);
    const yes = [...atoms].filter(([, atom]) => matches(atom, labels)).map(([text]) => text);
    this.#answered.set(label, yes.join(''));
    return yes.join('');
  }

  #policy({ subject, ingress, egress }: ClusterPolicy): void {
    this.#workloads(subject);
    for (const rule of [...(ingress?.rules ?? []), ...(egress?.rules ?? [])]) {
      if (rule.subject !== undefined) this.#workloads(rule.subject);
      for (const peer of rule.peers) if (peer.kind === 'workloads') this.#workloads(peer.workloads);
    }
  }

  #workloads({ pods }: WorkloadSelector): void {
    this.#selector(pods);
  }

  #selector(selector: Selector): void {
    switch (selector.kind) {
      case 'everything':
      case 'nothing':
        return;
      case 'has':
      case 'in':
      case 'like': {
        const atoms = this.#byKey.get(selector.key) ?? new Map<string, Atom>();
        atoms.set(JSON.stringify(selector), selector);
        this.#byKey.set(selector.key, atoms);
        return;
      }
      case 'all':
      case 'any':
        for (const part of selector.of) this.#selector(part);
        return;
      case 'not':
        this.#selector(selector.of);
        return;
    }
  }
}
