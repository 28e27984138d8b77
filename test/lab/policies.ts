import assert from 'node:assert/strict';
import { type ProbePlan, type ProbeStage, planProbes, stageFor } from '../../src/analysis/index.ts';
import { loadCatalog } from '../../src/catalog/index.ts';
import { fillNameSets, provenRules } from '../../src/cli/lab/policy-in-nft.ts';
import { type LabRun, runInLab } from '../../src/cli/lab/run.ts';
import { hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import type { Isolation } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { loadPolicyText, type ReadFile } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';

const NOTHING_ELSE: ReadFile = () => ({ reason: 'this policy includes nothing' });

/** The intent of a policy's text; accounts that it names get uids from 61000 on. */
export function intentOf(text: string, name = 'portcullis.yaml', read = NOTHING_ELSE): Intent {
  const { policy, diagnostics } = loadPolicyText(new SourceFile(name, text), read);
  assert.ok(policy, diagnostics.map((each) => renderDiagnostic(each)).join('\n'));
  const resolve = (accounts: ReadonlyMap<string, number>) =>
    resolvePolicy(policy, { accounts, catalog: loadCatalog(), today: '2026-11-22' });
  const first = resolve(new Map());
  const unknown = [...(first.intent?.unknownAccounts.values() ?? [])];
  const { intent, diagnostics: problems } = resolve(
    new Map(unknown.map((account, index) => [account, 61_000 + index])),
  );
  assert.ok(intent && !hasErrors(problems), problems.map((each) => renderDiagnostic(each)).join('\n'));
  return intent;
}

export interface Prepared {
  readonly intent: Intent;
  readonly stage: ProbeStage;
  readonly plan: ProbePlan;
  readonly text: string; // for `nft -f`
}

export function prepare(intent: Intent, limit: number): Prepared {
  const stage = stageFor(intent);
  return { intent, stage, plan: planProbes(intent, stage, limit), text: provenRules(intent).text };
}

/** Sends a policy's packets at a ruleset: its own, or one with a planted fault. */
export function sendAt(ruleset: string, { intent, stage, plan }: Prepared, isolation: Isolation): Promise<LabRun> {
  const { declared } = provenRules(intent);
  return runInLab({ probes: plan.probes, stage, ruleset, fill: fillNameSets, declared }, isolation);
}
