import type { ClusterPolicy, ContainerPort } from '../kubernetes/index.ts';
import { type Bounds, both, bounds, EVERYTHING_PASSES, either, NOTHING_PASSES } from './bounds.ts';
import { type CompiledRule, namedPorts } from './compiled-rule.ts';
import { ConnectionSet } from './connection-set.ts';
import type { PeerView } from './peer-view.ts';

/** The rules of one stage that are about a workload in one direction. */
export interface StageRules {
  readonly layer: number;
  readonly stage: number;
  readonly combine: 'ordered' | 'union';
  /** The first policy that isolates the workload, where the stage denies what no rule of it matches. */
  readonly isolating: ClusterPolicy | undefined;
  readonly rules: readonly CompiledRule[]; // in their order
}

/** The ports that a connection can reach by name. `unknown`: those of pods that do not exist yet. */
export type ReachedPorts = readonly ContainerPort[] | 'unknown';

/**
 * Everything that the policies say of a workload in one direction on one network. Workloads of which they say the same share it.
 */
export class Profile {
  readonly number: number;
  readonly stages: readonly StageRules[]; // those with a rule, or that deny; of all layers, in the order in which they are asked
  readonly rules: readonly CompiledRule[]; // of all stages
  /** Of who is reached, where this is the profile of that one: its ports are a part of what the profile says. */
  readonly #own: ReachedPorts | undefined;
  /** It depends on who is reached which ports the names in its rules are. */
  readonly reachesByName: boolean;

  constructor(number: number, stages: readonly StageRules[], own: ReachedPorts | undefined) {
    this.number = number;
    this.stages = stages;
    this.rules = stages.flatMap(({ rules }) => rules);
    this.#own = own;
    this.reachesByName = own === undefined && this.rules.some(({ named }) => named.length > 0);
  }

  /** What it lets through between the workload and who is at the other end, whose ports count where that one is reached. */
  towards(view: PeerView, ports: ReachedPorts): Bounds {
    let result = EVERYTHING_PASSES;
    let rest = EVERYTHING_PASSES; // what the stages from here on, of one layer, let through
    for (let at = this.stages.length - 1; at >= 0; at--) {
      const stage = this.stages[at]!;
      rest =
        stage.combine === 'ordered' ? this.#ordered(stage, rest, view, ports) : this.#union(stage, rest, view, ports);
      if (at === 0 || this.stages[at - 1]!.layer !== stage.layer) {
        result = both(result, rest);
        rest = EVERYTHING_PASSES;
      }
    }
    return result;
  }

  /**
   * From the last rule to the first: what matches for certain gets what the rule says; what may match gets the lesser of that and of what comes
   * after (for certain), or the greater (perhaps).
   */
  #ordered({ rules, isolating }: StageRules, next: Bounds, view: PeerView, ports: ReachedPorts): Bounds {
    let rest = isolating === undefined ? next : NOTHING_PASSES;
    for (let at = rules.length - 1; at >= 0; at--) {
      const rule = rules[at]!;
      const match = this.match(rule, view, ports);
      if (match === NOTHING_PASSES) continue;
      const verdict = rule.action === 'allow' ? EVERYTHING_PASSES : rule.action === 'deny' ? NOTHING_PASSES : next;
      rest = bounds(
        matched(match.certainly, match.possibly, verdict.certainly, rest.certainly, 'least'),
        matched(match.certainly, match.possibly, verdict.possibly, rest.possibly, 'most'),
      );
    }
    return rest;
  }

  #union({ rules, isolating }: StageRules, next: Bounds, view: PeerView, ports: ReachedPorts): Bounds {
    let allowed = NOTHING_PASSES;
    let denied = NOTHING_PASSES;
    for (const rule of rules) {
      if (rule.action === 'pass') continue;
      const match = this.match(rule, view, ports);
      if (rule.action === 'allow') allowed = either(allowed, match);
      else denied = either(denied, match);
    }
    const granted = either(allowed, isolating === undefined ? next : NOTHING_PASSES);
    return bounds(granted.certainly.subtract(denied.possibly), granted.possibly.subtract(denied.certainly));
  }

  /** Which connections a rule matches. */
  match(rule: CompiledRule, view: PeerView, reached: ReachedPorts): Bounds {
    const level = view.level(rule);
    if (level === 0) return NOTHING_PASSES;
    let [certainly, possibly] = [rule.ports, rule.ports];
    if (rule.named.length > 0) {
      const named = namedPorts(rule.named, this.#own ?? reached);
      certainly = certainly.union(named.certainly);
      possibly = possibly.union(named.possibly);
    }
    return bounds(level === 2 && !rule.isConditional ? certainly : ConnectionSet.none, possibly);
  }
}

function matched(
  certainly: ConnectionSet,
  possibly: ConnectionSet,
  verdict: ConnectionSet,
  rest: ConnectionSet,
  bound: 'least' | 'most',
): ConnectionSet {
  const unsure = possibly.subtract(certainly);
  const there = certainly.intersect(verdict);
  const perhaps = unsure.intersect(bound === 'least' ? verdict.intersect(rest) : verdict.union(rest));
  return there.union(perhaps).union(rest.subtract(possibly));
}
