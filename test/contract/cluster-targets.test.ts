import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CLUSTER_TARGET_NAMES,
  CLUSTER_TARGETS,
  type ClusterTarget,
  type ClusterTargetName,
  type ClusterTargetOptions,
} from '../../src/target/index.ts';
import { renderClusterProven } from '../../src/verify/index.ts';
import { CASES, intentOf, OPTIONS, told } from './cluster-policies.ts';

/** What an API has no words for, by the code of the error that says so. */
const REFUSED: Readonly<Record<ClusterTargetName, Readonly<Record<string, string>>>> = {
  kubernetes: { 'service-account': 'T0021', 'resolved-names': 'T0020' },
  'admin-network-policy': { 'service-account': 'T0021' },
  'cluster-network-policy': { 'service-account': 'T0021' },
  calico: { 'resolved-names': 'T0020' },
  cilium: {},
  istio: { 'service-account': 'T0021' },
};

function meansWhatThePolicySays(name: ClusterTargetName, options: ClusterTargetOptions): void {
  const target = CLUSTER_TARGETS[name];
  const refused = REFUSED[name];
  describe(`${target.title}${options.clusterWide ? ', cluster-wide,' : ''} means what the policy says`, () => {
    for (const each of CASES) {
      const { proof, artifacts } = renderClusterProven(target, intentOf(each), options);
      const code = refused[each.name];
      if (code === undefined) {
        test(`${each.name}: ${each.why}`, () => {
          assert.deepEqual(proof.unexplained, []);
          assert.ok(proof.holds && artifacts !== undefined, told(proof.diagnostics));
        });
      } else {
        test(`${each.name} is refused: ${each.why}`, () => {
          assert.equal(artifacts, undefined);
          assert.ok(
            proof.diagnostics.some((found) => found.code === code && found.severity === 'error'),
            told(proof.diagnostics),
          );
        });
      }
    }
  });
}

for (const name of CLUSTER_TARGET_NAMES) {
  const { hasClusterWide }: ClusterTarget = CLUSTER_TARGETS[name];
  meansWhatThePolicySays(name, OPTIONS);
  if (hasClusterWide === true) meansWhatThePolicySays(name, { ...OPTIONS, clusterWide: true });
}
