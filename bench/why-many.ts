import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { interleaved, median, timed } from './lib/measure.ts';
import { destination, policyText } from './lib/policies.ts';
import { randomNumbers } from './lib/random.ts';
import { type Finding, runBench } from './lib/report.ts';

const QUESTION = 'how long does it take to answer a hundred thousand flows in one run?';
const MAIN = resolve(import.meta.dirname, '../src/cli/main.ts');

/** Reads and writes the same lines as JSON and answers nothing: what no program could go below. */
const COPY = `
  const { readFileSync } = require('node:fs');
  const lines = readFileSync(process.argv[1], 'utf8').trimEnd().split('\\n');
  process.stdout.write(lines.map((flow) => JSON.stringify({ flow }) + '\\n').join(''));
`;

await runBench(import.meta.filename, QUESTION, async ({ quick }) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  try {
    const count = quick ? 1_000 : 100_000;
    const rows: (string | number)[][] = [];
    for (const policyFlows of quick ? [10] : [10, 1_000, 10_000]) {
      const policy = join(folder, 'policy.yaml');
      const flows = join(folder, 'flows.txt');
      writeFileSync(policy, policyText('host', policyFlows));
      writeFileSync(flows, flowLines(count, policyFlows));
      const figures = await interleaved(
        {
          why: () => seconds([MAIN, 'why', '--policy', policy, '--flows', flows], count),
          one: () => seconds([MAIN, 'why', '--policy', policy, `tcp host -> ${destination(4, 1)}:443`], 0),
          copy: () => seconds(['-e', COPY, flows], count),
        },
        quick ? 1 : 5,
      );
      const [why, one, copy] = [median(figures.why), median(figures.one), median(figures.copy)];
      rows.push([policyFlows, why, one, (1e6 * (why - one)) / count, copy, why / copy]);
    }
    const finding: Finding = {
      title: `Seconds for ${count.toLocaleString('en')} flows, start of the program included`,
      columns: [
        'flows of the policy',
        'why --flows',
        'why, one flow',
        'µs for each more',
        'copying the lines',
        'times',
      ],
      rows,
    };
    return [finding];
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function seconds(args: readonly string[], expectedLines: number): number {
  const { ms, result } = timed(() => spawnSync(process.execPath, args, { maxBuffer: 2 ** 30, encoding: 'utf8' }));
  const lines = result.stdout.trimEnd().split('\n').length;
  if (result.status !== 0 || (expectedLines > 0 && lines !== expectedLines)) {
    throw new Error(`${lines} lines of ${expectedLines}, exit code ${result.status}: ${result.stderr.slice(0, 1000)}`);
  }
  return ms / 1000;
}

/** Half of them to destinations of the policy, half to others; both families, allowed and other ports. */
function flowLines(count: number, policyFlows: number): string {
  const random = randomNumbers(count);
  const below = (limit: number): number => Math.floor(random() * limit);
  const lines = Array.from({ length: count }, () => {
    const family = below(2) === 0 ? 4 : 6;
    const address = destination(family, below(2) === 0 ? below(policyFlows) : policyFlows + below(1_000_000));
    const protocol = ['tcp', 'udp'][below(2)];
    return `${protocol} host -> ${family === 6 ? `[${address}]` : address}:${[443, 514, 53, 8050, 22][below(5)]}`;
  });
  return `${lines.join('\n')}\n`;
}
