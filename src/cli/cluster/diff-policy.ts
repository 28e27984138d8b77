import type { SourceFile } from '../../source/index.ts';
import { VERIFY_PROBLEMS, verifyCluster } from '../../verify/index.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { longWork } from '../long-work.ts';
import { diagnosticsJson, reportDiagnostics, Stop } from '../report.ts';
import { soundClusterIntent } from './cluster-policy.ts';
import { type ChangeJson, type ClusterDiffJson, clusterDiffText } from './diff-text.ts';
import { clusterOf } from './input.ts';

export interface PolicyDiffOptions {
  readonly policy: string; // as the user named it
  readonly manifests: readonly SourceFile[];
  readonly names: readonly [before: string, after: string];
  readonly isPolicyFirst: boolean;
  readonly namespaces: readonly string[];
  readonly json: boolean;
}

/**
 * `diff` of a policy and manifests: between all ends that either of them tells apart, whether such workloads exist or not, in the namespaces
 * that the policy governs.
 */
export async function diffOfPolicy(console: Console, options: PolicyDiffOptions): Promise<ExitCode> {
  const intent = await soundClusterIntent(console, options.policy, { namespace: options.namespaces });
  await clusterOf(console, options.manifests, false);
  const artifacts = options.manifests.map(({ name, text }) => ({ name, text }));
  const proof = longWork(console, 'comparing', () => verifyCluster('manifests', intent, artifacts, []));
  if (proof.unexplained.length === 0 && !proof.holds) throw new Stop(EXIT.unusable, proof.diagnostics);
  const of = (effect: 'wider' | 'narrower'): ChangeJson[] =>
    proof.unexplained
      .filter((each) => each.effect === effect)
      .map(({ from, to, connections }) => {
        const packets = `${from} -> ${to}: ${connections}`;
        return { packets, witness: packets, from, to };
      });
  const [more, less] = [of('wider'), of('narrower')]; // of the manifests
  const found: ClusterDiffJson = {
    equal: more.length === 0 && less.length === 0,
    wider: options.isPolicyFirst ? more : less,
    narrower: options.isPolicyFirst ? less : more,
    opaque: [],
  };
  const tests = proof.diagnostics.filter(({ code }) => code !== VERIFY_PROBLEMS.unproven.code);
  if (options.json)
    writeJson(console, { ...found, ...(tests.length === 0 ? {} : { problems: diagnosticsJson(tests) }) });
  else {
    reportDiagnostics(console, tests);
    console.stdout.write(clusterDiffText(console.stdout, found, options.names));
  }
  return found.equal ? EXIT.holds : EXIT.findings;
}
