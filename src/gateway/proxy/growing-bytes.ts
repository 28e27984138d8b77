const FIRST_SIZE = 512;

/** Bytes that come in pieces, copied together; appending costs as much as what is appended, over all. */
export class GrowingBytes {
  readonly #atMost: number;
  #store = Buffer.alloc(0);
  #length = 0;

  /** @param atMost bytes, inclusive. */
  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  /** All of them; good until the next `append`. */
  get bytes(): Buffer {
    return this.#store.subarray(0, this.#length);
  }

  /** @returns false, and takes nothing, where that would be too much. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#atMost) return false;
    if (length > this.#store.length) {
      const larger = Buffer.alloc(Math.max(length, this.#store.length * 2, FIRST_SIZE));
      larger.set(this.bytes);
      this.#store = larger;
    }
    this.#store.set(piece, this.#length);
    this.#length = length;
    return true;
  }
}
