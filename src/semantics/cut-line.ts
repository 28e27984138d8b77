/** A line cut at places. Piece i holds from its place up to, not including, the next one; the last one up to the end. */
export class CutLine {
  readonly #rounded: Float64Array; // the places, ascending: comparing such numbers is far faster
  readonly #exact: readonly bigint[]; // those at the end that such a number may have rounded

  private constructor(small: Float64Array, large: readonly bigint[]) {
    this.#rounded = new Float64Array(small.length + large.length);
    this.#rounded.set(small);
    for (let at = 0; at < large.length; at++) this.#rounded[small.length + at] = Number(large[at]);
    this.#exact = large;
  }

  /** The line cut where each of these begins and behind where it ends. */
  static around(extents: Iterable<{ readonly first: bigint; readonly last: bigint }>): CutLine {
    const small: number[] = [];
    const large: bigint[] = [];
    const cut = (at: bigint): void => {
      if (at <= MOST_EXACT) small.push(Number(at));
      else large.push(at);
    };
    for (const { first, last } of extents) {
      cut(first);
      cut(last + 1n);
    }
    return new CutLine(onceEach(Float64Array.from(small).sort()), onceEach(large.sort(inOrder)));
  }

  get length(): number {
    return this.#rounded.length;
  }

  /** The piece that holds a value; -1 below the first. */
  pieceAt(value: bigint): number {
    const rounded = Number(value); // in no other order than the values themselves, but several may become one
    let low = -1;
    let high = this.#rounded.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#rounded[middle]! <= rounded) low = middle;
      else high = middle - 1;
    }
    const firstExact = this.#rounded.length - this.#exact.length;
    while (low >= firstExact && this.#exact[low - firstExact]! > value) low--;
    return low;
  }
}

const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

function inOrder(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of ascending values, each the first time. */
function onceEach<Values extends Float64Array | bigint[]>(values: Values): Values {
  return values.filter((value, at) => at === 0 || values[at - 1] !== value) as Values; // of the same kind
}
