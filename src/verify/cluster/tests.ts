import { connections } from '../../cluster/index.ts';
import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Cluster, ClusterIntent, ClusterTest } from '../../kubernetes/index.ts';
import { VERIFY_PROBLEMS } from '../problems.ts';
import { endText, type Representative } from './ends.ts';
import { connectionSet, Peers, WantedConnections } from './wanted.ts';

/** The policy's own tests, asked of what was written. */
export function failedTests(
  intent: ClusterIntent,
  cluster: Cluster,
  ends: readonly Representative[],
): readonly Diagnostic[] {
  const wanted = new WantedConnections(intent);
  return intent.tests.flatMap((test) => {
    const counterexample = refuted(test, wanted, cluster, ends);
    return counterexample === undefined
      ? []
      : [diagnose(VERIFY_PROBLEMS.clusterTest, test.span, test.text, counterexample)];
  });
}

function refuted(
  test: ClusterTest,
  wanted: WantedConnections,
  cluster: Cluster,
  ends: readonly Representative[],
): string | undefined {
  const from = new Peers(test.from.map(({ peer }) => peer));
  const to = new Peers(test.to.map(({ peer }) => peer));
  const claimed = connectionSet(test.ports);
  for (const one of ends.filter(({ end }) => from.sight(end) === 'yes'))
    for (const other of ends.filter(({ end }) => to.sight(end) === 'yes')) {
      if (!one.governed && !other.governed) continue;
      const { certainly, possibly } = connections(cluster, one.end, other.end);
      // A name may be at any address: that alone refutes no claim about the address.
      const { least, most } = wanted.between(one, other);
      const open = certainly.union(possibly.subtract(most.subtract(least)));
      const against = test.expect === 'allow' ? claimed.subtract(certainly) : claimed.intersect(open);
      if (!against.isEmpty) return `${endText(one.end)} -> ${endText(other.end)}: ${against.toString()}`;
    }
  return undefined;
}
