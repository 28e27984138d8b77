import {
  type Cluster,
  type ClusterPolicy,
  type ContainerPort,
  matches,
  type Workload,
  type WorkloadSelector,
} from '../kubernetes/index.ts';
import { type CompiledRule, compileRule } from './compiled-rule.ts';
import type { Direction, End, Seen } from './end.ts';
import { WorkloadIndex } from './label-index.ts';
import { PodView } from './peer-view.ts';

/** A policy in one direction, with its selectors as numbers. */
export interface CompiledSide {
  readonly policy: ClusterPolicy;
  readonly number: number; // among all of its direction, in the order in which they are asked
  readonly layer: number;
  readonly stage: number;
  readonly isolates: boolean;
  readonly rules: readonly CompiledRule[];
  readonly subject: number; // a selector
  readonly networks: readonly string[] | undefined;
}

/** Workloads that no policy tells apart. */
export interface WorkloadClass {
  readonly number: number;
  readonly workloads: readonly Workload[];
  readonly ends: readonly Extract<End, { kind: 'workload' }>[]; // the same
  readonly selectors: Int32Array; // those that match, ascending
  readonly networks: readonly string[];
  readonly isHost: boolean;
  readonly ports: readonly ContainerPort[]; // of names that some rule names
  readonly portsKey: string;
  readonly view: PodView;
}

interface SelectorEntry {
  readonly selector: WorkloadSelector;
  readonly seesHostNetwork: boolean;
}

const BOTH: readonly Direction[] = ['ingress', 'egress'];

/**
 * A cluster made ready for many questions: every selector is looked up once, and workloads that all of them treat alike are one class. What
 * it costs grows with the number of matches of selectors, not with the number of pairs.
 */
