/**
 * Interval decision diagrams with several terminals, hash-consed.
 *
 * A node asks for the value of one dimension (a 32-bit unsigned number) and has one edge for each run of values that
 * lead to the same place:
 *
 *        dport ─┬─ 0-21 ────► 0
 *               ├─ 22 ──────► 1
 *               └─ 23-max ──► 0
 *
 * Along every path dimensions ascend, neighbouring edges lead to different nodes, no node has a single edge, and no two
 * nodes are equal. So a function has exactly one node, and equality is `===`. Terminals are the nodes below
 * `TERMINALS`; a set of packets is a diagram over the terminals 0 (out) and 1 (in).
 *
 * Cost: `substitute` and `minus` visit each pair of nodes once; wide nodes are merged edge by edge, so joining n small
 * diagrams is n log n when done as a balanced tree (`balanced`), and quadratic when done one by one.
 */
export const TERMINALS = 8;

const TERMINAL_DIMENSION = 0xffff;
const MINUS = TERMINALS; // operation codes below it are `substitute` of that terminal
const INITIAL_NODES = 1 << 12;
const INITIAL_CACHE = 1 << 12;
const MAX_CACHE = 1 << 22; // entries of 16 bytes

/** The store ran out of room: the question is larger than the memory it may use. Nothing else is harmed. */
export class DiagramTooLarge extends Error {
  constructor(nodes: number) {
    super(`the packet sets grew beyond ${nodes} nodes`);
    this.name = 'DiagramTooLarge';
  }
}

export interface DiagramLimits {
  readonly maxNodes: number;
}

export class DiagramStore {
  readonly #limits: DiagramLimits;
  #nodes = TERMINALS;
  #dimension = new Uint16Array(INITIAL_NODES).fill(TERMINAL_DIMENSION, 0, TERMINALS);
  #start = new Uint32Array(INITIAL_NODES + 1); // node n's edges are start[n] .. start[n + 1] - 1
  #hash = new Uint32Array(INITIAL_NODES);
  #upper = new Uint32Array(INITIAL_NODES * 4); // of each edge, inclusive
  #child = new Uint32Array(INITIAL_NODES * 4);
  #table = new Uint32Array(INITIAL_NODES * 2); // open addressing; 0 is an empty slot (a terminal is never looked up)
  #cacheKey = new Float64Array(INITIAL_CACHE);
  #cacheRight = new Uint32Array(INITIAL_CACHE);
  #cacheResult = new Uint32Array(INITIAL_CACHE);
  #stackUpper = new Uint32Array(1 << 12);
  #stackChild = new Uint32Array(1 << 12);
  #stack = 0;

  constructor(limits: DiagramLimits = { maxNodes: 20_000_000 }) {
    this.#limits = limits;
    this.#cacheKey.fill(-1);
  }

