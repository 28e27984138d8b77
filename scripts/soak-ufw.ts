/**
 * Lets the real ufw judge what we say about it, for long: random sequences of its commands in a network of its own, and what it then has loaded
 * held against what we say of its files, of its listings and of the commands.
 *
 *     node scripts/soak-ufw.ts [--from N] [--sequences N] [--commands N] [--write]
 *
 * Each sequence is made from its number alone. An interrupt (Ctrl-C) ends it after the sequence at work. `--write` keeps the result in
 * test/judge/results. Exits with 1 where ufw and we differ, and says over what.
 */
import { parseArgs } from 'node:util';
import { count } from '../test/judge/tally.ts';
import { RealUfw } from '../test/judge/ufw/real.ts';
import { judgeSequence } from '../test/judge/ufw/sequence.ts';
import { wholeNumber } from './soak/options.ts';
import { circumstances, output, tellResult } from './soak/result.ts';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    sequences: { type: 'string', default: '200' },
    commands: { type: 'string', default: '12' },
    write: { type: 'boolean', default: false },
  },
});
const from = wholeNumber('from', values.from);
const commandsEach = wholeNumber('commands', values.commands);
let to = from + wholeNumber('sequences', values.sequences);
process.once('SIGINT', () => {
  to = 0;
});

const started = performance.now();
const where = circumstances();
await using ufw = await RealUfw.open();
const compared: Record<string, number> = {};
let [sequences, commands, refused, disagreements] = [0, 0, 0, 0];
for (let seed = from; seed < to; seed++) {
  const judged = await judgeSequence(ufw, seed, commandsEach);
  sequences++;
  commands += judged.commands.length;
  refused += judged.refused;
  for (const name of judged.compared) count(compared, name);
  disagreements += judged.disagreements.length;
  for (const each of judged.disagreements)
    process.stdout.write(`sequence ${seed}: ${each}\n${judged.commands.join('\n')}\n`);
  if (seed % 10 === 0) process.stderr.write(`${sequences} sequences, ${disagreements} disagreements\n`);
}
const result = {
  from,
  sequences,
  commandsEach,
  ...where,
  ufw: output('ufw', ['--version'])?.split('\n')[0],
  seconds: Math.round((performance.now() - started) / 1000),
  commands,
  refused,
  compared,
  disagreements,
};
tellResult('test/judge/results/soak-ufw.json', result, values.write);
process.exitCode = disagreements === 0 ? 0 : 1;
