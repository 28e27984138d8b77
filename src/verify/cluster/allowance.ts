import type { ConnectionSet } from '../../cluster/index.ts';
import type { ClusterApproximation } from '../../target/index.ts';
import { endText, type Representative } from './ends.ts';
import type { ProvenClusterApproximation } from './proof.ts';
import { connectionSet, Peers } from './wanted.ts';

/** What was declared, asked for each difference. */
export class Allowance {
  readonly #declared: readonly {
    readonly approximation: ClusterApproximation;
    readonly from: Peers;
    readonly to: Peers;
    readonly ports: ConnectionSet;
  }[];
  readonly #witnesses = new Map<ClusterApproximation, string>();

  constructor(declared: readonly ClusterApproximation[]) {
    this.#declared = declared.map((approximation) => ({
      approximation,
      from: new Peers(approximation.from),
      to: new Peers(approximation.to),
      ports: connectionSet(approximation.ports),
    }));
  }

  /** What is left of a difference. */
  without(
    effect: ClusterApproximation['effect'],
    from: Representative,
    to: Representative,
    found: ConnectionSet,
  ): ConnectionSet {
    let left = found;
    for (const { approximation, ports, ...peers } of this.#declared) {
      if (approximation.effect !== effect) continue;
      if (peers.from.sight(from.end) === 'no' || peers.to.sight(to.end) === 'no') continue;
      const explained = found.intersect(ports);
      if (explained.isEmpty) continue;
      if (!this.#witnesses.has(approximation))
        this.#witnesses.set(approximation, `${endText(from.end)} -> ${endText(to.end)}: ${explained.toString()}`);
      left = left.subtract(ports);
    }
    return left;
  }

  proven(): readonly ProvenClusterApproximation[] {
    return [...this.#witnesses].map(([approximation, witness]) => ({ approximation, witness }));
  }
}