export class ClusterModel {
  readonly cluster: Cluster;
  readonly sides: Readonly<Record<Direction, readonly CompiledSide[]>>;
  readonly classes: readonly WorkloadClass[];
  /** Of each selector the classes that it matches, ascending. */
  readonly matched: readonly (readonly number[])[];
  readonly hosts: readonly number[]; // classes in the network of their node
  readonly withNamedPorts: readonly number[]; // classes with ports of names that some rule names
  readonly #selectors: SelectorEntry[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #classOf = new Map<string, WorkloadClass>();
  readonly #bySubject = new Map<Direction, ReadonlyMap<number, readonly CompiledSide[]>>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.sides = { ingress: this.#compile('ingress'), egress: this.#compile('egress') };
    this.classes = this.#classify();
    const matched = this.#selectors.map((): number[] => []);
    for (const { number, selectors } of this.classes) for (const selector of selectors) matched[selector]!.push(number);
    this.matched = matched;
    this.hosts = this.classes.filter(({ isHost }) => isHost).map(({ number }) => number);
    this.withNamedPorts = this.classes.filter(({ portsKey }) => portsKey !== '').map(({ number }) => number);
    for (const each of this.classes) for (const { id } of each.workloads) this.#classOf.set(id, each);
  }

  classOf(workload: Workload): WorkloadClass {
    const found = this.#classOf.get(workload.id);
    if (found === undefined) throw new RangeError(`no workload of this cluster: ${workload.id}`);
    return found;
  }

  /** Whether a selector matches pods that are none of the known workloads. */
  selects(selector: number, seen: Seen): boolean {
    const { namespaces, pods, serviceAccounts } = this.#selectors[selector]!.selector;
    return (
      matches(namespaces, seen.namespace) &&
      matches(pods, seen.labels) &&
      (serviceAccounts === undefined || matches(serviceAccounts, seen.serviceAccount))
    );
  }

  selector(number: number): WorkloadSelector {
    return this.#selectors[number]!.selector;
  }

  /** The policies whose subject is this selector. */
  sidesAbout(direction: Direction, selector: number): readonly CompiledSide[] {
    let about = this.#bySubject.get(direction);
    if (about === undefined) {
      about = Map.groupBy(this.sides[direction], ({ subject }) => subject);
      this.#bySubject.set(direction, about);
    }
    return about.get(selector) ?? [];
  }

  #compile(direction: Direction): CompiledSide[] {
    const sides: CompiledSide[] = [];
    for (const [layer, { stages }] of this.cluster.layers.entries()) {
      for (const [stage, { policies }] of stages.entries()) {
        for (const policy of policies) {
          const side = policy[direction];
          if (side === undefined) continue;
          const seesHostNetwork = policy.seesHostNetwork === true;
          const numberOf = (selector: WorkloadSelector): number => this.#number(selector, seesHostNetwork);
          sides.push({
            policy,
            number: sides.length,
            layer,
            stage,
            isolates: side.isolates,
            rules: side.rules.map((rule) => compileRule(policy, rule, numberOf)),
            subject: numberOf(policy.subject),
            networks: policy.networks,
          });
        }
      }
    }
    return sides;
  }

  #number(selector: WorkloadSelector, seesHostNetwork: boolean): number {
    const key = JSON.stringify([selector.namespaces, selector.pods, selector.serviceAccounts ?? 0, seesHostNetwork]);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#selectors.length;
      this.#numbers.set(key, number);
      this.#selectors.push({ selector, seesHostNetwork });
    }
    return number;
  }

  #classify(): WorkloadClass[] {
    const { workloads } = this.cluster;
    const matching = this.#matchingSelectors();
    const names = namedIn(BOTH.flatMap((direction) => this.sides[direction]));
    const alike = new Map<
      string,
      { workloads: Workload[]; selectors: number[]; ports: ContainerPort[]; key: string }
    >();
    for (const [at, workload] of workloads.entries()) {
      const ports = workload.ports.filter(({ name }) => name !== undefined && names.has(name));
      const key = [...new Set(ports.map(({ name, protocol, port }) => `${name}/${protocol}/${port}`))].sort().join();
      const selectors = matching[at]!;
      const whole = `${selectors.join()}|${key}|${workload.networks.join('\0')}|${workload.hostNetwork}`;
      const known = alike.get(whole);
      if (known === undefined) alike.set(whole, { workloads: [workload], selectors, ports, key });
      else known.workloads.push(workload);
    }
    return [...alike.values()].map(({ workloads: members, selectors, ports, key }, number) => {
      const { networks, hostNetwork } = members[0]!;
      const own = Int32Array.from(selectors);
      return {
        number,
        workloads: members,
        ends: members.map((workload) => ({ kind: 'workload', workload }) as const),
        selectors: own,
        networks,
        isHost: hostNetwork,
        ports,
        portsKey: key,
        view: new PodView((selector) => has(own, selector), hostNetwork),
      };
    });
  }

  /** Of each workload, the numbers of the selectors that match it, ascending. */
  #matchingSelectors(): number[][] {
    const { namespaces, workloads } = this.cluster;
    const names = [...new Set([...namespaces.keys(), ...workloads.map(({ namespace }) => namespace)])];
    const placeOf = new Map(names.map((name, at) => [name, at]));
    const index = new WorkloadIndex(
      names.map((name) => namespaces.get(name)?.labels ?? new Map()),
      workloads.map(({ namespace, labels, serviceAccountLabels }) => ({
        namespace: placeOf.get(namespace)!,
        labels,
        serviceAccountLabels,
      })),
    );
    const matching = workloads.map((): number[] => []);
    for (const [number, { selector, seesHostNetwork }] of this.#selectors.entries()) {
      for (const at of index.find(selector)) {
        if (!workloads[at]!.hostNetwork || seesHostNetwork) matching[at]!.push(number);
      }
    }
    return matching;
  }
}

/** Names of ports that some rule names. */
function namedIn(sides: readonly CompiledSide[]): Set<string> {
  return new Set(sides.flatMap(({ rules }) => rules.flatMap(({ named }) => named.map(({ name }) => name))));
}

function has(ascending: Int32Array, value: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === value;
}
