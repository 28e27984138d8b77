import type { Cluster } from '../kubernetes/index.ts';
import type { AddressRange } from '../net/index.ts';
import { addressCells } from './address-cells.ts';
import { type Asking, asking } from './asking.ts';
import { ConnectionSet } from './connection-set.ts';
import { type Direction, type End, formatEnd } from './end.ts';
import type { Step } from './evaluate.ts';
import { meetings } from './meeting.ts';
import { AddressView, type PeerView } from './peer-view.ts';
import type { Profile, ReachedPorts, StageRules } from './profile.ts';

/** What a rule, or the want of one, decides between two ends: a step of `evaluate` for all connections that take it. */
export interface Decision extends Step {
  readonly connections: ConnectionSet; // never empty
  /** Of addresses that rules tell apart, those that it is about. */
  readonly addresses?: AddressRange;
}

/** All that decides about connections from one end to another, in the order in which it is asked; what is asked in vain is left out. */
export function decisions(cluster: Cluster, from: End, to: End): Decision[] {
  const known = asking(cluster);
  return meetings(from, to).flatMap(({ network, isFirstOfFrom, isFirstOfTo }) =>
    (['egress', 'ingress'] as const).flatMap((direction) => {
      const isEgress = direction === 'egress';
      const [subject, peer] = isEgress ? [from, to] : [to, from];
      const profile = known.profile(direction, subject, network, isEgress ? isFirstOfFrom : isFirstOfTo);
      if (profile === undefined) return [];
      return viewsOf(known, profile, peer).flatMap(({ view, addresses }) =>
        cluster.layers.flatMap((_, layer) => {
          const place = { cluster, layer, network, direction, subject, peer };
          const made = new Decider(place, profile, view, known.portsOf(to)).decide();
          return addresses === undefined ? made : made.map((decision) => ({ ...decision, addresses }));
        }),
      );
    }),
  );
}

interface View {
  readonly view: PeerView;
  readonly addresses?: AddressRange;
}

function viewsOf(known: Asking, profile: Profile, peer: End): View[] {
  if (peer.kind !== 'addresses') return [{ view: known.view(peer) }];
  const cells = addressCells(profile, peer.range);
  return cells.map((cell) => {
    const view = new AddressView(cell);
    return cells.length === 1 ? { view } : { view, addresses: cell };
  });
}

interface Place {
  readonly cluster: Cluster;
  readonly layer: number;
  readonly network: string;
  readonly direction: Direction;
  readonly subject: End;
  readonly peer: End;
}

/** Through the stages of one layer, with all connections at once; `#rest` is what no stage has decided yet. */
class Decider {
  readonly #place: Place;
  readonly #profile: Profile;
  readonly #view: PeerView;
  readonly #ports: ReachedPorts;
  readonly #made: Decision[] = [];
  #rest = ConnectionSet.all;

  constructor(place: Place, profile: Profile, view: PeerView, ports: ReachedPorts) {
    this.#place = place;
    this.#profile = profile;
    this.#view = view;
    this.#ports = ports;
  }

  decide(): Decision[] {
    const stages = this.#profile.stages.filter(({ layer }) => layer === this.#place.layer);
    for (const stage of stages) {
      if (stage.combine === 'ordered') this.#ordered(stage);
      else this.#union(stage);
    }
    this.#say(this.#rest, { verdict: 'allow', because: stages.length === 0 ? 'unselected' : 'undecided' });
    return this.#made;
  }

  #ordered(stage: StageRules): void {
    let passed = ConnectionSet.none;
    for (const rule of stage.rules) {
      const hit = this.#match(stage, rule, this.#rest);
      this.#rest = this.#rest.subtract(hit.certainly);
      if (rule.action === 'pass') passed = passed.union(hit.possibly);
    }
    this.#isolate(stage);
    this.#rest = this.#rest.union(passed);
  }

  #union(stage: StageRules): void {
    for (const action of ['deny', 'allow'] as const) {
      const asked = this.#rest; // every rule of the action is asked, also where another has matched
      for (const rule of stage.rules) {
        if (rule.action === action) this.#rest = this.#rest.subtract(this.#match(stage, rule, asked).certainly);
      }
    }
    this.#isolate(stage);
  }

  #match(stage: StageRules, compiled: StageRules['rules'][number], asked: ConnectionSet) {
    const { policy, rule } = compiled;
    const match = this.#profile.match(compiled, this.#view, this.#ports);
    const [certainly, possibly] = [match.certainly.intersect(asked), match.possibly.intersect(asked)];
    const step = { verdict: rule.action, because: 'rule', stage: this.#nameOf(stage), policy, rule } as const;
    this.#say(certainly, step);
    const maybe = rule.condition ?? `whether it matches \`${formatEnd(this.#place.peer)}\``;
    this.#say(possibly.subtract(certainly), { ...step, maybe });
    return { certainly, possibly };
  }

  #isolate(stage: StageRules): void {
    if (stage.isolating === undefined) return;
    const step = { verdict: 'deny', because: 'isolated', stage: this.#nameOf(stage), policy: stage.isolating } as const;
    this.#say(this.#rest, step);
    this.#rest = ConnectionSet.none;
  }

  #nameOf({ layer, stage }: StageRules): string {
    return this.#place.cluster.layers[layer]!.stages[stage]!.name;
  }

  #say(
    connections: ConnectionSet,
    step: Pick<Step, 'verdict' | 'because' | 'stage' | 'policy' | 'rule' | 'maybe'>,
  ): void {
    if (connections.isEmpty) return;
    const { cluster, layer, network, direction, subject } = this.#place;
    const place = { layer: cluster.layers[layer]!.name, network, direction, subject: formatEnd(subject) };
    this.#made.push({ ...place, ...step, connections });
  }
}
