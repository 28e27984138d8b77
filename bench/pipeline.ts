import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as path } from 'node:path';
import { hostCapabilities, isolationArguments } from '../src/host/index.ts';
import { renderProven } from '../src/verify/index.ts';
import { median, timed } from './lib/measure.ts';
import { policyText } from './lib/policies.ts';
import { nftables, parse, print, resolve } from './lib/program.ts';
import { type Finding, runBench } from './lib/report.ts';

const QUESTION = 'how long from policy text to proven ruleset, and does it grow in step with the number of flows?';
const STAGES = ['parse', 'resolve', 'render and prove'] as const;
type Times = Record<(typeof STAGES)[number] | 'render' | 'command' | 'nft', number>; // milliseconds

await runBench(import.meta.filename, QUESTION, async ({ quick }) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  try {
    const sizes = quick ? [10, 100] : [10, 1_000, 10_000];
    const checkByNft = await nftCheck();
    const measured = sizes.map((flows) => ({ flows, times: medians(flows, quick ? 1 : 7, folder, checkByNft) }));
    return [stages(measured), growth(measured)];
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Every size alone and every round whole, so that each stage is met with the memory that the others left. */
function medians(flows: number, rounds: number, folder: string, checkByNft: (file: string) => number): Times {
  const text = policyText('agent', flows);
  const policyFile = join(folder, `policy-${flows}.yaml`);
  const rulesetFile = join(folder, `ruleset-${flows}.nft`);
  writeFileSync(policyFile, text);
  const figures: Times[] = [];
  for (let round = 0; round <= rounds; round++) {
    const parsed = timed(() => parse(text));
    const resolved = timed(() => resolve(parsed.result));
    const printed = timed(() => print(resolved.result));
    const proven = timed(() => renderProven(nftables, resolved.result));
    if (!proven.result.proof.holds) throw new Error('the proof does not hold');
    writeFileSync(rulesetFile, printed.result.map((artifact) => artifact.text).join(''));
    figures.push({
      parse: parsed.ms,
      resolve: resolved.ms,
      'render and prove': proven.ms,
      render: printed.ms,
      command: renderCommand(policyFile),
      nft: checkByNft(rulesetFile),
    });
  }
  figures.shift(); // the first round is for the compiler to warm up
  const of = (key: keyof Times): number => median(figures.map((times) => times[key]));
  return {
    parse: of('parse'),
    resolve: of('resolve'),
    'render and prove': of('render and prove'),
    render: of('render'),
    command: of('command'),
    nft: of('nft'),
  };
}

/** The whole command in a process of its own, as a user starts it: nothing is warm. */
function renderCommand(policyFile: string): number {
  const main = path(import.meta.dirname, '../src/cli/main.ts');
  const { ms, result } = timed(() =>
    spawnSync(process.execPath, [main, 'render', 'nftables', policyFile], { maxBuffer: 2 ** 28, encoding: 'utf8' }),
  );
  if (result.status !== 0) throw new Error(`render failed: ${result.stderr}`);
  return ms;
}

/** What `nft` itself takes to read and check the same ruleset; not a number where it cannot be asked. */
async function nftCheck(): Promise<(file: string) => number> {
  const { isolation, nft } = await hostCapabilities();
  if (isolation === undefined || !nft.available) return () => Number.NaN;
  return (file) => {
    const args = [...isolationArguments(isolation, 0), 'nft', '--check', '--file', file];
    const { ms, result } = timed(() => spawnSync('unshare', args, { encoding: 'utf8' }));
    if (result.status !== 0) throw new Error(`nft refuses the ruleset: ${result.stderr.slice(0, 1000)}`);
    return ms;
  };
}

interface Measured {
  readonly flows: number;
  readonly times: Times;
}

function total(times: Times): number {
  return STAGES.reduce((sum, stage) => sum + times[stage], 0);
}

function stages(measured: readonly Measured[]): Finding {
  return {
    title: 'Milliseconds for each step',
    columns: ['flows', ...STAGES, 'of which render', 'all steps', 'the command, cold', 'nft --check', 'steps / nft'],
    rows: measured.map(({ flows, times }) => [
      flows,
      ...STAGES.map((stage) => times[stage]),
      times.render,
      total(times),
      times.command,
      Number.isNaN(times.nft) ? 'no nft' : times.nft,
      Number.isNaN(times.nft) ? '' : total(times) / times.nft,
    ]),
    notes: ['the command: `portcullis render nftables` in a new process, start of Node included'],
  };
}

function growth(measured: readonly Measured[]): Finding {
  const steps = measured.slice(1).map((larger, index) => ({ smaller: measured[index]!, larger }));
  return {
    title: 'How time grows with the number of flows (1 is in step with it, less is better)',
    columns: ['flows', ...STAGES, 'all steps'],
    rows: steps.map(({ smaller, larger }) => {
      const factor = larger.flows / smaller.flows;
      return [
        `${smaller.flows} to ${larger.flows}`,
        ...STAGES.map((stage) => larger.times[stage] / smaller.times[stage] / factor),
        total(larger.times) / total(smaller.times) / factor,
      ];
    }),
  };
}
