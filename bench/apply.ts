import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { proveChange } from '../src/apply/index.ts';
import { hostCapabilities, isolationArguments, runChecked } from '../src/host/index.ts';
import { SourceFile } from '../src/source/index.ts';
import { type Program, type StagedTexts, stageChange, standing } from '../src/target/index.ts';
import { median, timed } from './lib/measure.ts';
import { iptables, type OtherFirewall, ufw } from './lib/other-firewalls.ts';
import { destination } from './lib/policies.ts';
import { nftables, parse, resolve } from './lib/program.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { ALLOWED_PORT, NEIGHBOUR, SteadyFlow, type StepCost } from './lib/steady-flow.ts';

const QUESTION = 'what does a change cost, and what does a flow lose?';
const INSIDE = 'PORTCULLIS_BENCH_INSIDE'; // set once this file runs in namespaces of its own
const META = { alive: [], by: 'bench', at: '2026-11-25T20:00:00Z', policyHash: '0'.repeat(64) };
const TRIAL = 20; // seconds
const ADDRESSES = 5; // of each flow and family, so that 10,000 flows are 100,000 elements

if (process.env[INSIDE] === undefined) await enterPrivateWorld();
else await runBench(import.meta.filename, QUESTION, measure);

async function enterPrivateWorld(): Promise<void> {
  const { isolation, isolationProblem, nft } = await hostCapabilities();
  if (isolation === undefined || !nft.available) {
    const problem = isolation === undefined ? isolationProblem : nft.available ? undefined : nft;
    process.stdout.write(`\napply: left out: ${problem?.reason ?? ''}\n  help: ${problem?.help ?? ''}\n`);
    return;
  }
  const again = [process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', [...isolationArguments(isolation, 0), ...again], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exitCode = status ?? 1;
}

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const flows = quick ? 100 : 10_000;
  const rounds = quick ? 1 : 3;
  const flow = await SteadyFlow.start();
  try {
    const ours = await changes(flow, flows, rounds);
    const { finding, reasons } = await others(flow, quick ? 100 : 10_000, quick ? 100 : 1_000, rounds);
    for (const reason of reasons) process.stdout.write(`\nLEFT OUT: ${reason}\n`);
    return [
      ...ours,
      { ...finding, notes: [...(finding.notes ?? []), ...reasons.map((reason) => `left out: ${reason}`)] },
    ];
  } finally {
    flow.stop();
  }
}

/** Each flow to ten addresses; the policies differ in every element but not in the flows that are watched. */
function policy(flows: number, port: number): Program {
  const lines = [
    'portcullis: 1',
    'name: bench',
    'zones:',
    `  peer: { addresses: [${NEIGHBOUR.peer}] }`,
    'flows:',
    `  - { name: watched, from: peer, to: host, service: udp/${ALLOWED_PORT} }`,
  ];
  for (let index = 0; index < flows; index++) {
    const to = ([4, 6] as const).flatMap((family) =>
      Array.from({ length: ADDRESSES }, (_, each) => `"${destination(family, index * ADDRESSES + each)}"`),
    );
    lines.push(`  - { name: flow-${index}, from: host, to: [${to.join(', ')}], service: tcp/${port} }`);
  }
  return nftables.lower(resolve(parse(lines.join('\n')))).ast;
}

async function nft(text: string): Promise<void> {
  await runChecked('nft', ['-f', '-'], { input: text, timeoutMs: 300_000 });
}

function plainText(program: Program): string {
  return nftables
    .print(program)
    .map(({ text }) => text)
    .join('');
}

async function listed(): Promise<Program> {
  const { stdout } = await runChecked('nft', ['-j', 'list', 'table', 'inet', 'portcullis'], { timeoutMs: 300_000 });
  const { ast } = nftables.parse([new SourceFile('listing.json', stdout)]);
  if (ast === undefined) throw new Error('the listing cannot be read');
  return ast;
}

function stage(before: Program, to: Program, trialSeconds: number): StagedTexts {
  const stood = standing(before);
  if (stood.kind !== 'settled' && stood.kind !== 'expired') throw new Error(`what stands is ${stood.kind}`);
  return stageChange(stood, { policy: to, trialSeconds, ...META });
}

