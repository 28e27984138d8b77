import { init, parse } from 'es-module-lexer';

await init();

export interface Import {
  readonly specifier: string;
  readonly line: number; // counts from 1
}

/**
 * Every module that a TypeScript file names: static and dynamic imports, re-exports, and those that exist for types only
 * (a type is a dependency too: it ties two folders together as firmly as a call).
 */
export function importsOf(text: string): Import[] {
  const found = new Map<number, string>(); // offset -> specifier: one import is told once
  for (const { start, specifier } of parse(text)[0]) if (specifier) found.set(start, specifier);
  // The lexer leaves out `import('...')` where a type stands.
  for (const match of withoutComments(text).matchAll(/(?<![.\w])import\(\s*(['"][^'"]+['"])\s*\)/g)) {
    found.set(match.index + match[0].indexOf(match[1]!), match[1]!.slice(1, -1));
  }
  return [...found].map(([at, specifier]) => ({ specifier, line: text.slice(0, at).split('\n').length }));
}

/** The text with comments blanked out, line breaks kept; strings stay. */
function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (piece) => (piece.startsWith('/') ? blank(piece) : piece));
}

/** The text with comments and plain strings blanked out, line breaks kept; template strings stay, they hold code. */
export function codeOnly(text: string): string {
  return text.replace(STRING_OR_COMMENT, blank);
}

const STRING_OR_COMMENT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function blank(piece: string): string {
  return piece.replace(/[^\n]/g, ' ');
}
