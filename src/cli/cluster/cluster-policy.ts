import { hasErrors, sortDiagnostics } from '../../diagnostic/index.ts';
import type { ClusterIntent } from '../../kubernetes/index.ts';
import { loadPolicyText } from '../../policy/index.ts';
import { resolveForCluster } from '../../resolve/cluster-intent.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT } from '../console.ts';
import { catalog, filesOf, policySource } from '../policy-input.ts';
import { reportDiagnostics, Stop } from '../report.ts';

export interface ClusterPolicyOptions {
  readonly namespace?: readonly string[];
  readonly nodeLocalDns?: boolean;
}

/** What a policy asks of a cluster: errors stop, the rest is told on standard error. @throws Stop */
export async function soundClusterIntent(
  console: Console,
  path: string | undefined,
  { namespace, nodeLocalDns }: ClusterPolicyOptions,
): Promise<ClusterIntent> {
  const { policy, diagnostics } = loadPolicyText(await policySource(console, path), filesOf(console));
  if (policy === undefined) throw new Stop(EXIT.unusable, diagnostics);
  const resolved = resolveForCluster(policy, {
    accounts: accountsOf(console),
    catalog: catalog(),
    today: console.today,
    namespaces: namespace ?? [],
    nodeLocalDns: nodeLocalDns === true,
  });
  const all = sortDiagnostics([...diagnostics, ...resolved.diagnostics]);
  if (resolved.intent === undefined || hasErrors(all)) throw new Stop(EXIT.unusable, all);
  reportDiagnostics(console, all);
  return resolved.intent;
}
