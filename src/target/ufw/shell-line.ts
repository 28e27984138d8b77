import type { SourceFile, Span } from '../../source/index.ts';

/** One command of a line: a program with its arguments, quotes taken off. */
export interface ShellCommand {
  readonly words: readonly string[];
  readonly span: Span;
}

/**
 * The commands of a line of a shell script, as far as a line of ufw's needs it: quotes, backslashes, remarks, and `&&`, `||`, `;`, `|` between
 * commands. `undefined` where the shell would first work something out: variables, substitutions, redirections, patterns, a quote that
 * the next line closes.
 */
export function shellCommands(file: SourceFile, start: number, end: number): readonly ShellCommand[] | undefined {
  const { text } = file;
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let first = start;
  let last = start;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push({ words, span: { file, start: first, end: last } });
    words = [];
  };
  for (let at = start; at < end; at++) {
    const sign = text[at]!;
    if (sign === ' ' || sign === '\t' || sign === '\r') {
      endWord();
      continue;
    }
    if (sign === '#' && word === undefined) break;
    if (sign === ';' || sign === '|' || (sign === '&' && text[at + 1] === '&')) {
      if (text[at + 1] === sign) at++;
      endCommand();
      continue;
    }
    if (/[$`<>&(){}*?[\]~!]/.test(sign) && !(sign === '!' && word !== undefined)) return undefined;
    if (words.length === 0 && word === undefined) first = at;
    word ??= '';
    if (sign === "'" || sign === '"') {
      const close = closing(text, at, end);
      if (close === undefined) return undefined;
      const inner = text.slice(at + 1, close);
      if (sign === '"' && /[$`]/.test(inner)) return undefined;
      word += sign === '"' ? inner.replaceAll(/\\(["\\])/g, '$1') : inner;
      at = close;
    } else if (sign === '\\') {
      if (at + 1 >= end) return undefined;
      word += text[++at]!;
    } else word += sign;
    last = at + 1;
  }
  endCommand();
  return commands;
}

/** Where the quote that opens at a place is closed. */
function closing(text: string, open: number, end: number): number | undefined {
  const quote = text[open]!;
  for (let at = open + 1; at < end; at++) {
    if (quote === '"' && text[at] === '\\') at++;
    else if (text[at] === quote) return at;
  }
  return undefined;
}

/** A word as a shell reads it back, whatever is in it (but for a NUL and a line break, which no argument of ufw has). */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_.,:/=+@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
