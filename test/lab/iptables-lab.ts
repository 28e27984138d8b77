import assert from 'node:assert/strict';
import { formatFlow, planProbes, stageFor } from '../../src/analysis/index.ts';
import { type LabRun, runInLab } from '../../src/cli/lab/run.ts';
import type { Isolation } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import type { Artifact } from '../../src/target/index.ts';
import { iptablesIpsetTarget } from '../../src/target/iptables/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import { type Backend, iptablesRules } from './iptables.ts';

const PACKETS = 240; // of one policy: its heart and every corner inside come first
export const LABS = 1; // at a time: whether a sender is told at once is measured

/** The rules of iptables for an intent, proven. */
export function rendered(intent: Intent): readonly Artifact[] {
  const { artifacts, proof } = renderProven(iptablesIpsetTarget, intent);
  assert.ok(artifacts !== undefined, JSON.stringify(proof.diagnostics));
  return artifacts;
}

/** Sends an intent's packets at rules for it. */
export function sendAt(
  isolation: Isolation,
  backend: Backend,
  files: readonly Artifact[],
  intent: Intent,
): Promise<LabRun> {
  const stage = stageFor(intent);
  const { probes } = planProbes(intent, stage, PACKETS);
  const declared = iptablesIpsetTarget.lower(intent).approximations.map(({ packets }) => packets);
  return runInLab({ probes, stage, rules: iptablesRules(backend, files), declared }, isolation);
}

/** What was not as the intent says, one line each. */
export function wrong({ results }: LabRun): string[] {
  return results
    .filter(({ judgement }) => judgement !== 'agrees' && judgement !== 'declared')
    .map(({ probe, reason }) => `${formatFlow(probe.flows[0])}: ${reason}`);
}
