import type { Budget } from './limits.ts';

const INITIAL_ENTRIES = 1 << 12;
const MAX_ENTRIES = 1 << 22;
const WIDTH = 4; // numbers of 32 bits for an entry: two operands, the result, and one that is free

/**
 * Results of operations on two nodes. An entry lasts until another one needs its place: what is forgotten is only reckoned
 * again. Operands and results together, so that a look costs one line of the processor's cache.
 */
export class OperationCache {
  readonly #budget: Budget;
  #entries = new Uint32Array(INITIAL_ENTRIES * WIDTH); // first operand 0: empty

  constructor(budget: Budget) {
    this.#budget = budget;
    budget.replace(0, this.#entries.byteLength);
  }

  [Symbol.dispose](): void {
    this.#entries.buffer.transfer(0);
  }

  /** The result for two operands (the first not 0); -1 where it is not known. */
  find(left: number, right: number): number {
    const entries = this.#entries;
    const at = place(left, right, entries.length);
    return entries[at] === left && entries[at + 1] === right ? entries[at + 2]! : -1;
  }

  keep(left: number, right: number, result: number): void {
    const entries = this.#entries;
    const at = place(left, right, entries.length);
    entries[at] = left;
    entries[at + 1] = right;
    entries[at + 2] = result;
  }

  /** Makes room for so many results, as far as it goes. */
  growTo(wanted: number): void {
    const before = this.#entries;
    if (before.length >= wanted * WIDTH || before.length >= MAX_ENTRIES * WIDTH) return;
    const length = wanted * WIDTH;
    this.#budget.replace(before.byteLength, length * 4);
    const after = new Uint32Array(length);
    for (let at = 0; at < before.length; at += WIDTH) {
      if (before[at] === 0) continue;
      const to = place(before[at]!, before[at + 1]!, length);
      after[to] = before[at]!;
      after[to + 1] = before[at + 1]!;
      after[to + 2] = before[at + 2]!;
    }
    before.buffer.transfer(0); // free at once
    this.#entries = after;
  }
}

/** Where an entry stands among `length` numbers, a power of two. */
function place(left: number, right: number, length: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), WIDTH) & (length - 1);
}
