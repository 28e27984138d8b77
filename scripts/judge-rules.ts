/**
 * Lets the kernel judge what we say about rulesets that somebody has written by hand, for when a rule may be misread: it is
 * loaded in a private network namespace, packets on the borders of its values are sent, and the verdicts compared; of the text, and of what nft
 * lists of it.
 *
 *     node scripts/judge-rules.ts FILE... [--seed N] [--packets N] [--nft VERSION]
 *
 * A file may hold several rulesets, parted by lines of `---`. Where the file has no `table`, each line is a rule: it is tried at input,
 * forward and output, and what it does not decide passes. The exit status is 1 where the kernel and we differ about a packet, 2 where a file cannot be used
 * or a ruleset is understood by one of the two only, 4 where this machine cannot judge.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judgeText, type Outcome } from '../test/judge/case.ts';
import { Random } from '../test/judge/random.ts';
import { disagreementText } from '../test/judge/report.ts';
import { JudgeWorld } from '../test/judge/world/client.ts';
import { useNft } from '../test/nft/release.ts';
import { nftVersion, wholeNumber } from './soak/options.ts';

const PACKETS = 400; // of one ruleset
const SHOWN = 2; // disagreements of one ruleset that are told in full
const WIDTH = 100; // characters of a ruleset in one line
const COLUMN = 28;
const HOOKS = ['input', 'forward', 'output'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    packets: { type: 'string', default: String(PACKETS) },
    nft: { type: 'string' },
  },
});
const seed = wholeNumber('seed', values.seed);
const packets = wholeNumber('packets', values.packets);
const version = nftVersion(values.nft);
if (positionals.length === 0) end(2, 'which files? node scripts/judge-rules.ts FILE...');
const rulesets = positionals.flatMap(rulesetsIn);
const missing = version === undefined ? undefined : await useNft(version);
if (missing !== undefined) end(4, missing);
const world = await JudgeWorld.open();
if ('skip' in world) end(4, world.skip);

const statuses = new Set<number>();
for (const [index, { name, text }] of rulesets.entries()) {
  const outcome = await judgeText(world, new Random(seed, index), text, packets);
  process.stdout.write(`${told(outcome).padEnd(COLUMN)} ${name}\n${details(outcome)}`);
  statuses.add(statusOf(outcome));
}
world.close();
process.exitCode = [1, 2].find((status) => statuses.has(status)) ?? 0;

/** What came of it, in a column. */
function told(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'refused by the reader':
      return 'NOT READ';
    case 'refused by the kernel':
      return 'NOT LOADED';
    case 'judged': {
      const { compared, disagreements } = outcome.judgement;
      const open = compared.filter(({ isOpen }) => isOpen).length;
      if (disagreements.length > 0) return `DIFFERS, ${disagreements.length} times`;
      return open === 0 ? `${compared.length} agree` : `${compared.length} agree, ${open} left open`;
    }
  }
}

function details(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'refused by the reader':
      return [...new Set(outcome.constructs)].map((each) => `  we do not understand: ${each}\n`).join('');
    case 'refused by the kernel':
      return `  ${outcome.said.trim().split('\n').join('\n  ')}\n`;
    case 'judged': {
      const { judgement, notListed, notRead } = outcome;
      return [
        ...notListed.map((source) => `  nft broke over its listing as ${source}\n`),
        ...notRead.map((construct) => `  not understood of its listing: ${construct}\n`),
        ...judgement.disagreements
          .slice(0, SHOWN)
          .map((each) => `as read from the ${each.source}:\n${disagreementText(each)}`),
      ].join('');
    }
  }
}

function statusOf(outcome: Outcome): 0 | 1 | 2 {
  if (outcome.kind !== 'judged') return 2;
  return outcome.judgement.disagreements.length > 0 ? 1 : 0;
}

interface Named {
  readonly name: string; // the rule, or the ruleset in one line
  readonly text: string;
}

function rulesetsIn(path: string): Named[] {
  return textOf(path)
    .split(/^---\s*$/m)
    .flatMap((part) => {
      if (/^\s*(?:add )?table\b/m.test(part)) return [{ name: shortened(part), text: part }];
      const rules = part.split('\n').map((line) => line.trim());
      return rules
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((rule) => ({ name: rule, text: atEveryHook(rule) }));
    });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return end(2, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function atEveryHook(rule: string): string {
  const chains = HOOKS.map(
    (hook) => `  chain ${hook} {\n    type filter hook ${hook} priority 0; policy accept;\n    ${rule}\n  }\n`,
  );
  return `table inet t {\n${chains.join('')}}\n`;
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > WIDTH ? `${line.slice(0, WIDTH)}…` : line;
}

function end(status: number, why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(status);
}
