import type { TextOutput } from './console.ts';

const PIECE = 1 << 16; // bytes written at once

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Lines that are written in pieces of many; only whole lines are written, even by somebody who is interrupted. */
export class LineBytes {
  readonly #output: TextOutput;
  #bytes = Buffer.allocUnsafeSlow(PIECE);
  #length = 0;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** @param before and @param after are UTF-8; between them stands the stretch of text as a string of JSON */
  line(before: Uint8Array, text: string, start: number, end: number, after: Uint8Array): void {
    const length = before.length + (end - start) + 2 + after.length;
    if (this.#length + length > PIECE) this.flush();
    if (length > PIECE || !this.#put(before, text, start, end, after))
      this.text(`${Buffer.from(before)}${JSON.stringify(text.slice(start, end))}${Buffer.from(after)}`);
  }

  text(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#length + bytes.length > PIECE) this.flush();
    if (bytes.length > PIECE) this.#output.writeBytes(bytes);
    else {
      this.#bytes.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  /** @returns whether the text needed no escapes and no bytes beyond ASCII; otherwise nothing was put */
  #put(before: Uint8Array, text: string, start: number, end: number, after: Uint8Array): boolean {
    const bytes = this.#bytes;
    let length = this.#length;
    bytes.set(before, length);
    length += before.length;
    bytes[length++] = QUOTE;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
      bytes[length++] = code;
    }
    bytes[length++] = QUOTE;
    bytes.set(after, length);
    this.#length = length + after.length;
    return true;
  }

  flush(): void {
    const isWritten = this.#length === 0 || this.#output.writeBytes(this.#bytes.subarray(0, this.#length));
    if (!isWritten) this.#bytes = Buffer.allocUnsafeSlow(PIECE);
    this.#length = 0;
  }
}