  /** One path to a terminal other than 0, as the values on it; a dimension that it does not ask for is not in the map. */
  somePath(node: number): Map<number, number> {
    const values = new Map<number, number>();
    for (let at = node; at >= TERMINALS; ) {
      let edge = 0;
      while (this.edgeChild(at, edge) === 0) edge++;
      values.set(this.#dimension[at]!, this.edgeUpper(at, edge));
      at = this.edgeChild(at, edge);
    }
    return values;
  }

  /** The terminal that a packet with these values leads to; a value that is not in the map is 0. */
  valueAt(node: number, values: ReadonlyMap<number, number>): number {
    let at = node;
    while (at >= TERMINALS) {
      const dimension = this.#dimension[at]!;
      at = this.follow(at, dimension, values.get(dimension) ?? 0);
    }
    return at;
  }

  /** Every dimension that the diagram asks for. */
  dimensionsIn(node: number): ReadonlySet<number> {
    const dimensions = new Set<number>();
    const seen = new Set<number>();
    const visit = (at: number): void => {
      if (at < TERMINALS || seen.has(at)) return;
      seen.add(at);
      dimensions.add(this.#dimension[at]!);
      for (let edge = 0; edge < this.edgeCount(at); edge++) visit(this.edgeChild(at, edge));
    };
    visit(node);
    return dimensions;
  }

  /** Nodes in the store, terminals included. */
  get size(): number {
    return this.#nodes;
  }

  isTerminal(node: number): boolean {
    return node < TERMINALS;
  }

  /** `TERMINAL_DIMENSION` (the highest) for a terminal. */
  dimensionOf(node: number): number {
    return this.#dimension[node]!;
  }

  edgeCount(node: number): number {
    return node < TERMINALS ? 0 : this.#start[node + 1]! - this.#start[node]!;
  }

  /** The last value, inclusive, of an edge; the first is one more than the previous edge's last, or 0. */
  edgeUpper(node: number, edge: number): number {
    return this.#upper[this.#start[node]! + edge]!;
  }

  edgeChild(node: number, edge: number): number {
    return this.#child[this.#start[node]! + edge]!;
  }

  /** Where a value leads; the node itself if it does not ask for this dimension. */
  follow(node: number, dimension: number, value: number): number {
    if (this.#dimension[node] !== dimension) return node;
    let low = this.#start[node]!;
    let high = this.#start[node + 1]! - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#upper[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return this.#child[low]!;
  }

  /**
   * The node that asks for `dimension`. Edges ascend by `upper` (inclusive) and the last ends at the dimension's highest
   * value; children ask only for later dimensions. Neighbours that lead to the same place are joined.
   */
  node(dimension: number, edges: Iterable<readonly [upper: number, child: number]>): number {
    const base = this.#stack;
    for (const [upper, child] of edges) this.#push(upper, child);
    return this.#make(dimension, base);
  }

  /** `f` with its terminal `terminal` replaced by `g`. For sets, `substitute(0, f, g)` is union, `substitute(1, f, g)` intersection. */
  substitute(terminal: number, f: number, g: number): number {
    return this.#apply(terminal, f, g);
  }

  /** `f` where `g` is 0, and 0 elsewhere; for sets, the difference. */
  minus(f: number, g: number): number {
    return this.#apply(MINUS, f, g);
  }

  /** `f` with each terminal `t` replaced by the terminal `to[t]`. */
  remap(f: number, to: readonly number[]): number {
    const done = new Map<number, number>();
    const visit = (node: number): number => {
      if (node < TERMINALS) return to[node] ?? node;
      const known = done.get(node);
      if (known !== undefined) return known;
      const base = this.#stack;
      const end = this.#start[node + 1]!;
      for (let edge = this.#start[node]!; edge < end; edge++) this.#push(this.#upper[edge]!, visit(this.#child[edge]!));
      const result = this.#make(this.#dimension[node]!, base);
      done.set(node, result);
      return result;
    };
    return visit(f);
  }

  /**
   * `f` asked with other values: where `replacement` gives a number, the dimension has that value; where it gives a diagram (a
   * set over any dimensions), the yes-or-no dimension holds where the set does. All at once, as an assignment of several
   * variables. `f` must not have the terminal 0 below a dimension that becomes a set.
   */
  rewrite(f: number, replacement: (dimension: number) => Replacement | undefined): number {
    const done = new Map<number, number>();
    const visit = (node: number): number => {
      if (node < TERMINALS) return node;
      const known = done.get(node);
      if (known !== undefined) return known;
      const dimension = this.#dimension[node]!;
      const by = replacement(dimension);
      let result: number;
      if (by === undefined) result = this.#rebuild(node, visit);
      else if (by.kind === 'value') result = visit(this.follow(node, dimension, by.value));
      else {
        const holds = visit(this.follow(node, dimension, 1));
        const fails = visit(this.follow(node, dimension, 0));
        result = this.substitute(0, this.substitute(1, by.set, holds), fails);
      }
      done.set(node, result);
      return result;
    };
    return visit(f);
  }

  /** A set without its opinion on some dimensions: a packet is in it when any values there would put it in. */
  forget(set: number, isForgotten: (dimension: number) => boolean): number {
    const done = new Map<number, number>();
    const visit = (node: number): number => {
      if (node < TERMINALS) return node;
      const known = done.get(node);
      if (known !== undefined) return known;
      const dimension = this.#dimension[node]!;
      const count = this.edgeCount(node);
      let result: number;
      if (isForgotten(dimension)) {
        const children = new Set(Array.from({ length: count }, (_, edge) => visit(this.edgeChild(node, edge))));
        result = balanced([...children], 0, (a, b) => this.substitute(0, a, b));
      } else {
        result = this.node(
          dimension,
          Array.from({ length: count }, (_, edge) => [this.edgeUpper(node, edge), visit(this.edgeChild(node, edge))]),
        );
      }
      done.set(node, result);
      return result;
    };
    return visit(set);
  }

  /** A node with its children changed; they may ask for earlier dimensions now, and then its edges are cut out and joined. */
  #rebuild(node: number, change: (child: number) => number): number {
    const dimension = this.#dimension[node]!;
    const count = this.edgeCount(node);
    const edges: [number, number][] = [];
    for (let edge = 0; edge < count; edge++)
      edges.push([this.edgeUpper(node, edge), change(this.edgeChild(node, edge))]);
    if (edges.every(([, child]) => this.#dimension[child]! > dimension)) return this.node(dimension, edges);
    const highest = this.edgeUpper(node, count - 1);
    let result = 0;
    let first = 0;
    for (const [upper, child] of edges) {
      const within = this.node(dimension, cut(first, upper, highest));
      result = this.substitute(0, result, this.substitute(1, within, child));
      first = upper + 1;
    }
    return result;
  }

  #apply(operation: number, f: number, g: number): number {
    if (operation === MINUS) {
      if (f === 0 || f === g) return 0;
      if (g < TERMINALS) return g === 0 ? f : 0;
    } else {
      if (f < TERMINALS) return f === operation ? g : f;
      if (f === g || g === operation) return f;
    }
    const key = f * 16 + operation;
    let slot = this.#slot(key, g);
    if (this.#cacheKey[slot] === key && this.#cacheRight[slot] === g) return this.#cacheResult[slot]!;

    const dimensionF = this.#dimension[f]!;
    const dimensionG = this.#dimension[g]!;
    const base = this.#stack;
    let result: number;
    if (dimensionF < dimensionG) {
      const end = this.#start[f + 1]!;
      for (let i = this.#start[f]!; i < end; i++)
        this.#push(this.#upper[i]!, this.#apply(operation, this.#child[i]!, g));
      result = this.#make(dimensionF, base);
    } else if (dimensionG < dimensionF) {
      const end = this.#start[g + 1]!;
      for (let j = this.#start[g]!; j < end; j++)
        this.#push(this.#upper[j]!, this.#apply(operation, f, this.#child[j]!));
      result = this.#make(dimensionG, base);
    } else {
      let i = this.#start[f]!;
      let j = this.#start[g]!;
      const endF = this.#start[f + 1]!;
      const endG = this.#start[g + 1]!;
      while (i < endF && j < endG) {
        const upperF = this.#upper[i]!;
        const childF = this.#child[i]!;
        if (operation === MINUS ? childF === 0 : childF < TERMINALS && childF !== operation) {
          // Whatever `g` says here, `f` stands: with a narrow `f`, most of a wide `g` is never looked at.
          this.#push(upperF, childF);
          i++;
          if (i < endF) j = this.#edgeBeyond(j, endG, upperF);
          continue;
        }
        const upperG = this.#upper[j]!;
        this.#push(upperF < upperG ? upperF : upperG, this.#apply(operation, childF, this.#child[j]!));
        if (upperF <= upperG) i++;
        if (upperG <= upperF) j++;
      }
      result = this.#make(dimensionF, base);
    }
    slot = this.#slot(key, g); // the cache may have grown meanwhile
    this.#cacheKey[slot] = key;
    this.#cacheRight[slot] = g;
    this.#cacheResult[slot] = result;
    return result;
  }

  /** The first edge from `edge` on that reaches beyond a value; there is one before `end`. */
  #edgeBeyond(edge: number, end: number, value: number): number {
    let low = edge;
    let step = 1;
    while (low + step < end && this.#upper[low + step]! <= value) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, end - 1);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#upper[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #slot(key: number, right: number): number {
    const mixed = Math.imul(key | 0, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b) ^ (key / 0x1_0000_0000);
    return ((mixed ^ (mixed >>> 15)) >>> 0) & (this.#cacheKey.length - 1);
  }

  #push(upper: number, child: number): void {
    if (this.#stack === this.#stackUpper.length) {
      this.#stackUpper = grown(this.#stackUpper);
      this.#stackChild = grown(this.#stackChild);
    }
    this.#stackUpper[this.#stack] = upper;
    this.#stackChild[this.#stack++] = child;
  }

  /** The node for the edges on the stack from `base` on, which are taken off it. */
  #make(dimension: number, base: number): number {
    const uppers = this.#stackUpper;
    const children = this.#stackChild;
    let end = base;
    for (let at = base; at < this.#stack; at++) {
      if (end > base && children[end - 1] === children[at]) uppers[end - 1] = uppers[at]!;
      else {
        uppers[end] = uppers[at]!;
        children[end++] = children[at]!;
      }
    }
    this.#stack = base;
    if (end === base + 1) return children[base]!;

    let hash = dimension;
    for (let at = base; at < end; at++) {
      hash = Math.imul(hash ^ uppers[at]!, 0x01000193);
      hash = Math.imul(hash ^ children[at]!, 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    hash >>>= 0;
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (let node = this.#table[slot]!; node !== 0; node = this.#table[slot]!) {
      if (this.#hash[node] === hash && this.#same(node, dimension, base, end)) return node;
      slot = (slot + 1) & mask;
    }
    return this.#add(dimension, hash, slot, base, end);
  }

  #same(node: number, dimension: number, base: number, end: number): boolean {
    const start = this.#start[node]!;
    if (this.#dimension[node] !== dimension || this.#start[node + 1]! - start !== end - base) return false;
    for (let at = base, edge = start; at < end; at++, edge++) {
      if (this.#upper[edge] !== this.#stackUpper[at] || this.#child[edge] !== this.#stackChild[at]) return false;
    }
    return true;
  }

  #add(dimension: number, hash: number, slot: number, base: number, end: number): number {
    const node = this.#nodes;
    if (node >= this.#limits.maxNodes) throw new DiagramTooLarge(this.#limits.maxNodes);
    if (node + 1 >= this.#dimension.length) this.#growNodes();
    const start = this.#start[node]!;
    const stop = start + end - base;
    while (stop > this.#upper.length) {
      this.#upper = grown(this.#upper);
      this.#child = grown(this.#child);
    }
    this.#upper.set(this.#stackUpper.subarray(base, end), start);
    this.#child.set(this.#stackChild.subarray(base, end), start);
    this.#dimension[node] = dimension;
    this.#hash[node] = hash;
    this.#start[node + 1] = stop;
    this.#nodes++;
    this.#table[slot] = node;
    if (this.#nodes * 2 > this.#table.length) this.#rehash();
    return node;
  }

  #growNodes(): void {
    const dimension = new Uint16Array(this.#dimension.length * 2);
    dimension.set(this.#dimension);
    this.#dimension = dimension;
    this.#start = grown(this.#start);
    this.#hash = grown(this.#hash);
  }

  #rehash(): void {
    const table = new Uint32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let node = TERMINALS; node < this.#nodes; node++) {
      let slot = this.#hash[node]! & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = node;
    }
    this.#table = table;
    if (this.#cacheKey.length < table.length && this.#cacheKey.length < MAX_CACHE) {
      // Results kept so far are only a shortcut: they are dropped rather than moved.
      this.#cacheKey = new Float64Array(table.length).fill(-1);
      this.#cacheRight = new Uint32Array(table.length);
      this.#cacheResult = new Uint32Array(table.length);
    }
  }
}

export type Replacement =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'set'; readonly set: number };

/** Edges that lead to 1 from `first` to `last`, both inclusive, and to 0 elsewhere up to `highest`. */
function cut(first: number, last: number, highest: number): [number, number][] {
  const edges: [number, number][] = first > 0 ? [[first - 1, 0]] : [];
  edges.push([last, 1]);
  if (last < highest) edges.push([highest, 0]);
  return edges;
}

/** Joins pairwise, halves first, so that the work is n log n and not quadratic; `none` for an empty list. */
export function balanced<T>(items: readonly T[], none: T, join: (left: T, right: T) => T): T {
  const over = (from: number, to: number): T => {
    if (to - from === 1) return items[from]!;
    const middle = (from + to) >> 1;
    return join(over(from, middle), over(middle, to));
  };
  return items.length === 0 ? none : over(0, items.length);
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
