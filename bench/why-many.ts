import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Flow, Ruleset } from '../src/ir/index.ts';
import { parseAddress } from '../src/net/index.ts';
import { evaluate } from '../src/semantics/index.ts';
import { runChild } from './lib/child.ts';
import { foreignRuleset } from './lib/foreign.ts';
import { median, timed } from './lib/measure.ts';
import { destination, policyText } from './lib/policies.ts';
import { randomNumbers } from './lib/random.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { filterOnly, readRuleset } from './lib/rulesets.ts';
import { inScratch } from './lib/scratch.ts';
import { linearVerdict } from './peers/linear-scan.ts';

const QUESTION = 'how long does it take to answer a hundred thousand flows in one run?';
const ROOT = resolve(import.meta.dirname, '..');
const BUILT = resolve(ROOT, 'dist/cli/main.js');
const SOURCES = resolve(ROOT, 'src/cli/main.ts');

/** Reads and writes the same lines as JSON and answers nothing: what no program could go below. */
const COPY = `
  const { readFileSync } = require('node:fs');
  const lines = readFileSync(process.argv[1], 'utf8').trimEnd().split('\\n');
  process.stdout.write(lines.map((flow) => JSON.stringify({ flow }) + '\\n').join(''));
`;

const COLUMNS = [
  'why --flows',
  'from the sources',
  'why, one flow',
  'the flows alone',
  'µs for each more',
  'copying the lines',
  'times',
  'peak memory, MB',
];

await runBench(import.meta.filename, QUESTION, async (options) => {
  build();
  return [await aboutPolicies(options), await aboutRulesets(options), scans(options)];
});

