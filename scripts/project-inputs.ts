/**
 * Reads every test input of the iptables and nftables projects that the kernel here accepts:
 *
 *     node scripts/project-inputs.ts [--every N] [--write]
 *
 * The source of iptables is fetched from Debian's mirror (1 MB), that of nftables is the folder in PORTCULLIS_NFTABLES_SOURCE; no line of them is kept. `--every`: one of so many inputs.
 * `--write` keeps the counts in test/corpus/results/project-inputs.json. Exits with 1 where an input that is not known to fail is refused,
 * loses a rule or makes us crash, or where one that is known to fail does not; with 4 where nothing could be read.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gradeIptables, gradeNftables, isSkipped } from '../test/corpus/projects/grade.ts';
import { knownReasons, surprises } from '../test/corpus/projects/known.ts';
import { countOutcomes } from '../test/corpus/projects/outcome.ts';

const { values } = parseArgs({
  options: { every: { type: 'string', default: '1' }, write: { type: 'boolean', default: false } },
});
const every = Number(values.every);
if (!Number.isSafeInteger(every) || every < 1) {
  process.stderr.write(`--every takes a whole number from 1, not \`${values.every}\`\n`);
  process.exit(2);
}

const started = performance.now();
const grades = { iptables: await gradeIptables(every), nftables: await gradeNftables(every) };
const projects: Record<string, unknown> = {};
const found: string[] = [];
let skipped = 0;
for (const [project, graded] of Object.entries(grades)) {
  if (isSkipped(graded)) {
    skipped++;
    process.stderr.write(`${project}: ${graded.skip}\n`);
    projects[project] = graded;
    continue;
  }
  const all = Object.values(graded).flat();
  found.push(...surprises(all, { areAll: every === 1 }));
  projects[project] = {
    ...Object.fromEntries(
      Object.entries(graded).map(([kind, each]) => [kind, { inputs: each.length, ...countOutcomes(each) }]),
    ),
    knownToFail: knownReasons(all).filter(({ inputs }) => inputs > 0),
  };
}
for (const each of found) process.stdout.write(`${each.slice(0, 400)}\n`);
const result = {
  every,
  kernel: release(),
  seconds: Math.round((performance.now() - started) / 1000),
  surprises: found.length,
  projects,
};
const text = `${JSON.stringify(result, undefined, 2)}\n`;
process.stdout.write(text);
if (values.write) {
  const folder = resolve(import.meta.dirname, '../test/corpus/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, 'project-inputs.json'), text);
}
process.exitCode = found.length > 0 ? 1 : skipped === Object.keys(grades).length ? 4 : 0;
