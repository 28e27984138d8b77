import { balanced } from './balanced.ts';
import { type DiagramStore, OTHER_THAN_0, TERMINALS } from './diagram.ts';
import { NodeMap } from './node-map.ts';

/** What a dimension is asked instead: with this value, or whether a set (over any dimensions) holds the packet. */
export type Replacement =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'set'; readonly set: number };

/**
 * `f` asked with other values: where `replacement` gives a number, the dimension has that value; where it gives a diagram (a
 * set over any dimensions), the yes-or-no dimension holds where the set does. All at once, as an assignment of several
 * variables. `f` must not have the terminal 0 below a dimension that becomes a set.
 */
export function rewrite(
  store: DiagramStore,
  f: number,
  replacement: (dimension: number) => Replacement | undefined,
): number {
  return walk(f, (node, visit) => {
    const dimension = store.dimensionOf(node);
    const by = replacement(dimension);
    if (by === undefined) return rebuild(store, node, visit);
    if (by.kind === 'value') return visit(store.follow(node, dimension, by.value));
    const holds = visit(store.follow(node, dimension, 1));
    const fails = visit(store.follow(node, dimension, 0));
    return store.substitute(0, store.substitute(1, by.set, holds), fails);
  });
}

/** A set without its opinion on some dimensions: a packet is in it when any values there would put it in. */
export function forget(store: DiagramStore, set: number, isForgotten: (dimension: number) => boolean): number {
  return walk(set, (node, visit) => {
    const dimension = store.dimensionOf(node);
    const count = store.edgeCount(node);
    if (isForgotten(dimension)) {
      const children = new Set(Array.from({ length: count }, (_, edge) => visit(store.edgeChild(node, edge))));
      return balanced([...children], 0, (a, b) => store.substitute(0, a, b));
    }
    return store.node(
      dimension,
      Array.from({ length: count }, (_, edge) => [store.edgeUpper(node, edge), visit(store.edgeChild(node, edge))]),
    );
  });
}

/** Every dimension that the diagram asks for. */
export function dimensionsIn(store: DiagramStore, f: number): ReadonlySet<number> {
  const dimensions = new Set<number>();
  walk(f, (node, visit) => {
    dimensions.add(store.dimensionOf(node));
    for (let edge = 0; edge < store.edgeCount(node); edge++) visit(store.edgeChild(node, edge));
    return 0;
  });
  return dimensions;
}

/**
 * A packet of a set that leads to one of the terminals (bits, 1 << t for each) in `f`, as the values of the dimensions that they ask for;
 * `undefined` where there is none.
 */
export function packetReaching(
  store: DiagramStore,
  set: number,
  f: number,
  terminals: number,
): Map<number, number> | undefined {
  const values = new Map<number, number>();
  return store.someReach(set, f, terminals, values) ? values : undefined;
}

/** A packet of both sets, as above. */
export function commonPacket(store: DiagramStore, f: number, g: number): Map<number, number> | undefined {
  return packetReaching(store, f, g, OTHER_THAN_0);
}

/** The lowest value with which two sets that meet still do; at least one of them asks for the dimension, and none for an earlier one. */
export function firstCommonValue(store: DiagramStore, a: number, b: number, dimension: number): number {
  let value = 0;
  for (;;) {
    const below = store.follow(a, dimension, value);
    if (below !== 0 && store.intersects(below, store.follow(b, dimension, value))) return value;
    // What is not in the set at all is passed over at once, however many edges the other has there.
    const beyondA = store.dimensionOf(a) === dimension ? store.lastAlike(a, value) : Infinity;
    const beyondB = below !== 0 && store.dimensionOf(b) === dimension ? store.lastAlike(b, value) : Infinity;
    value = 1 + Math.min(beyondA, beyondB);
  }
}

/** The terminal that a packet with these values leads to; a value that is not in the map is 0. */
export function valueAt(store: DiagramStore, node: number, values: ReadonlyMap<number, number>): number {
  let at = node;
  while (!store.isTerminal(at)) {
    const dimension = store.dimensionOf(at);
    at = store.follow(at, dimension, values.get(dimension) ?? 0);
  }
  return at;
}

/** Every node once, terminals not at all: they stand for themselves. */
function walk(f: number, change: (node: number, visit: (child: number) => number) => number): number {
  const done = new NodeMap();
  const visit = (node: number): number => {
    if (node < TERMINALS) return node;
    let result = done.get(node);
    if (result === -1) {
      result = change(node, visit);
      done.set(node, result);
    }
    return result;
  };
  return visit(f);
}

/** A node with its children changed; they may ask for earlier dimensions now, and then its edges are cut out and joined. */
function rebuild(store: DiagramStore, node: number, change: (child: number) => number): number {
  const dimension = store.dimensionOf(node);
  const count = store.edgeCount(node);
  const edges: [number, number][] = [];
  for (let edge = 0; edge < count; edge++)
    edges.push([store.edgeUpper(node, edge), change(store.edgeChild(node, edge))]);
  if (edges.every(([, child]) => store.dimensionOf(child) > dimension)) return store.node(dimension, edges);
  const highest = store.edgeUpper(node, count - 1);
  let result = 0;
  let first = 0;
  for (const [upper, child] of edges) {
    const within = store.cut(dimension, first, upper, highest, 1);
    result = store.substitute(0, result, store.substitute(1, within, child));
    first = upper + 1;
  }
  return result;
}
