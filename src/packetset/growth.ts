import type { Budget } from './limits.ts';

export type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const QUICKLY = 1 << 18; // numbers in an array: below that it grows fourfold, above twofold

/** How many times larger an array becomes that is full. */
export function growth(array: Numbers): number {
  return array.length < QUICKLY ? 4 : 2;
}

/** The same numbers with more room; the memory of the old array is free at once, and not when somebody collects it. @throws DiagramTooLarge */
export function grown<Of extends Numbers>(array: Of, kind: new (length: number) => Of, budget: Budget): Of {
  return moved(array, kind, array.length * growth(array), budget);
}

const LARGE_BYTES = 2 ** 24;
const ROOMY_BYTES = 2 ** 28;

/**
 * As `grown`, for the array that is most of a large store: while it is copied to a larger one there are both. From the first of these sizes on
 * it gets the second at once.
 */
export function roomier(array: Uint32Array<ArrayBuffer>, budget: Budget): Uint32Array<ArrayBuffer> {
  const roomy = Math.min(ROOMY_BYTES, budget.left / 2);
  if (array.byteLength < LARGE_BYTES || roomy < 2 * array.byteLength) return grown(array, Uint32Array, budget);
  return moved(array, Uint32Array, 2 * Math.floor(roomy / 8), budget);
}

/**
 * What is not written to is no memory yet: a new array is made by calloc(3), and of so much by mmap(2), where `ArrayBuffer.transfer` would
 * write zeros.
 */
function moved<Of extends Numbers>(array: Of, kind: new (length: number) => Of, length: number, budget: Budget): Of {
  budget.replace(array.byteLength, length * array.BYTES_PER_ELEMENT);
  const after = new kind(length);
  after.set(array);
  array.buffer.transfer(0); // free at once
  return after;
}
