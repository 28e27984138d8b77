import type { Budget } from './limits.ts';

export type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const QUICKLY = 1 << 18; // numbers in an array: below that it grows fourfold, above twofold

/** How many times larger an array becomes that is full. */
export function growth(array: Numbers): number {
  return array.length < QUICKLY ? 4 : 2;
}

/** The same numbers with more room; the memory of the old array is free at once, and not when somebody collects it. @throws DiagramTooLarge */
export function grown<Of extends Numbers>(array: Of, kind: new (buffer: ArrayBuffer) => Of, budget: Budget): Of {
  const bytes = array.byteLength * growth(array);
  budget.replace(array.byteLength, bytes);
  return new kind(array.buffer.transfer(bytes));
}

const LARGE_BYTES = 2 ** 24;
const ROOMY_BYTES = 2 ** 28;

/**
 * As `grown`, for the array that is most of a large store: while it is copied to a larger one there are both. From the first of these sizes on
 * it gets the second at once. What is not written to is no memory yet: a new array is made by calloc(3), and of so much by mmap(2), where
 * `transfer` would write zeros.
 */
export function roomier(array: Uint32Array<ArrayBuffer>, budget: Budget): Uint32Array<ArrayBuffer> {
  const roomy = Math.min(ROOMY_BYTES, budget.left / 2);
  if (array.byteLength < LARGE_BYTES || roomy < 2 * array.byteLength) return grown(array, Uint32Array, budget);
  const after = new Uint32Array(2 * Math.floor(roomy / 8));
  budget.replace(array.byteLength, after.byteLength);
  after.set(array);
  array.buffer.transfer(0); // free at once
  return after;
}
