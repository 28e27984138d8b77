import type { SourceFile, Span } from '../../source/index.ts';

/** A word of a line, without the quotes that held it together. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly span: Span;
}

/**
 * The words of a stretch of text, as iptables-restore parts them: blanks between them, double quotes around those that hold blanks, and
 * within quotes a backslash before what stands for itself. `undefined` where a quote is never closed.
 */
export function wordsOf(file: SourceFile, start: number, end: number): readonly Word[] | undefined {
  const words: Word[] = [];
  const { text } = file;
  for (let at = start; at < end; ) {
    if (isBlank(text[at]!)) {
      at++;
      continue;
    }
    const first = at;
    let word = '';
    let quoted = false;
    let open = false;
    for (; at < end && (open || !isBlank(text[at]!)); at++) {
      const sign = text[at]!;
      if (sign === '"') {
        open = !open;
        quoted = true;
      } else if (open && sign === '\\' && at + 1 < end) word += text[++at]!;
      else word += sign;
    }
    if (open) return undefined;
    words.push({ text: word, quoted, span: { file, start: first, end: at } });
  }
  return words;
}

function isBlank(sign: string): boolean {
  return sign === ' ' || sign === '\t' || sign === '\r';
}

/** A line of a file, without its break. */
export interface Line {
  readonly start: number; // inclusive
  readonly end: number; // exclusive
}

export function* linesOf({ text }: SourceFile): Generator<Line> {
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf('\n', start);
    const end = next === -1 ? text.length : next;
    yield { start, end };
    start = end + 1;
  }
}
