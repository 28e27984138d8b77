import type { Cluster, ClusterPolicy, PolicyLayer, PolicyRule, Stage } from '../kubernetes/index.ts';
import type { Connection } from './connection-set.ts';
import { type Direction, type End, formatEnd } from './end.ts';
import { isSelected, ruleMatches } from './evaluate-match.ts';
import { type Meeting, meetings } from './meeting.ts';

/**
 * What becomes of one connection, by a plain and slow reading of the policies, one after the other, with the path to it. Everything else in
 * this folder must say the same, faster, of all connections at once.
 */
export interface Evaluation {
  /** It is let through whatever is not known here. */
  readonly certainly: boolean;
  /** It may be let through. */
  readonly possibly: boolean;
  readonly steps: readonly Step[];
}

/** One step on the path, in the order in which it is asked. */
export interface Step {
  readonly layer: string;
  readonly network: string;
  readonly direction: Direction;
  readonly subject: string; // whose policies are asked, as `formatEnd` writes it
  readonly verdict: 'allow' | 'deny' | 'pass';
  /**
   * `rule`: it matched. `isolated`: no rule matched, and policies of the stage isolate the subject. `undecided`: policies select the subject, none
   * has anything to say of this connection. `unselected`: none selects it. `apart`: the ends share no network.
   */
  readonly because: 'rule' | 'isolated' | 'undecided' | 'unselected' | 'apart';
  readonly stage?: string;
  readonly policy?: ClusterPolicy; // with `rule`; with `isolated` the first that isolates
  readonly rule?: PolicyRule;
  /** Why the rule may or may not match: what it asks for besides, or that an address, a name or a label is not known. */
  readonly maybe?: string;
}

export interface ClusterQuestion {
  readonly from: End;
  readonly to: End;
  readonly connection: Connection;
}

interface Bounds {
  readonly lower: boolean;
  readonly upper: boolean;
}

const ALLOW: Bounds = { lower: true, upper: true };
const DENY: Bounds = { lower: false, upper: false };

/** Both directions, every layer; on any network that both ends share. */
export function evaluate(cluster: Cluster, question: ClusterQuestion): Evaluation {
  const places = meetings(question.from, question.to);
  if (places.length === 0) return { certainly: false, possibly: false, steps: [apart(question)] };
  const steps: Step[] = [];
  const bounds = places.map((meeting) => {
    const ways = (['egress', 'ingress'] as const).flatMap((direction) =>
      cluster.layers.map((layer) => new Walk(cluster, question, layer, direction, meeting, steps).bounds()),
    );
    return { lower: ways.every(({ lower }) => lower), upper: ways.every(({ upper }) => upper) };
  });
  return { certainly: bounds.some(({ lower }) => lower), possibly: bounds.some(({ upper }) => upper), steps };
}

function apart({ from }: ClusterQuestion): Step {
  return {
    layer: 'networks',
    network: from.kind === 'workload' ? from.workload.networks.join(', ') : '',
    direction: 'egress',
    subject: formatEnd(from),
    verdict: 'deny',
    because: 'apart',
  };
}

/** Through the stages of one layer, for one direction and network. */
class Walk {
  readonly #cluster: Cluster;
  readonly #question: ClusterQuestion;
  readonly #layer: PolicyLayer;
  readonly #direction: Direction;
  readonly #meeting: Meeting;
  readonly #steps: Step[];
  readonly #subject: End;
  readonly #peer: End;
  readonly #known = new Map<number, Bounds>(); // what comes of each stage, once it was walked

  constructor(
    cluster: Cluster,
    question: ClusterQuestion,
    layer: PolicyLayer,
    direction: Direction,
    meeting: Meeting,
    steps: Step[],
  ) {
    this.#cluster = cluster;
    this.#question = question;
    this.#layer = layer;
    this.#direction = direction;
    this.#meeting = meeting;
    this.#steps = steps;
    this.#subject = direction === 'egress' ? question.from : question.to;
    this.#peer = direction === 'egress' ? question.to : question.from;
  }

  bounds(): Bounds {
    const { kind } = this.#subject;
    if (kind !== 'workload' && kind !== 'new-workload') return ALLOW; // policies are about pods
    if (this.#layer.stages.every((stage) => this.#applying(stage).length === 0)) {
      this.#say({ verdict: 'allow', because: 'unselected' });
      return ALLOW;
    }
    return this.#stage(0);
  }

