import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import type { Parsed, Target } from '../target.ts';
import type { Program } from './ast.ts';
import { liftProgram } from './lift.ts';
import { lowerIntent } from './lower.ts';
import { parseText } from './parse.ts';
import type { Includer } from './parse-block.ts';
import { parseJson } from './parse-json.ts';
import { printProgram } from './print.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';
import { referenceProblems } from './references.ts';

export type { ChangeNote } from '../netfilter/change-note.ts';
export type { Command, Program } from './ast.ts';
export { withContainersOf } from './containers-of.ts';
export { inTable } from './in-table.ts';
export {
  DENIED_COUNTERS,
  flowCounter,
  LOCKDOWN_TABLE,
  nameSet,
  originOfCounter,
  TABLE_NAME,
  TRIAL_SET,
  zoneOfContainerSet,
} from './names.ts';
/** @public for those who read rulesets that include others */
export type { Includer } from './parse-block.ts';
export { NFTABLES_PROBLEMS } from './problems.ts';
export { referenceProblems } from './references.ts';
export { type Change, type Changeable, clearTrial, type StagedTexts, stageChange } from './stage.ts';
export { asOf, type Moment } from './stage-assume.ts';
export { effective } from './stage-effective.ts';
export { type AliveConnection, ownTable } from './stage-slot.ts';
export {
  type Expired,
  learntNames,
  type Running,
  type Settled,
  type Standing,
  standing,
  type Trial,
} from './stage-standing.ts';

export const NFTABLES_FILE = 'portcullis.nft';

const HEADER = `# Written by Portcullis: one table, all of it ours, replaced as a whole (load with \`nft -f ${NFTABLES_FILE}\`).
# Everything is numeric on purpose: 6 is TCP, 17 is UDP, and an unknown name would make a boot load no table at all.
`;

/** The Linux kernel's packet filter, as \`nft\` 1.0.6 and later load it. */
export const nftablesTarget = {
  name: 'nftables',
  title: 'nftables (Linux)',
  lower: lowerIntent,
  print: (ast) => [{ name: NFTABLES_FILE, text: HEADER + printProgram(ast) }],
  parse: parseFiles,
  lift: liftProgram,
} as const satisfies Target<Program>;

/**
 * nft's text, or its JSON where a file begins like JSON; several files are one program, in their order.
 * @param includer reads the files that a text includes; without it an `include` is an error
 */
function parseFiles(files: readonly SourceFile[], includer?: Includer): Parsed<Program> {
  const { ast: program, diagnostics } = readCommands(files, includer);
  if (program === undefined) return { ast: undefined, diagnostics };
  const problems = [...referenceProblems(program), ...emptyRuleset(files, program)];
  return { ast: hasErrors(problems) ? undefined : program, diagnostics: [...diagnostics, ...problems] };
}

/** As `parse`, of commands that change what stands already: that they name what they do not make is no error. */
export function readCommands(files: readonly SourceFile[], includer?: Includer): Parsed<Program> {
  const parsed = files.map((file) => (isJson(file) ? parseJson(file) : parseText(file, includer)));
  const diagnostics = parsed.flatMap((each) => each.diagnostics);
  if (hasErrors(diagnostics)) return { ast: undefined, diagnostics };
  return { ast: { commands: parsed.flatMap((each) => each.program?.commands ?? []) }, diagnostics };
}

function emptyRuleset([file]: readonly SourceFile[], { commands }: Program): Diagnostic[] {
  if (file === undefined || commands.length > 0) return [];
  return [diagnose(NFTABLES_PROBLEMS.emptyRuleset, { file, start: 0, end: 0 }, file.name)];
}

function isJson(file: SourceFile): boolean {
  return /^\s*[{[]/.test(file.text);
}
