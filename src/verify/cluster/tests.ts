import { connections } from '../../cluster/index.ts';
import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Cluster, ClusterIntent, ClusterTest } from '../../kubernetes/index.ts';
import { VERIFY_PROBLEMS } from '../problems.ts';
import type { Allowance } from './allowance.ts';
import { endText, type Representative } from './ends.ts';
import { connectionSet, Peers, WantedConnections } from './wanted.ts';

/** The policy's own tests, asked of what was written: one that fails by a declared difference alone is a warning. */
export function failedTests(
  intent: ClusterIntent,
  cluster: Cluster,
  ends: readonly Representative[],
  allowance: Allowance,
): readonly Diagnostic[] {
  const wanted = new WantedConnections(intent);
  return intent.tests.flatMap((test) => {
    const found = refuted(test, wanted, cluster, ends, allowance);
    if (found === undefined) return [];
    const kind = found.isDeclared ? VERIFY_PROBLEMS.clusterTestBeside : VERIFY_PROBLEMS.clusterTest;
    return [diagnose(kind, test.span, test.text, found.witness)];
  });
}

interface Refuted {
  readonly witness: string;
  readonly isDeclared: boolean; // by an approximation
}

function refuted(
  test: ClusterTest,
  wanted: WantedConnections,
  cluster: Cluster,
  ends: readonly Representative[],
  allowance: Allowance,
): Refuted | undefined {
  const from = new Peers(test.from.map(({ peer }) => peer));
  const to = new Peers(test.to.map(({ peer }) => peer));
  const claimed = connectionSet(test.ports);
  let declared: Refuted | undefined;
  for (const one of ends.filter(({ end }) => from.sight(end) === 'yes'))
    for (const other of ends.filter(({ end }) => to.sight(end) === 'yes')) {
      if (!one.governed && !other.governed) continue;
      const { certainly, possibly } = connections(cluster, one.end, other.end);
      // A name may be at any address: that alone refutes no claim about the address.
      const { least, most } = wanted.between(one, other);
      const open = certainly.union(possibly.subtract(most.subtract(least)));
      const isAllow = test.expect === 'allow';
      const against = isAllow ? claimed.subtract(certainly) : claimed.intersect(open);
      if (against.isEmpty) continue;
      const left = allowance.without(isAllow ? 'narrower' : 'wider', one, other, against);
      const witness = `${endText(one.end)} -> ${endText(other.end)}: ${against.toString()}`;
      if (!left.isEmpty) return { witness, isDeclared: false };
      declared ??= { witness, isDeclared: true };
    }
  return declared;
}
