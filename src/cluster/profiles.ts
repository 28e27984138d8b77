import type { ContainerPort } from '../kubernetes/index.ts';
import type { Direction, Seen } from './end.ts';
import type { ClusterModel, CompiledSide, WorkloadClass } from './model.ts';
import { Profile, type StageRules } from './profile.ts';

/** The profiles of workloads, each made once. */
export class Profiles {
  readonly model: ClusterModel;
  readonly #known = new Map<string, Profile>();
  readonly #ofClass = new Map<string, Profile>();

  constructor(model: ClusterModel) {
    this.model = model;
  }

  of(direction: Direction, of: WorkloadClass, network: string): Profile {
    const isFirst = of.networks[0] === network;
    const place = isFirst ? `${direction}:${of.number}` : `${direction}:${of.number}:${network}`;
    let profile = this.#ofClass.get(place);
    if (profile === undefined) {
      const sides: CompiledSide[] = [];
      for (const selector of of.selectors) {
        for (const side of this.model.sidesAbout(direction, selector)) {
          if (side.networks === undefined ? isFirst : side.networks.includes(network)) sides.push(side);
        }
      }
      const matching = new Set(of.selectors);
      profile = this.#make(direction, sides, (selector) => matching.has(selector), of.ports, of.portsKey);
      this.#ofClass.set(place, profile);
    }
    return profile;
  }

  /** Of pods that are none of the known workloads. */
  ofUnknown(direction: Direction, seen: Seen, network: string, isFirst: boolean): Profile {
    const selects = (selector: number): boolean => this.model.selects(selector, seen);
    const sides = this.model.sides[direction].filter(
      ({ subject, networks }) => (networks === undefined ? isFirst : networks.includes(network)) && selects(subject),
    );
    return this.#make(direction, sides, selects, 'unknown', 'unknown');
  }

  #make(
    direction: Direction,
    sides: CompiledSide[],
    selects: (selector: number) => boolean,
    ports: readonly ContainerPort[] | 'unknown',
    portsKey: string,
  ): Profile {
    sides.sort((a, b) => a.number - b.number);
    const words: string[] = [direction];
    const stages: {
      -readonly [K in keyof StageRules]: K extends 'rules' ? StageRules['rules'][number][] : StageRules[K];
    }[] = [];
    let hasNamedPorts = false;
    for (const { policy, number, layer, stage, isolates, rules } of sides) {
      words.push(`${number}`);
      const { combine, isolated } = this.model.cluster.layers[layer]!.stages[stage]!;
      let last = stages.at(-1);
      if (last?.layer !== layer || last.stage !== stage) {
        last = { layer, stage, combine, isolating: undefined, rules: [] };
        stages.push(last);
      }
      if (isolates && isolated === 'deny') last.isolating ??= policy;
      for (const [at, rule] of rules.entries()) {
        if (rule.subject !== undefined) {
          if (!selects(rule.subject)) continue;
          words.push(`r${at}`);
        }
        last.rules.push(rule);
        hasNamedPorts ||= rule.named.length > 0;
      }
    }
    const isReached = direction === 'ingress' && hasNamedPorts;
    if (isReached) words.push(portsKey);
    const key = words.join();
    let profile = this.#known.get(key);
    if (profile === undefined) {
      profile = new Profile(this.#known.size, stages, isReached ? ports : undefined);
      this.#known.set(key, profile);
    }
    return profile;
  }
}
