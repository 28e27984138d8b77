import { grown, growth, type Numbers, roomier } from './growth.ts';
import { Budget, type DiagramLimits, DiagramTooLarge } from './limits.ts';
import { OperationCache } from './operation-cache.ts';
import { UNWATCHED, type Watcher } from './watcher.ts';

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
 * diagrams is n log n when done as a balanced tree (`balanced`), and quadratic when done one by one. A narrow `f` costs
 * little, however wide `g` is.
 */
export const TERMINALS = 8;

const TERMINAL_DIMENSION = 0xffff;
const INITIAL_NODES = 1 << 12;
const INITIAL_EDGES = 1 << 14;
const INITIAL_STACK = 1 << 12;

/** Codes of operations in the cache; those below `TERMINALS` are `substitute` of that terminal. */
const MINUS = 8;
const REMAP = 9;
const REACH = 10;
const CODES = 16; // a node and one of these fit into 32 bits, as do
const CHOICES = 1 << TERMINALS; // a node and any choice of terminals: there are at most 2^24 nodes (`Budget`)
export const OTHER_THAN_0 = CHOICES - 2; // all terminals but the first, as bits

/** What a mapping of terminals makes of a node, by the terminals that it reaches: one of them, or */
const OWN = -1; // the node itself: nothing changes
const SEVERAL = -2; // one has to look

interface Mapping {
  readonly number: number; // its name in the cache
  readonly together: readonly number[];
}

const PULSE = 1 << 10; // operations from one pulse to the next; a hundred thousand a second are done at the least

export class DiagramStore {
  readonly watcher: Watcher;
  readonly #budget: Budget;
  readonly #cache: OperationCache;
  #nodes = TERMINALS;
  #dimension = new Uint16Array(INITIAL_NODES).fill(TERMINAL_DIMENSION, 0, TERMINALS);
  #depth = new Uint16Array(INITIAL_NODES); // nodes on the longest way to a terminal, this one included
  #reached = new Uint8Array(INITIAL_NODES); // bit t: the terminal t is reached from here
  #start = new Uint32Array(INITIAL_NODES + 1); // node n's edges are start[n] .. start[n + 1] - 1
  #hash = new Uint32Array(INITIAL_NODES);
  #edges = new Uint32Array(INITIAL_EDGES * 2); // of each the last value, inclusive, and behind it the child
  #table = new Uint32Array(INITIAL_NODES * 2); // open addressing; 0 is an empty slot (a terminal is never looked up)
  #stack = new Uint32Array(INITIAL_STACK * 2); // edges of nodes that are being made, as in `#edges`
  #top = 0; // in `#stack`, counted in edges
  #work = 0; // operations so far, of those that are not found in the cache
  readonly #mappings = new Map<string, Mapping>(); // those of `remap`

