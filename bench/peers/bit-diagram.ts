import { DiagramStore, TERMINALS } from '../../src/packetset/index.ts';

/**
 * The peer of interval diagrams: reduced, ordered binary decision diagrams over the bits of the same dimensions in the same
 * order, most significant bit first, on typed arrays. It answers to the same calls, so that the same questions run on both.
 */
const BITS = 32; // levels kept free for each dimension
const NO_LEVEL = 0xffff_ffff;

export class BitDiagramStore extends DiagramStore {
  #nodes = TERMINALS;
  #level = new Uint32Array(1 << 12).fill(NO_LEVEL, 0, TERMINALS);
  #low = new Uint32Array(1 << 12);
  #high = new Uint32Array(1 << 12);
  #table = new Uint32Array(1 << 13);
  #cacheKey = new Float64Array(1 << 12).fill(-1);
  #cacheRight = new Uint32Array(1 << 12);
  #cacheResult = new Uint32Array(1 << 12);

  override get size(): number {
    return this.#nodes;
  }

  override isTerminal(node: number): boolean {
    return node < TERMINALS;
  }

  override dimensionOf(node: number): number {
    return node < TERMINALS ? 0xffff : this.#level[node]! >> 5;
  }

  override node(dimension: number, edges: Iterable<readonly [upper: number, child: number]>): number {
    const uppers: number[] = [];
    const children: number[] = [];
    for (const [upper, child] of edges) {
      uppers.push(upper);
      children.push(child);
    }
    const width = 32 - Math.clz32(uppers.at(-1)!);
    // Values above the dimension's highest do not occur: they go where the last edge goes.
    uppers[uppers.length - 1] = 2 ** width - 1;
    const build = (first: number, bits: number, from: number, to: number): number => {
      if (from === to) return children[from]!;
      const half = 2 ** (bits - 1);
      const lastLow = first + half - 1;
      let split = from;
      while (uppers[split]! < lastLow) split++;
      const low = build(first, bits - 1, from, split);
      const high = build(first + half, bits - 1, uppers[split] === lastLow ? split + 1 : split, to);
      return this.#make(dimension * BITS + (width - bits), low, high);
    };
    return build(0, width, 0, uppers.length - 1);
  }

  override cut(dimension: number, first: number, last: number, max: number, child: number): number {
    const edges: [number, number][] = first > 0 ? [[first - 1, 0]] : [];
    edges.push([Math.min(last, max), child]);
    if (last < max) edges.push([max, 0]);
    return this.node(dimension, edges);
  }

  override substitute(terminal: number, f: number, g: number): number {
    return this.#apply(terminal, f, g);
  }

  override minus(f: number, g: number): number {
    return this.#apply(TERMINALS, f, g);
  }

  override remap(f: number, to: readonly number[]): number {
    const done = new Map<number, number>();
    const visit = (node: number): number => {
      if (node < TERMINALS) return to[node] ?? node;
      let result = done.get(node);
      if (result === undefined) {
        result = this.#make(this.#level[node]!, visit(this.#low[node]!), visit(this.#high[node]!));
        done.set(node, result);
      }
      return result;
    };
    return visit(f);
  }

  #apply(operation: number, f: number, g: number): number {
    if (operation === TERMINALS) {
      if (f === 0 || f === g) return 0;
      if (g < TERMINALS) return g === 0 ? f : 0;
    } else {
      if (f < TERMINALS) return f === operation ? g : f;
      if (f === g || g === operation) return f;
    }
    const key = f * 16 + operation;
    let slot = this.#slot(key, g);
    if (this.#cacheKey[slot] === key && this.#cacheRight[slot] === g) return this.#cacheResult[slot]!;
    const levelF = this.#level[f]!;
    const levelG = this.#level[g]!;
    const level = Math.min(levelF, levelG);
    const low = this.#apply(operation, levelF === level ? this.#low[f]! : f, levelG === level ? this.#low[g]! : g);
    const high = this.#apply(operation, levelF === level ? this.#high[f]! : f, levelG === level ? this.#high[g]! : g);
    const result = this.#make(level, low, high);
    slot = this.#slot(key, g);
    this.#cacheKey[slot] = key;
    this.#cacheRight[slot] = g;
    this.#cacheResult[slot] = result;
    return result;
  }

  #slot(key: number, right: number): number {
    const mixed = Math.imul(key | 0, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b) ^ (key / 0x1_0000_0000);
    return ((mixed ^ (mixed >>> 15)) >>> 0) & (this.#cacheKey.length - 1);
  }

  #make(level: number, low: number, high: number): number {
    if (low === high) return low;
    const mask = this.#table.length - 1;
    let slot = this.#hash(level, low, high) & mask;
    for (let node = this.#table[slot]!; node !== 0; node = this.#table[slot]!) {
      if (this.#level[node] === level && this.#low[node] === low && this.#high[node] === high) return node;
      slot = (slot + 1) & mask;
    }
    if (this.#nodes === this.#level.length) {
      this.#level = doubled(this.#level);
      this.#low = doubled(this.#low);
      this.#high = doubled(this.#high);
    }
    const node = this.#nodes++;
    this.#level[node] = level;
    this.#low[node] = low;
    this.#high[node] = high;
    this.#table[slot] = node;
    if (this.#nodes * 2 > this.#table.length) this.#rehash();
    return node;
  }

  #hash(level: number, low: number, high: number): number {
    const mixed = Math.imul(level, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  #rehash(): void {
    const table = new Uint32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let node = TERMINALS; node < this.#nodes; node++) {
      let slot = this.#hash(this.#level[node]!, this.#low[node]!, this.#high[node]!) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = node;
    }
    this.#table = table;
    if (this.#cacheKey.length < table.length && this.#cacheKey.length < 1 << 22) {
      this.#cacheKey = new Float64Array(table.length).fill(-1);
      this.#cacheRight = new Uint32Array(table.length);
      this.#cacheResult = new Uint32Array(table.length);
    }
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
