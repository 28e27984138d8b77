import { type ConnectionSet, connections, evaluate } from '../../cluster/index.ts';
import { type Diagnostic, diagnose, hasErrors, sortDiagnostics } from '../../diagnostic/index.ts';
import { type Cluster, type ClusterIntent, readCluster } from '../../kubernetes/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { Artifact, ClusterApproximation, ClusterTarget, ClusterTargetOptions } from '../../target/index.ts';
import { VERIFY_PROBLEMS } from '../problems.ts';
import { Allowance } from './allowance.ts';
import { endText, type Representative } from './ends.ts';
import type { ClusterDifference, ClusterProof } from './proof.ts';
import {
  addressRepresentatives,
  nameRepresentatives,
  PLACES,
  podRepresentatives,
  saidOf,
  TooManyLabels,
} from './representatives.ts';
import { failedTests } from './tests.ts';
import { WantedConnections } from './wanted.ts';

/** What a target writes for a policy, with the proof that it means what the policy says; no artifacts where it does not. */
export function renderClusterProven(
  target: ClusterTarget,
  intent: ClusterIntent,
  options: ClusterTargetOptions,
): { readonly artifacts: readonly Artifact[] | undefined; readonly proof: ClusterProof } {
  const { files, approximations, diagnostics } = target.lower(intent, options);
  if (hasErrors(diagnostics)) {
    const proof = { target: target.name, artifacts: [], approximations: [], unexplained: [], diagnostics };
    return { artifacts: undefined, proof: { ...proof, holds: false } };
  }
  const artifacts = target.print(files);
  const found = verifyCluster(target.name, intent, artifacts, approximations);
  const proof = { ...found, diagnostics: sortDiagnostics([...diagnostics, ...found.diagnostics]) };
  return { artifacts: proof.holds ? artifacts : undefined, proof };
}

/** Reads manifests back as anybody's and compares them with the intent, between all ends that either of them tells apart. */
export function verifyCluster(
  target: string,
  intent: ClusterIntent,
  artifacts: readonly Artifact[],
  declared: readonly ClusterApproximation[],
): ClusterProof {
  const { cluster, diagnostics } = readCluster(artifacts.map(({ name, text }) => new SourceFile(name, text)));
  const fault = (...said: Diagnostic[]): ClusterProof => ({
    target,
    holds: false,
    artifacts,
    approximations: [],
    unexplained: [],
    diagnostics: said,
  });
  const [unread] = diagnostics.filter(({ severity }) => severity === 'error');
  const [opaque] = cluster.opaque;
  if (unread !== undefined) return fault(diagnose(VERIFY_PROBLEMS.unread, undefined, target, unread.message));
  if (opaque !== undefined) return fault(diagnose(VERIFY_PROBLEMS.unread, undefined, target, opaque.reason));
  try {
    const { unexplained, allowance, ends } = compare(intent, cluster, declared);
    const tests = failedTests(intent, cluster, ends, allowance);
    const unproven =
      unexplained.length === 0 ? [] : [diagnose(VERIFY_PROBLEMS.unproven, undefined, target, unexplained.length)];
    const said = [...unproven, ...tests];
    const approximations = allowance.proven();
    return { target, holds: !hasErrors(said), artifacts, approximations, unexplained, diagnostics: said };
  } catch (error) {
    if (!(error instanceof TooManyLabels)) throw error;
    return fault(diagnose(VERIFY_PROBLEMS.tooManyLabels, undefined, target));
  }
}

interface Compared {
  readonly unexplained: readonly ClusterDifference[];
  readonly allowance: Allowance;
  readonly ends: readonly Representative[];
}

const DIFFERENCES_AT_MOST = 100;

/**
 *     wider     =  possibly(written) - most(wanted)       ⊆  what was declared wider
 *     narrower  =  least(wanted) - certainly(written)     ⊆  what was declared narrower
 *
 * for every pair of ends of which one is governed. What only other ends speak among each other, nothing is written about.
 */
function compare(intent: ClusterIntent, cluster: Cluster, declared: readonly ClusterApproximation[]): Compared {
  const said = saidOf(intent, cluster, declared);
  const pods = podRepresentatives(intent, cluster, said);
  const outside = [...addressRepresentatives(said), ...nameRepresentatives(said), ...PLACES];
  const ends = [...pods, ...outside];
  const wanted = new WantedConnections(intent);
  const allowance = new Allowance(declared);
  const unexplained: ClusterDifference[] = [];
  for (const from of ends) {
    for (const to of ends) {
      if (!from.governed && !to.governed) continue;
      if (from.end.kind === 'name') continue; // nobody is told by name when it comes
      const { least, most } = wanted.between(from, to);
      const { certainly, possibly } = connections(cluster, from.end, to.end);
      for (const [effect, found] of [
        ['wider', possibly.subtract(most)],
        ['narrower', least.subtract(certainly)],
      ] as const) {
        if (found.isEmpty) continue;
        const left = allowance.without(effect, from, to, found);
        if (left.isEmpty || unexplained.length >= DIFFERENCES_AT_MOST) continue;
        replay(cluster, effect, from, to, left);
        unexplained.push({ effect, from: endText(from.end), to: endText(to.end), connections: left.toString() });
      }
    }
  }
  return { unexplained, allowance, ends };
}

/** The plain reading of the policies has to see a difference, too, before anybody is told of it. */
function replay(
  cluster: Cluster,
  effect: ClusterDifference['effect'],
  { end: from }: Representative,
  { end: to }: Representative,
  found: ConnectionSet,
): void {
  const connection = found.sample();
  if (connection === undefined) return;
  const { certainly, possibly } = evaluate(cluster, { from, to, connection });
  if (effect === 'wider' ? possibly : !certainly) return;
  throw new Error(`two readings disagree: ${endText(from)} -> ${endText(to)}: ${found.toString()}`);
}
