import { SourceFile } from '../../../src/source/index.ts';
import { ufwTarget } from '../../../src/target/ufw/index.ts';
import { shellWord } from '../../../src/target/ufw/shell-line.ts';
import { formatTuple } from '../../../src/target/ufw/tuple.ts';
import { randomCommands } from './commands.ts';
import { differences, NotRead, ofIptables, ofUfw } from './compare.ts';
import type { RealUfw } from './real.ts';

/** What came of one sequence of commands. */
export interface Judged {
  readonly commands: readonly string[];
  readonly disagreements: readonly string[];
  readonly compared: readonly string[]; // what could be held against what ufw loaded
  readonly refused: number; // commands that ufw refused
}

/** Gives commands to the real ufw, and holds what it then has loaded against what we say of its files, of its listings, and of the commands. */
export async function judgeSequence(ufw: RealUfw, seed: number, count: number): Promise<Judged> {
  await ufw.fresh();
  const commands = randomCommands(seed, count);
  const enableAt = 1 + (seed % count);
  const profiles = await ufw.profiles();
  const given = [...commands.slice(0, enableAt), ['--force', 'enable'], ...commands.slice(enableAt)];
  const disagreements: string[] = [];
  let refused = 0;
  for (const words of given) {
    const { exitCode } = await ufw.run(...words);
    const line = ['ufw', ...words].map(shellWord).join(' ');
    const { diagnostics } = ufwTarget.parse([new SourceFile('one', `${line}\n`), ...profiles]);
    const saysRefused = diagnostics.some(({ code }) => code === 'N0413');
    if (exitCode !== 0) refused++;
    if (saysRefused && exitCode === 0) disagreements.push(`we say that ufw refuses \`${line}\``);
    if (!saysRefused && exitCode !== 0 && !DEPENDS.test(line)) disagreements.push(`ufw refuses \`${line}\``);
  }
  const lines = given.map((words) => ['ufw', ...words].map(shellWord).join(' '));
  const files = await ufw.files();
  const real = ofIptables(await ufw.loaded());
  const compared: string[] = [];
  const hold = (name: string, said: readonly SourceFile[]): void => {
    compared.push(name);
    try {
      for (const each of differences(real, ofUfw(said))) disagreements.push(`${name}: ${each}`);
    } catch (error) {
      if (!(error instanceof NotRead)) throw error;
      disagreements.push(`${name}: ${error.message}`);
    }
  };
  hold('files', files);
  const verbose = await ufw.output('status', 'verbose');
  hold('status verbose', [verbose, ...profiles]);
  // Beside the files, whatever disagrees with them is an error.
  hold('status numbered', [await ufw.output('status', 'numbered'), ...files, ...profiles]);
  const list = new SourceFile('commands', lines.map((line) => `${line}\n`).join(''));
  const ofCommands = ufwTarget.parse([list, ...profiles]);
  const own = ufwTarget.parse(files).ast;
  if (own === undefined || ofCommands.ast === undefined) throw new Error('not read');
  const wanted = own.rules.map(formatTuple);
  const found = ofCommands.ast.rules.map(formatTuple);
  if (JSON.stringify(wanted) !== JSON.stringify(found))
    disagreements.push(`commands: ufw has\n  ${wanted.join('\n  ')}\nwe say\n  ${found.join('\n  ')}`);
  else hold('commands', [list, ...profiles]);
  const added = await ufw.output('show', 'added');
  hold('show added', [added, ...files, ...profiles]);
  const ofAdded = ufwTarget.parse([added, ...profiles]).ast;
  // The list does not tell families apart: alone it is held against the rules where there is nothing to tell.
  if (JSON.stringify(ofAdded?.rules.map(formatTuple)) === JSON.stringify(wanted)) compared.push('show added alone');
  return { commands: lines, disagreements, compared, refused };
}

/** What ufw answers depends on the rules that it has. */
const DEPENDS = /^ufw (?:--force )?(?:route )?(?:delete|insert|prepend)\b/;