  #stage(at: number): Bounds {
    let bounds = this.#known.get(at);
    if (bounds === undefined) {
      const stage = this.#layer.stages[at];
      if (stage === undefined) {
        this.#say({ verdict: 'allow', because: 'undecided' });
        bounds = ALLOW;
      } else bounds = stage.combine === 'ordered' ? this.#ordered(stage, at) : this.#union(stage, at);
      this.#known.set(at, bounds);
    }
    return bounds;
  }

  #ordered(stage: Stage, at: number): Bounds {
    const rules = this.#applying(stage).flatMap((policy) =>
      policy[this.#direction]!.rules.map((rule) => ({ policy, rule })),
    );
    const from = (index: number): Bounds => {
      for (const [offset, { policy, rule }] of rules.slice(index).entries()) {
        const likeness = this.#matches(policy, rule);
        if (likeness === 'no') continue;
        this.#sayRule(stage, policy, rule, likeness);
        const matched = rule.action === 'allow' ? ALLOW : rule.action === 'deny' ? DENY : this.#stage(at + 1);
        if (likeness === 'yes') return matched;
        const otherwise = from(index + offset + 1);
        return { lower: matched.lower && otherwise.lower, upper: matched.upper || otherwise.upper };
      }
      return this.#unmatched(stage, at);
    };
    return from(0);
  }

  #union(stage: Stage, at: number): Bounds {
    const found = { allow: new Set<string>(), deny: new Set<string>() };
    for (const action of ['deny', 'allow'] as const) {
      for (const policy of this.#applying(stage)) {
        for (const rule of policy[this.#direction]!.rules) {
          if (rule.action !== action) continue;
          const likeness = this.#matches(policy, rule);
          if (likeness === 'no') continue;
          this.#sayRule(stage, policy, rule, likeness);
          found[action].add(likeness);
        }
      }
      if (found.deny.has('yes')) return DENY;
    }
    const granted = found.allow.has('yes') ? ALLOW : this.#unmatched(stage, at);
    return {
      lower: granted.lower && !found.deny.has('maybe'),
      upper: granted.upper || found.allow.has('maybe'),
    };
  }

  #unmatched(stage: Stage, at: number): Bounds {
    const isolating = this.#applying(stage).find((policy) => policy[this.#direction]!.isolates);
    if (isolating === undefined || stage.isolated === 'next') return this.#stage(at + 1);
    this.#say({ verdict: 'deny', because: 'isolated', stage: stage.name, policy: isolating });
    return DENY;
  }

  /** The policies of a stage that are about the subject, in this direction and on this network. */
  #applying(stage: Stage): readonly ClusterPolicy[] {
    const { network, isFirstOfFrom, isFirstOfTo } = this.#meeting;
    const isFirst = this.#direction === 'egress' ? isFirstOfFrom : isFirstOfTo;
    return stage.policies.filter(
      (policy) =>
        policy[this.#direction] !== undefined &&
        (policy.networks === undefined ? isFirst : policy.networks.includes(network)) &&
        isSelected(this.#cluster, policy.subject, this.#subject, policy.seesHostNetwork),
    );
  }

  #matches(policy: ClusterPolicy, rule: PolicyRule): 'yes' | 'maybe' | 'no' {
    const { to, connection } = this.#question;
    return ruleMatches(this.#cluster, policy, rule, this.#subject, this.#peer, to, connection);
  }

  #sayRule(stage: Stage, policy: ClusterPolicy, rule: PolicyRule, likeness: 'yes' | 'maybe'): void {
    const maybe =
      likeness === 'yes' ? {} : { maybe: rule.condition ?? `whether it matches \`${formatEnd(this.#peer)}\`` };
    this.#say({ verdict: rule.action, because: 'rule', stage: stage.name, policy, rule, ...maybe });
  }

  #say(step: Pick<Step, 'verdict' | 'because' | 'stage' | 'policy' | 'rule' | 'maybe'>): void {
    this.#steps.push({
      layer: this.#layer.name,
      network: this.#meeting.network,
      direction: this.#direction,
      subject: formatEnd(this.#subject),
      ...step,
    });
  }
}
