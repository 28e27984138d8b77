/**
 * Lets the real ufw judge what we say about it, for long: random sequences of its commands in a network of its own, and what it then has loaded
 * held against what we say of its files, of its listings and of the commands.
 *
 *     node scripts/soak-ufw.ts [--from N] [--sequences N] [--commands N]
 *
 * Each sequence is made from its number alone. Exits with 1 where ufw and we differ, and says over what.
 */
import { parseArgs } from 'node:util';
import { RealUfw } from '../test/judge/ufw/real.ts';
import { judgeSequence } from '../test/judge/ufw/sequence.ts';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    sequences: { type: 'string', default: '200' },
    commands: { type: 'string', default: '12' },
  },
});
const from = Number(values.from);
const to = from + Number(values.sequences);

await using ufw = await RealUfw.open();
const compared = new Map<string, number>();
let [sequences, commands, refused, disagreements] = [0, 0, 0, 0];
for (let seed = from; seed < to; seed++) {
  const judged = await judgeSequence(ufw, seed, Number(values.commands));
  sequences++;
  commands += judged.commands.length;
  refused += judged.refused;
  for (const name of judged.compared) compared.set(name, (compared.get(name) ?? 0) + 1);
  disagreements += judged.disagreements.length;
  for (const each of judged.disagreements)
    process.stdout.write(`sequence ${seed}: ${each}\n${judged.commands.join('\n')}\n`);
  if (seed % 10 === 0) process.stderr.write(`${sequences} sequences, ${disagreements} disagreements\n`);
}
const figures = { from, sequences, commands, refused, compared: Object.fromEntries(compared), disagreements };
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exitCode = disagreements === 0 ? 0 : 1;