/** What is published: nobody but us runs the program from its sources. */
function build(): void {
  const { status } = spawnSync(process.execPath, [resolve(ROOT, 'scripts/build.ts')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}

async function aboutPolicies({ quick }: BenchOptions): Promise<Finding> {
  const count = quick ? 1_000 : 100_000;
  const rows: (string | number)[][] = [];
  for (const size of quick ? [10] : [10, 1_000, 10_000]) {
    const one = `tcp host -> ${destination(4, 1)}:443`;
    rows.push([size, ...(await figures('--policy', policyText('host', size), policyFlows(count, size), one, quick))]);
  }
  return {
    title: `Seconds for ${count.toLocaleString('en')} flows asked of a policy, from the start of the program to its end`,
    columns: ['flows of the policy', ...COLUMNS],
    rows,
    notes: [
      'reading the policy, reading the flows and writing a JSON line for each to a file included; the program as it is published, but for one column',
    ],
  };
}

async function aboutRulesets({ quick }: BenchOptions): Promise<Finding> {
  const count = quick ? 1_000 : 100_000;
  const rows: (string | number)[][] = [];
  for (const size of quick ? [100] : [1_000, 5_000]) {
    const flows = rulesetFlows(count);
    const [one = ''] = flows.split('\n');
    rows.push([size, ...(await figures('--in', foreignRuleset(size).text, flows, one, quick))]);
  }
  return {
    title: `Seconds for ${count.toLocaleString('en')} flows asked of a ruleset that others wrote, from the start of the program to its end`,
    columns: ['rules', ...COLUMNS],
    rows,
    notes: [
      'reading the ruleset included, which is most of the time for one flow; the flows alone are what is left of it, once it is read',
    ],
  };
}

async function figures(
  option: '--policy' | '--in',
  subject: string,
  flows: string,
  one: string,
  quick: boolean,
): Promise<number[]> {
  const count = flows.trimEnd().split('\n').length;
  const told = await inScratch((write) => {
    const about = [option, write('subject', subject)];
    const file = write('flows.txt', flows);
    return measured(
      {
        why: [BUILT, 'why', ...about, '--flows', file],
        sources: [SOURCES, 'why', ...about, '--flows', file],
        one: [BUILT, 'why', ...about, one],
        copy: ['-e', COPY, file],
      },
      write('answers', ''),
      quick ? 1 : 5,
    );
  });
  const of = (name: keyof typeof told): number => median(told[name].map(({ seconds }) => seconds));
  if (told.why.some(({ lines }) => lines !== count)) throw new Error('not every flow was answered');
  const [why, single, copy] = [of('why'), of('one'), of('copy')];
  const peak = Math.max(...told.why.map(({ megabytes }) => megabytes));
  const alone = why - single;
  return [why, of('sources'), single, alone, (1e6 * alone) / count, copy, why / copy, peak];
}

interface Run {
  readonly seconds: number;
  readonly lines: number;
  readonly megabytes: number;
}

/** Commands in turn, so that whatever else the machine does meets them all alike. @param into a file, as somebody who asks so much does */
function measured<Name extends string>(
  commands: Readonly<Record<Name, readonly string[]>>,
  into: string,
  rounds: number,
): Record<Name, Run[]> {
  const names = Object.keys(commands) as Name[]; // the keys of a record of Name are of Name
  const runs = Object.fromEntries(names.map((name) => [name, [] as Run[]])) as Record<Name, Run[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const { seconds, status, stdout, stderr, peakMegabytes } = runChild(commands[name], { into });
      if (status !== 0) throw new Error(`${name}: exit code ${status}: ${stderr.slice(0, 1000)}`);
      runs[name].push({ seconds, lines: stdout.trimEnd().split('\n').length, megabytes: peakMegabytes });
    }
  }
  return runs;
}

/** The answer alone, beside a plain scan of all rules, in one warm process. */
function scans({ quick }: BenchOptions): Finding {
  const count = quick ? 100 : 10_000;
  const packets = rulesetFlows(count).trimEnd().split('\n').map(packetOf);
  const rows = (quick ? [100] : [1_000, 5_000, 10_000]).map((size) => {
    const ruleset = filterOnly(readRuleset(foreignRuleset(size).text));
    const each = (ask: (ruleset: Ruleset, packet: Flow) => string): [number, string] => {
      packets.slice(0, 1_000).forEach((packet) => void ask(ruleset, packet)); // the compiler is warm now
      const { ms, result } = timed(() => packets.map((packet) => ask(ruleset, packet)).join(' '));
      return [(1000 * ms) / count, result];
    };
    const [indexed, answers] = each((rules, packet) => evaluate(rules, packet).verdict);
    const [linear, same] = each(linearVerdict);
    if (answers !== same) throw new Error('the two do not agree');
    return [size, indexed, linear, linear / indexed];
  });
  return {
    title: 'Microseconds for the verdict on one packet through a filter table, nothing read or written',
    columns: ['rules', 'evaluate', 'plain scan', 'times'],
    rows,
    notes: ['evaluate: tells the way to the verdict, too; plain scan: every rule in turn (bench/peers/linear-scan.ts)'],
  };
}

/** Half of them to destinations of the policy, half to others; both families, allowed and other ports. */
function policyFlows(count: number, size: number): string {
  const below = randomBelow(count);
  const lines = Array.from({ length: count }, () => {
    const family = below(2) === 0 ? 4 : 6;
    const address = destination(family, below(2) === 0 ? below(size) : size + below(1_000_000));
    const protocol = ['tcp', 'udp'][below(2)];
    return `${protocol} host -> ${family === 6 ? `[${address}]` : address}:${[443, 514, 53, 8050, 22][below(5)]}`;
  });
  return `${lines.join('\n')}\n`;
}

/** From the offices to the servers of `foreignRuleset`, through its longest chain. */
function rulesetFlows(count: number): string {
  const below = randomBelow(count);
  const lines = Array.from({ length: count }, () => {
    const [src, dst] = [
      `10.${16 + below(2)}.${below(32)}.${1 + below(200)}`,
      `10.${32 + below(2)}.${below(32)}.${1 + below(200)}`,
    ];
    return `tcp ${src} -> ${dst}:${[443, 22, 3389, 5432, 8050, 445][below(6)]} iif eth1 oif eth2`;
  });
  return `${lines.join('\n')}\n`;
}

/** A line of `rulesetFlows` as the packet that it means. */
function packetOf(line: string): Flow {
  const [, src = '', dst = '', port = ''] = /^tcp (\S+) -> (\S+):(\d+) /.exec(line) ?? [];
  return {
    hook: 'forward',
    family: 4,
    src: parseAddress(src)!,
    dst: parseAddress(dst)!,
    protocol: 6,
    sport: 40_000,
    dport: Number(port),
    tcpFlags: 2,
    state: 'new',
    inInterface: 'eth1',
    outInterface: 'eth2',
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set(),
  };
}

function randomBelow(seed: number): (limit: number) => number {
  const random = randomNumbers(seed);
  return (limit) => Math.floor(random() * limit);
}
