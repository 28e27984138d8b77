/** A line cut at places. Piece i holds from places[i] up to, not including, places[i + 1]; the last one up to the end. */
export class CutLine {
  readonly #places: readonly bigint[]; // ascending, each once
  readonly #rounded: Float64Array; // the same as floating-point numbers: most comparisons need no more

  constructor(places: readonly bigint[]) {
    this.#places = places;
    this.#rounded = Float64Array.from(places, Number);
  }

  get length(): number {
    return this.#places.length;
  }

  /** The piece that holds a value; -1 below the first. */
  pieceAt(value: bigint): number {
    const rounded = Number(value); // in no other order than the values themselves, but several may become one
    let low = -1;
    let high = this.#places.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#rounded[middle]! <= rounded) low = middle;
      else high = middle - 1;
    }
    while (low >= 0 && this.#places[low]! > value) low--;
    return low;
  }
}

/** Where something begins, or ends before; ascending, each once. */
export function placesOf(extents: Iterable<{ readonly first: bigint; readonly last: bigint }>): readonly bigint[] {
  const places: { readonly at: bigint; readonly rounded: number }[] = []; // comparing numbers is far faster
  for (const { first, last } of extents) for (const at of [first, last + 1n]) places.push({ at, rounded: Number(at) });
  places.sort((a, b) => a.rounded - b.rounded || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return places.flatMap(({ at }, index) => (index > 0 && places[index - 1]!.at === at ? [] : [at]));
}
