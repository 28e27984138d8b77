import { diagnose, escapeControls, hasErrors } from '../../diagnostic/index.ts';
import { type ImportedClusterPolicy, importCluster } from '../../import/index.ts';
import type { Cluster } from '../../kubernetes/index.ts';
import { loadPolicyText } from '../../policy/index.ts';
import { resolveForCluster } from '../../resolve/cluster-intent.ts';
import { SourceFile } from '../../source/index.ts';
import { type ClusterProof, verifyCluster } from '../../verify/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { STDIN, writeFile } from '../files.ts';
import { IMPORT_PROBLEMS } from '../import/problems.ts';
import { longWork } from '../long-work.ts';
import { catalog, filesOf } from '../policy-input.ts';
import { placeJson, reportDiagnostics, stop } from '../report.ts';
import { clusterOf } from './input.ts';

export interface ClusterImportOptions {
  readonly manifests: readonly SourceFile[];
  readonly source: string; // as the user named it
  readonly output?: string;
  readonly name: string;
  readonly namespaces: readonly string[];
  readonly despiteErrors: boolean;
  readonly json: boolean;
}

/** A policy from manifests, held against them between all ends that either of the two tells apart. */
export async function importFromCluster(console: Console, options: ClusterImportOptions): Promise<ExitCode> {
  const { manifests, output, json } = options;
  const { cluster, exitCode } = await clusterOf(console, manifests, options.despiteErrors);
  const governed = options.namespaces.length > 0 ? options.namespaces : governedBy(cluster);
  if (governed.length === 0) throw stop(EXIT.unusable, IMPORT_PROBLEMS.noPolicies, options.source);
  const imported = longWork(console, 'finding flows', () =>
    importCluster({ cluster, governed, source: options.source, name: options.name }),
  );
  const proof = longWork(console, 'proving', () => prove(console, imported, options, governed));
  const isFile = output !== undefined && output !== STDIN;
  if (isFile) writeFile(console, output, imported.text);
  const found = document(imported, proof, isFile ? output : undefined);
  if (json) writeJson(console, found);
  else tell(console, found, imported, proof, governed);
  if (exitCode !== EXIT.holds) return exitCode;
  return proof.holds ? EXIT.holds : EXIT.findings;
}

/** The namespaces that policies hold back somebody in, the cluster's own aside. */
function governedBy({ layers, namespaces }: Cluster): string[] {
  const named = layers.flatMap(({ stages }) =>
    stages.flatMap(({ policies }) => policies.flatMap(({ ref }) => ref.namespace ?? [])),
  );
  return [...new Set(named)].filter((name) => name !== 'kube-system' && namespaces.has(name)).sort();
}

/** The policy as everybody will read it, from its text. */
function prove(
  console: Console,
  { text }: ImportedClusterPolicy,
  { manifests }: ClusterImportOptions,
  namespaces: readonly string[],
): ClusterProof {
  const { policy, diagnostics } = loadPolicyText(new SourceFile('<imported>', text), filesOf(console));
  const resolved =
    policy === undefined
      ? undefined
      : resolveForCluster(policy, {
          accounts: accountsOf(console),
          catalog: catalog(),
          today: console.today,
          namespaces,
          nodeLocalDns: false,
        });
  const error = [...diagnostics, ...(resolved?.diagnostics ?? [])].find(({ severity }) => severity === 'error');
  if (resolved?.intent === undefined) throw new Error(`the policy that import made has errors: ${error?.message}`);
  const artifacts = manifests.map(({ name, text: manifest }) => ({ name, text: manifest }));
  return verifyCluster('manifests', resolved.intent, artifacts, []);
}

function document(imported: ImportedClusterPolicy, proof: ClusterProof, file: string | undefined) {
  const of = (effect: 'wider' | 'narrower') =>
    proof.unexplained
      .filter((each) => each.effect === effect)
      .map(({ from, to, connections }) => {
        const packets = `${from} -> ${to}: ${connections}`;
        return { packets, witness: packets };
      });
  return {
    equal: proof.holds,
    ...(file === undefined ? {} : { file }),
    policy: imported.text,
    flows: imported.flows.map((name) => ({ name })),
    leftOut: [],
    lostLimits: [],
    wider: of('narrower'), // the proof speaks of the manifests, we of the policy
    narrower: of('wider'),
    opaque: imported.leftOut.flatMap(({ span, text, reason }) =>
      span === undefined ? [] : [{ ...placeJson(span), text, reason }],
    ),
  };
}

const SHOWN = 10; // differences

function tell(
  console: Console,
  found: ReturnType<typeof document>,
  { leftOut }: ImportedClusterPolicy,
  proof: ClusterProof,
  governed: readonly string[],
): void {
  const { stderr, stdout } = console;
  if (found.file === undefined) stdout.write(found.policy);
  reportDiagnostics(
    console,
    leftOut.map(({ span, text, reason }) => diagnose(IMPORT_PROBLEMS.leftOut, span, text, reason)),
  );
  const unread = hasErrors(proof.diagnostics) && proof.unexplained.length === 0;
  if (unread) reportDiagnostics(console, proof.diagnostics);
  const where = `in ${governed.join(', ')}`;
  const lines = [
    ...(found.file === undefined ? [] : [`wrote ${found.file}: ${found.flows.length} flows`]),
    ...told('the policy lets through, the manifests do not', found.wider),
    ...told('the manifests let through, the policy does not', found.narrower),
    found.equal
      ? `proven: ${where} the policy lets through exactly what the manifests do, whether such workloads are there or not`
      : unread
        ? 'not proven: a part of the manifests is not understood'
        : `not equal ${where}: see above`,
  ];
  stderr.write(`${lines.map(escapeControls).join('\n')}\n`);
}

function told(title: string, differences: readonly { readonly packets: string }[]): string[] {
  if (differences.length === 0) return [];
  const shown = differences.slice(0, SHOWN).map(({ packets }) => `  ${packets}`);
  const rest = differences.length - shown.length;
  return [`${title}:`, ...shown, ...(rest === 0 ? [] : [`  and ${rest} more`])];
}