async function changes(flow: SteadyFlow, flows: number, rounds: number): Promise<Finding[]> {
  const first = policy(flows, 443);
  const second = policy(flows, 8443);
  const steps = new Map<string, StepCost[]>();
  const note = async (name: string, step: () => Promise<unknown>): Promise<void> => {
    const cost = await flow.during(step);
    const known = steps.get(name);
    if (known === undefined) steps.set(name, [cost]);
    else known.push(cost);
  };
  let proofMs = 0;
  for (let round = 0; round < rounds; round++) {
    await nft(plainText(first));
    await note('bare `nft -f` of the plain text', () => nft(plainText(second)));
    await nft(plainText(first));
    const plain = await listed();
    const tried = stage(plain, second, TRIAL);
    if (round === 0) {
      const change = { before: plain, policy: second, alive: [], onTrial: true, texts: tried };
      const { ms, result } = timed(() => proveChange(change));
      if (result.length > 0) throw new Error(result.map(({ problem }) => problem).join('; '));
      proofMs = ms;
    }
    await note('begin', () => nft(tried.begin));
    await note('the trial runs out', () => sleep(TRIAL * 1_000));
    await note('revert: clearing away what it left', () => nft(tried.revert));
    const reverted = stage(await listed(), second, 60);
    await note('begin', () => nft(reverted.begin));
    await note('revert of a running trial', () => nft(reverted.revert));
    const kept = stage(await listed(), second, 60);
    await note('begin', () => nft(kept.begin));
    await note('confirm', () => nft(kept.confirm));
    const back = stage(await listed(), first, 60);
    await note('rollback: begin', () => nft(back.begin));
    await note('rollback: confirm', () => nft(back.confirm));
    await nft('delete table inet portcullis');
  }
  const bare = median((steps.get('bare `nft -f` of the plain text') ?? []).map(({ ms }) => ms));
  return [
    {
      title: `A change of ${flows} flows with ${flows * 2 * ADDRESSES} elements, while 1,000 packets a second flow`,
      columns: ['step', 'ms', 'times bare `nft -f`', 'packets sent', 'lost', 'let through though denied'],
      rows: [...steps].map(([name, costs]) => stepRow(name, costs, bare)),
      notes: ['medians; packets are counted over all rounds, half a second before and after each step'],
    },
    {
      title: 'Before anything is loaded',
      columns: ['step', 'ms'],
      rows: [['proving the change in all its states', Math.round(proofMs)]],
    },
  ];
}

function stepRow(name: string, costs: readonly StepCost[], bare?: number): (string | number)[] {
  const ms = median(costs.map((cost) => cost.ms));
  const sum = (of: (cost: StepCost) => number): number => costs.reduce((all, cost) => all + of(cost), 0);
  const counts = [sum((cost) => cost.sent), sum((cost) => cost.lost), sum((cost) => cost.leaked)];
  const waits = name === 'the trial runs out';
  return [name, Math.round(ms), ...(bare === undefined ? [] : [waits ? '' : ms / bare]), ...counts];
}

async function others(
  flow: SteadyFlow,
  flows: number,
  ufwFlows: number,
  rounds: number,
): Promise<{ readonly finding: Finding; readonly reasons: readonly string[] }> {
  const found: (OtherFirewall | string)[] = [
    iptables('nft', flows),
    iptables('legacy', flows),
    await ufw(mkdtempSync(join(tmpdir(), 'portcullis-bench-')), ufwFlows),
  ];
  const rows: (string | number)[][] = [];
  const reasons: string[] = [];
  for (const other of found) {
    if (typeof other === 'string') {
      reasons.push(other);
      continue;
    }
    const costs: StepCost[] = [];
    await other.load();
    for (let round = 0; round < rounds; round++) costs.push(await flow.during(other.reload));
    await other.unload();
    rows.push(stepRow(other.name, costs));
  }
  return {
    finding: {
      title: 'The same rules again, while the same packets flow',
      columns: ['tool', 'ms', 'packets sent', 'lost', 'let through though denied'],
      rows,
      notes: ['one rule for each flow, over IPv4 only; the flow that is watched is allowed by the first rule'],
    },
    reasons,
  };
}
