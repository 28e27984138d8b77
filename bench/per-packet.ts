import { spawnSync } from 'node:child_process';
import { hostCapabilities, isolationArguments } from '../src/host/index.ts';
import { interleaved, median, spread } from './lib/measure.ts';
import { linearRules, policyText, syslogDestinations } from './lib/policies.ts';
import { render } from './lib/program.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { type Family, Router } from './lib/router.ts';

const QUESTION = 'does a packet cost the same whether the policy has ten flows or ten thousand?';
const INSIDE = 'PORTCULLIS_BENCH_INSIDE'; // set once this file runs in namespaces of its own

const TITLES = {
  forward: 'Forwarding one packet of a new UDP flow',
  output: 'Sending one packet of a new UDP flow from an account (system call included)',
} as const;

if (process.env[INSIDE] === undefined) await enterPrivateWorld();
else await runBench(import.meta.filename, QUESTION, measure);

async function enterPrivateWorld(): Promise<void> {
  const { isolation, isolationProblem, nft } = await hostCapabilities();
  if (isolation === undefined || !nft.available) {
    const problem = isolation === undefined ? isolationProblem : nft.available ? undefined : nft;
    process.stdout.write(`\nper-packet: left out: ${problem?.reason ?? ''}\n  help: ${problem?.help ?? ''}\n`);
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
  const findings: Finding[] = [];
  const forwarding = await Router.start('behind');
  for (const family of [4, 6] as const) findings.push(await compare(forwarding, 'forward', family, quick));
  await forwarding.stop();
  const sending = await Router.start('on');
  for (const family of [4, 6] as const) findings.push(await compare(sending, 'output', family, quick));
  await sending.stop();
  return findings;
}

async function compare(router: Router, hook: 'forward' | 'output', family: Family, quick: boolean): Promise<Finding> {
  const sizes = quick ? [10, 100] : [10, 1_000, 10_000];
  const rulesets = new Map<string, { rules: string; flows: number }>([['no firewall', { rules: '', flows: 10 }]]);
  for (const flows of sizes) {
    const policy = policyText(hook === 'forward' ? 'lan' : 'agent', flows);
    rulesets.set(`portcullis, ${flows} flows`, { rules: render(policy), flows });
    rulesets.set(`linear, ${flows} flows`, { rules: linearRules(hook, flows), flows });
  }
  const contestants = Object.fromEntries(
    [...rulesets].map(([name, { rules, flows }]) => [
      name,
      async () => {
        await router.load(rules);
        const destinations = syslogDestinations(family, flows, 16);
        return await router.cost(family, destinations, quick ? 50 : 400);
      },
    ]),
  );
  await router.load('');
  await router.cost(family, syslogDestinations(family, 10, 16), 300); // the sender's own code is warm now
  const figures = await interleaved(contestants, quick ? 1 : 9);
  const free = median(figures['no firewall']!);
  const smallest = (name: string): number => median(figures[name.replace(/[0-9]+ flows/, `${sizes[0]} flows`)]!);
  return {
    title: `${TITLES[hook]}, IPv${family}`,
    columns: [
      'ruleset',
      'ns/packet',
      'quartiles apart',
      'ns added',
      'times no firewall',
      `times its own ${sizes[0]} flows`,
    ],
    rows: Object.entries(figures).map(([name, values]) => {
      const ns = median(values);
      return [
        name,
        Math.round(ns),
        `${(spread(values) * 100).toFixed(1)} %`,
        Math.round(ns - free),
        ns / free,
        ns / smallest(name),
      ];
    }),
    notes: ['linear: the same flows as one nft rule each, both families in one chain; destinations spread evenly'],
  };
}
