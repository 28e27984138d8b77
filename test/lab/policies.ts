import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ProbePlan, type ProbeStage, planProbes, stageFor } from '../../src/analysis/index.ts';
import { loadCatalog } from '../../src/catalog/index.ts';
import { proposal } from '../../src/cli/demo/machine.ts';
import { nftRules, provenRules } from '../../src/cli/lab/policy-in-nft.ts';
import { type LabRun, runInLab } from '../../src/cli/lab/run.ts';
import { hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import type { Isolation } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { loadPolicyText, type ReadFile } from '../../src/policy/index.ts';
import { hostIntent, resolvePolicy } from '../../src/resolve/index.ts';
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

export function prepare(policy: Intent, limit: number): Prepared {
  const intent = hostIntent(policy);
  const stage = stageFor(intent);
  return { intent, stage, plan: planProbes(intent, stage, limit), text: provenRules(intent).text };
}

/** Sends a policy's packets at a ruleset: its own, or one with a planted fault. */
export function sendAt(ruleset: string, { intent, stage, plan }: Prepared, isolation: Isolation): Promise<LabRun> {
  const { declared } = provenRules(intent);
  const gateway = intent.gateway === undefined ? {} : { gateway: intent.gateway.listeners };
  return runInLab({ probes: plan.probes, stage, rules: nftRules(ruleset), declared, ...gateway }, isolation);
}

/** What discovery writes for configurations that the real OpenClaw accepts. */
const PROPOSED = join(import.meta.dirname, '../openclaw/golden');
const EXAMPLES = join(import.meta.dirname, '../../examples');

/** Every flow: more than one shape of rule, both directions, names, accounts, a rate, an interface, routed packets. */
const EVERY_SHAPE = `portcullis: 1
name: every-shape
zones:
  agent: { host: { users: [openclaw] } }
  backup: { host: { users: [backup] } }
  bastion: { addresses: [10.0.5.10, "2001:db8:5::10"] }
  office: { addresses: [10.20.0.0/16, "2001:db8:20::/48"], except: [10.20.9.0/24] }
  tailnet: { addresses: [100.64.0.0/10], host: { interfaces: [tailscale0] } }
  backend: { domains: [your-backend.example.com, "*.backend.example.com"] }
  containers: { addresses: [172.17.0.0/16] }
flows:
  - { name: ssh, from: bastion, to: host, service: ssh, rate: 6/minute per source }
  - { name: ui, from: tailnet, to: host, service: tcp/18789 }
  - { name: metrics, from: office, to: agent, service: tcp/9090-9095 }
  - { name: ping, from: office, to: host, service: icmp/echo-request }
  - { name: backend, from: agent, to: backend, service: https }
  - { name: store, from: backup, to: office, service: [tcp/5432, udp/5140] }
  - { name: routed, from: containers, to: internet, service: https }
tests:
  - { from: agent, allow: ["your-backend.example.com:443/tcp"], deny: ["198.51.100.7:443/tcp", "[2001:db8:66::7]:443/tcp"] }
  - { from: internet, to: host, deny: [tcp/22, tcp/18789] }
`;

/** Small, so that every corner of it is sent at every planted fault. */
export const FEW_FLOWS = EVERY_SHAPE.split('\n')
  .filter((line) => !/name: (?:ping|backend)|to: internet|from: agent|tests:|from: internet/.test(line))
  .concat('  - { name: routed, from: containers, to: bastion, service: https }\n')
  .join('\n');

/** Every policy of ours: the examples, what discovery proposes, and one that has it all. */
export function labPolicies(): { name: string; text: string; read?: ReadFile }[] {
  const examples = globSync('**/*.yaml', { cwd: EXAMPLES })
    .map((path) => join(EXAMPLES, path))
    .filter((path) => /^portcullis:/m.test(readFileSync(path, 'utf8')) && !isIncluded(path))
    .map((path) => ({ name: path, text: readFileSync(path, 'utf8'), read }));
  const proposed = globSync('*.yaml', { cwd: PROPOSED }).map((path) => ({
    name: `what init proposes for ${path}`,
    text: readFileSync(join(PROPOSED, path), 'utf8'),
  }));
  return [
    { name: 'every shape', text: EVERY_SHAPE },
    { name: 'the demo', text: proposal().text },
    ...examples,
    ...proposed,
  ];
}

const read: ReadFile = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : { reason: 'there is no such file' });

/** A part of another example is tested with the whole. */
function isIncluded(path: string): boolean {
  return globSync('*.yaml', { cwd: dirname(path) }).some((other) => {
    const text = readFileSync(join(dirname(path), other), 'utf8');
    return other !== basename(path) && new RegExp(`include:[^]*${basename(path)}`).test(text);
  });
}
