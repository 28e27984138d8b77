/**
 * Where text came from. Every node that a reader builds keeps a `Span`, so that whatever is said of it later can point
 * at the place. Spans never take part in equality.
 */
export class SourceFile {
  readonly name: string;
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  /** @param name what the user calls it: a path as they typed it, or `<stdin>`. */
  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  /** The position of a code-unit offset. Offsets past the end are taken as the end. */
  positionAt(offset: number): Position {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const bounded = Math.min(offset, this.text.length);
    return { line: low + 1, column: bounded - starts[low]! + 1 };
  }

  /** The last is counted even where it is empty. */
  get lineCount(): number {
    return this.#starts().length;
  }

  /** The text of a line without its line break; the empty string where there is no such line. `line` counts from 1. */
  lineText(line: number): string {
    const starts = this.#starts();
    const start = starts[line - 1];
    if (start === undefined) return '';
    const end = starts[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, '');
  }

  #starts(): readonly number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}

/** Both count from 1; a column counts UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A stretch of a file's text in UTF-16 code units. */
export interface Span {
  readonly file: SourceFile;
  readonly start: number; // inclusive
  readonly end: number; // exclusive
}

export function spanPosition(span: Span): Position {
  return span.file.positionAt(span.start);
}
