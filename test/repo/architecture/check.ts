import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { codeOnly, importsOf } from './imports.ts';
import { EXCEPTIONS, FREE_FILES, IMPURE, LAYERS, OTHER_ENTRANCES, PURE_MODULES } from './layers.ts';

/** A source file; `path` is relative to the repository's root, with `/` between its parts. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export const LONG_FILE = 300; // lines: more is worth a second look
export const TOO_LONG_FILE = 450; // lines: more is two purposes in one place

/** What is wrong with the files of `src`, each a sentence with its place and the reason for the rule. */
export function architectureProblems(files: readonly SourceText[]): string[] {
  return files.flatMap((file) => [...importProblems(file), ...purityProblems(file), ...lengthProblems(file)]);
}

function importProblems({ path, text }: SourceText): string[] {
  const folder = folderOf(path);
  if (folder === undefined) return freeFileProblems(path, text);
  const layer = LAYERS[folder];
  if (layer === undefined) {
    return [`${path}: the folder \`src/${folder}\` is not in test/repo/architecture/layers.ts: say what it may import`];
  }
  return importsOf(text).flatMap(({ specifier, line }) => {
    const problem = specifier.startsWith('.')
      ? internalProblem(path, folder, specifier)
      : isBuiltin(specifier)
        ? builtinProblem(folder, specifier)
        : undefined;
    return problem === undefined ? [] : [`${path}:${line}: ${problem}`];
  });
}

function freeFileProblems(path: string, text: string): string[] {
  if (!path.startsWith('src/')) return [];
  if (!Object.hasOwn(FREE_FILES, path)) return [`${path}: it is in no folder, so nothing says what it may import`];
  return importsOf(text)
    .filter(({ specifier }) => !PURE_MODULES.includes(specifier))
    .map(({ specifier, line }) => `${path}:${line}: must not import \`${specifier}\`: whoever imports this would, too`);
}

function internalProblem(path: string, folder: string, specifier: string): string | undefined {
  const imported = join(dirname(path), specifier);
  const other = folderOf(imported);
  if (other === undefined) {
    return imported.startsWith('src/') || !imported.endsWith('.ts')
      ? undefined
      : `imports \`${imported}\`: the program must not depend on what is not shipped`;
  }
  if (other === folder) return undefined;
  const layer = LAYERS[folder]!;
  if (!layer.mayImport.includes(other)) return `\`${folder}\` must not import \`${other}\`: ${layer.why}`;
  return imported === `src/${other}/index.ts` || Object.hasOwn(OTHER_ENTRANCES, imported)
    ? undefined
    : `imports \`${imported}\`: other folders are used through their index.ts, which says what they promise`;
}

function builtinProblem(folder: string, module: string): string | undefined {
  if (Object.hasOwn(IMPURE, folder) || PURE_MODULES.includes(module)) return undefined;
  if (EXCEPTIONS.some((exception) => exception.folder === folder && exception.module === module)) return undefined;
  return `\`${folder}\` must not import \`${module}\`: only ${Object.keys(IMPURE).join(' and ')} touch the machine; take what you need as an argument`;
}

/** Globals by which a module would reach the machine or the clock without importing anything. */
const IMPURE_GLOBALS: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /(?<![.\w])process\.(?!env\.NODE_)/g, name: 'process' },
  { pattern: /(?<![.\w])fetch\(/g, name: 'fetch' },
  { pattern: /(?<![.\w])Date\.now\(|new Date\(\s*\)/g, name: 'the clock' },
  { pattern: /(?<![.\w])performance\.now\(/g, name: 'the clock' },
  { pattern: /(?<![.\w])(?:setTimeout|setInterval)\(/g, name: 'a timer' },
  { pattern: /(?<![.\w])Math\.random\(/g, name: 'chance' },
];

function purityProblems({ path, text }: SourceText): string[] {
  const folder = folderOf(path);
  if (folder === undefined || Object.hasOwn(IMPURE, folder)) return [];
  const code = codeOnly(text);
  return IMPURE_GLOBALS.flatMap(({ pattern, name }) =>
    [...code.matchAll(pattern)].map(
      (match) =>
        `${path}:${code.slice(0, match.index).split('\n').length}: \`${folder}\` uses ${name}: it must give the same answer for the same input; take it as an argument`,
    ),
  );
}

function lengthProblems({ path, text }: SourceText): string[] {
  const lines = lineCount(text);
  return lines > TOO_LONG_FILE
    ? [`${path}: ${lines} lines, more than ${TOO_LONG_FILE}: it serves more than one purpose`]
    : [];
}

export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** The folder below `src` that a path lies in; `undefined` elsewhere. */
function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}