  constructor(limits: DiagramLimits = {}, watcher: Watcher = UNWATCHED) {
    this.watcher = watcher;
    this.#budget = new Budget(limits);
    this.#cache = new OperationCache(this.#budget);
    for (let terminal = 0; terminal < TERMINALS; terminal++) this.#reached[terminal] = 1 << terminal;
    for (const array of this.#arrays()) this.#budget.replace(0, array.byteLength);
  }

  #arrays(): readonly Numbers[] {
    const ofNodes = [this.#dimension, this.#depth, this.#reached, this.#start, this.#hash];
    return [...ofNodes, this.#edges, this.#table, this.#stack];
  }

  /** Lets the memory go at once, and not when somebody collects it; nothing can be asked after that. */
  [Symbol.dispose](): void {
    for (const array of this.#arrays()) array.buffer.transfer(0);
    this.#cache[Symbol.dispose]();
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
    return this.#edges[2 * (this.#start[node]! + edge)]!;
  }

  edgeChild(node: number, edge: number): number {
    return this.#edges[2 * (this.#start[node]! + edge) + 1]!;
  }

  /** Where a value leads; the node itself if it does not ask for this dimension. */
  follow(node: number, dimension: number, value: number): number {
    return this.#dimension[node] === dimension ? this.#edges[2 * this.#edgeOf(node, value) + 1]! : node;
  }

  /** The last value, inclusive, of those from `value` on that lead to the same place; of a node that is no terminal. */
  lastAlike(node: number, value: number): number {
    return this.#edges[2 * this.#edgeOf(node, value)]!;
  }

  #edgeOf(node: number, value: number): number {
    let low = this.#start[node]!;
    let high = this.#start[node + 1]! - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#edges[2 * middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The node that asks for `dimension`. Edges ascend by `upper` (inclusive) and the last ends at the dimension's highest
   * value; children ask only for later dimensions. Neighbours that lead to the same place are joined.
   */
  node(dimension: number, edges: Iterable<readonly [upper: number, child: number]>): number {
    const base = this.#top;
    for (const [upper, child] of edges) this.#push(upper, child);
    return this.#make(dimension, base);
  }

  /** `child` for the values from `first` to `last`, both inclusive, of a dimension whose highest is `max`; 0 elsewhere. */
  cut(dimension: number, first: number, last: number, max: number, child: number): number {
    const base = this.#top;
    if (first > 0) this.#push(first - 1, 0);
    this.#push(last < max ? last : max, child);
    if (last < max) this.#push(max, 0);
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

  /** Whether some packet leads to other terminals than 0 in both: for sets, whether they have a packet in common. */
  intersects(f: number, g: number): boolean {
    return this.someReach(f, g, OTHER_THAN_0);
  }

  /**
   * Whether some packet of a set leads to one of the terminals in `f`; they are bits, 1 << t for each. No node is made for the answer.
   * @param packet takes the values of such a packet, where there is one: the lowest, dimension by dimension, of those that are asked
   */
  someReach(set: number, f: number, terminals: number, packet?: Map<number, number>): boolean {
    if (set === 0 || (this.#reached[f]! & terminals) === 0) return false;
    const isCertain = (this.#reached[set]! & 1) === 0 || (this.#reached[f]! & ~terminals) === 0;
    if (isCertain && (packet === undefined || (set < TERMINALS && f < TERMINALS))) return true;
    const left = set * CODES + REACH;
    const right = f * CHOICES + terminals;
    const known = this.#cache.find(left, right);
    if (known === 0 || (known === 1 && packet === undefined)) return known === 1;
    this.#beat();
    const found = this.#someEdgesReach(set, f, terminals, packet);
    if (known === -1) this.#cache.keep(left, right, found ? 1 : 0);
    return found;
  }

  #someEdgesReach(set: number, f: number, terminals: number, packet: Map<number, number> | undefined): boolean {
    const dimension = Math.min(this.#dimension[set]!, this.#dimension[f]!);
    const [ofSet, ofF] = [this.#dimension[set] === dimension, this.#dimension[f] === dimension];
    let i = this.#start[set]!;
    let j = this.#start[f]!;
    const endSet = this.#start[set + 1]!;
    const endF = this.#start[f + 1]!;
    let value = 0; // the first that leads along both edges
    while (!ofSet || i < endSet) {
      const upperSet = ofSet ? this.#edges[2 * i]! : 0xffff_ffff;
      const childSet = ofSet ? this.#edges[2 * i + 1]! : set;
      if (childSet === 0) {
        // With a narrow set, most of a wide `f` is never looked at.
        i++;
        if (i < endSet && ofF) j = this.#edgeBeyond(j, endF, upperSet);
        value = upperSet + 1;
        continue;
      }
      const upperF = ofF ? this.#edges[2 * j]! : 0xffff_ffff;
      if (this.someReach(childSet, ofF ? this.#edges[2 * j + 1]! : f, terminals, packet)) {
        packet?.set(dimension, value);
        return true;
      }
      if (ofF && upperF <= upperSet && ++j === endF) return false;
      if (ofSet && upperSet <= upperF) i++;
      value = (upperF < upperSet ? upperF : upperSet) + 1;
    }
    return false;
  }

  /** `f` with each terminal `t` replaced by the terminal `to[t]`. */
  remap(f: number, to: readonly number[]): number {
    const { number, together } = this.#mapping(to);
    const visit = (node: number): number => {
      const all = together[this.#reached[node]!]!;
      if (all === OWN) return node;
      if (all !== SEVERAL) return all;
      const key = node * CODES + REMAP;
      const known = this.#cache.find(key, number);
      if (known !== -1) return known;
      this.#beat();
      const base = this.#top;
      const end = this.#start[node + 1]!;
      for (let edge = this.#start[node]!; edge < end; edge++)
        this.#push(this.#edges[2 * edge]!, visit(this.#edges[2 * edge + 1]!));
      const result = this.#make(this.#dimension[node]!, base);
      this.#cache.keep(key, number, result);
      return result;
    };
    return visit(f);
  }

  #mapping(to: readonly number[]): Mapping {
    const name = to.join();
    let mapping = this.#mappings.get(name);
    if (mapping === undefined) {
      const target = (terminal: number): number => to[terminal] ?? terminal;
      const together = Array.from({ length: 1 << TERMINALS }, (_, bits) => {
        const terminals = Array.from({ length: TERMINALS }, (_, each) => each).filter((each) => bits & (1 << each));
        if (terminals.every((each) => target(each) === each)) return OWN;
        const targets = new Set(terminals.map(target));
        return targets.size === 1 ? target(terminals[0]!) : SEVERAL;
      });
      mapping = { number: this.#mappings.size, together };
      this.#mappings.set(name, mapping);
    }
    return mapping;
  }

  #apply(operation: number, f: number, g: number): number {
    if (operation === MINUS) {
      if (f === 0 || f === g || (this.#reached[g]! & 1) === 0) return 0;
      if (g === 0) return f;
    } else {
      if ((this.#reached[f]! & (1 << operation)) === 0 || f === g || g === operation) return f;
      if (f === operation) return g;
    }
    const key = f * CODES + operation;
    const known = this.#cache.find(key, g);
    if (known !== -1) return known;
    this.#beat();

    const dimensionF = this.#dimension[f]!;
    const dimensionG = this.#dimension[g]!;
    const base = this.#top;
    if (dimensionF < dimensionG) {
      const end = this.#start[f + 1]!;
      for (let i = this.#start[f]!; i < end; i++)
        this.#push(this.#edges[2 * i]!, this.#apply(operation, this.#edges[2 * i + 1]!, g));
    } else if (dimensionG < dimensionF) {
      const end = this.#start[g + 1]!;
      for (let j = this.#start[g]!; j < end; j++)
        this.#push(this.#edges[2 * j]!, this.#apply(operation, f, this.#edges[2 * j + 1]!));
    } else this.#merge(operation, f, g);
    const result = this.#make(dimensionF < dimensionG ? dimensionF : dimensionG, base);
    this.#cache.keep(key, g, result);
    return result;
  }

  /** Pushes the edges of two nodes that ask for the same. */
  #merge(operation: number, f: number, g: number): void {
    const contested = operation === MINUS ? 0xfe : 1 << operation; // terminals of `f` about which `g` has a say
    let i = this.#start[f]!;
    let j = this.#start[g]!;
    const endF = this.#start[f + 1]!;
    const endG = this.#start[g + 1]!;
    while (i < endF && j < endG) {
      const upperF = this.#edges[2 * i]!;
      const childF = this.#edges[2 * i + 1]!;
      if ((this.#reached[childF]! & contested) === 0) {
        // With a narrow `f`, most of a wide `g` is never looked at.
        this.#push(upperF, childF);
        i++;
        if (i < endF) j = this.#edgeBeyond(j, endG, upperF);
        continue;
      }
      const upperG = this.#edges[2 * j]!;
      const childG = this.#edges[2 * j + 1]!;
      // The first case is the commonest, and too short for a call: `f` leaves the word to `g`.
      const isFree = childF === operation && childF < TERMINALS;
      const child = isFree ? childG : this.#apply(operation, childF, childG);
      this.#push(upperF < upperG ? upperF : upperG, child);
      if (upperF <= upperG) i++;
      if (upperG <= upperF) j++;
    }
  }

  /** The first edge from `edge` on that reaches beyond a value; there is one before `end`. */
  #edgeBeyond(edge: number, end: number, value: number): number {
    let low = edge;
    let step = 1;
    while (low + step < end && this.#edges[2 * (low + step)]! <= value) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, end - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#edges[2 * middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #beat(): void {
    if ((++this.#work & (PULSE - 1)) === 0) this.watcher.pulse();
  }

  #push(upper: number, child: number): void {
    const at = 2 * this.#top++;
    if (at === this.#stack.length) this.#stack = grown(this.#stack, Uint32Array, this.#budget);
    this.#stack[at] = upper;
    this.#stack[at + 1] = child;
  }

  /** The node for the edges on the stack from `base` on, which are taken off it. */
  #make(dimension: number, base: number): number {
    const stack = this.#stack;
    let end = 2 * base;
    let hash = dimension;
    let child = -1;
    for (let at = end; at < 2 * this.#top; at += 2) {
      if (stack[at + 1] === child) stack[end - 2] = stack[at]!;
      else {
        child = stack[at + 1]!;
        stack[end] = stack[at]!;
        stack[end + 1] = child;
        end += 2;
      }
    }
    this.#top = base;
    if (end === 2 * base + 2) return child;

    for (let at = 2 * base; at < end; at += 2) {
      hash = Math.imul(hash ^ stack[at]!, 0x01000193);
      hash = Math.imul(hash ^ stack[at + 1]!, 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    hash >>>= 0;
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (let node = this.#table[slot]!; node !== 0; node = this.#table[slot]!) {
      if (this.#hash[node] === hash && this.#same(node, dimension, 2 * base, end)) return node;
      slot = (slot + 1) & mask;
    }
    return this.#add(dimension, hash, slot, 2 * base, end);
  }

  /** Whether a node has the edges that stand on the stack at these positions. */
  #same(node: number, dimension: number, from: number, end: number): boolean {
    const start = 2 * this.#start[node]!;
    if (this.#dimension[node] !== dimension || 2 * this.#start[node + 1]! - start !== end - from) return false;
    for (let at = from, edge = start; at < end; at++, edge++) if (this.#edges[edge] !== this.#stack[at]) return false;
    return true;
  }

  #add(dimension: number, hash: number, slot: number, from: number, end: number): number {
    const node = this.#nodes;
    if (dimension >= TERMINAL_DIMENSION) throw new DiagramTooLarge(`${TERMINAL_DIMENSION} different conditions`);
    if (node + 1 >= this.#dimension.length) this.#growNodes();
    const start = 2 * this.#start[node]!;
    const stop = start + end - from;
    while (stop > this.#edges.length) this.#edges = roomier(this.#edges, this.#budget);
    let reached = 0;
    let depth = 0;
    for (let at = from, edge = start; at < end; at += 2, edge += 2) {
      const child = this.#stack[at + 1]!;
      this.#edges[edge] = this.#stack[at]!;
      this.#edges[edge + 1] = child;
      reached |= this.#reached[child]!;
      if (this.#depth[child]! > depth) depth = this.#depth[child]!;
    }
    this.#budget.countNode(node, depth + 1);
    this.#depth[node] = depth + 1;
    this.#dimension[node] = dimension;
    this.#reached[node] = reached;
    this.#hash[node] = hash;
    this.#start[node + 1] = stop / 2;
    this.#nodes++;
    this.#table[slot] = node;
    if (this.#nodes * 2 > this.#table.length) this.#rehash();
    return node;
  }

  #growNodes(): void {
    this.#start = grown(this.#start, Uint32Array, this.#budget);
    this.#hash = grown(this.#hash, Uint32Array, this.#budget);
    this.#dimension = grown(this.#dimension, Uint16Array, this.#budget);
    this.#depth = grown(this.#depth, Uint16Array, this.#budget);
    this.#reached = grown(this.#reached, Uint8Array, this.#budget);
  }

  #rehash(): void {
    const length = this.#table.length * growth(this.#table);
    this.#budget.replace(this.#table.byteLength, length * 4);
    const table = new Uint32Array(length);
    const mask = table.length - 1;
    for (let node = TERMINALS; node < this.#nodes; node++) {
      let slot = this.#hash[node]! & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = node;
    }
    this.#table.buffer.transfer(0); // free at once
    this.#table = table;
    this.#cache.growTo(table.length);
  }
}
