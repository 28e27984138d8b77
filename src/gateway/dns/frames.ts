/** Messages out of a stream: each behind its length in two bytes (RFC 1035 4.2.2). */
export class Frames {
  readonly #mostBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param mostBytes of one message; a longer one is never put together. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether a message has begun and not ended. */
  get isBetween(): boolean {
    return this.#rest.length > 0;
  }

  /** Whether a message is announced that is longer than any may be. */
  get isTooLong(): boolean {
    return this.#rest.length >= 2 && this.#rest.readUInt16BE(0) > this.#mostBytes;
  }

  /** @returns the messages that are whole now. */
  take(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 2 && !this.isTooLong) {
      const end = 2 + this.#rest.readUInt16BE(0);
      if (this.#rest.length < end) break;
      messages.push(this.#rest.subarray(2, end));
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}
