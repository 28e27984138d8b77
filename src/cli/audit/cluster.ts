import { auditCluster, type Finding } from '../../analysis/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { clusterOf } from '../cluster/input.ts';
import { type Console, EXIT } from '../console.ts';
import { longWork } from '../long-work.ts';

/** What an audit finds in manifests; without errors among them it is sound. @throws Stop where they cannot be used */
export async function clusterFindings(
  console: Console,
  manifests: readonly SourceFile[],
  despiteErrors: boolean,
): Promise<{ readonly findings: readonly Finding[]; readonly isSound: boolean }> {
  if (manifests.length === 0) return { findings: [], isSound: true };
  const { cluster, exitCode } = await clusterOf(console, manifests, despiteErrors);
  const findings = longWork(console, 'auditing the cluster', () => auditCluster(cluster));
  return { findings, isSound: exitCode === EXIT.holds };
}
