const INITIAL_PLACES = 1 << 8;

/** What has been found for each node in one walk over a diagram: a hash table of 16 bytes or less for a node. */
export class NodeMap {
  #places = new Uint32Array(INITIAL_PLACES * 2); // node and value by turns; node 0, a terminal, is an empty place
  #count = 0;

  /** -1 where there is nothing yet. */
  get(node: number): number {
    const places = this.#places;
    for (let at = firstPlace(node, places.length); places[at] !== 0; at = (at + 2) & (places.length - 1))
      if (places[at] === node) return places[at + 1]!;
    return -1;
  }

  /** For a node that has no value yet; none is a terminal. */
  set(node: number, value: number): void {
    if (++this.#count * 4 > this.#places.length) this.#grow();
    this.#put(node, value);
  }

  #put(node: number, value: number): void {
    const places = this.#places;
    let at = firstPlace(node, places.length);
    while (places[at] !== 0) at = (at + 2) & (places.length - 1);
    places[at] = node;
    places[at + 1] = value;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) if (before[at] !== 0) this.#put(before[at]!, before[at + 1]!);
  }
}

function firstPlace(node: number, length: number): number {
  const mixed = Math.imul(node, 0x9e3779b1);
  return ((mixed ^ (mixed >>> 16)) << 1) & (length - 1);
}
