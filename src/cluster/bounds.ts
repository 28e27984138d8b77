import { ConnectionSet } from './connection-set.ts';

/** What is let through for certain, and what may be: `certainly ⊆ possibly`. One object for each pair of sets, as with the sets themselves. */
export interface Bounds {
  readonly certainly: ConnectionSet;
  readonly possibly: ConnectionSet;
}

const known = new WeakMap<ConnectionSet, WeakMap<ConnectionSet, Bounds>>();

export function bounds(certainly: ConnectionSet, possibly: ConnectionSet): Bounds {
  let row = known.get(certainly);
  if (row === undefined) {
    row = new WeakMap();
    known.set(certainly, row);
  }
  let pair = row.get(possibly);
  if (pair === undefined) {
    pair = { certainly, possibly };
    row.set(possibly, pair);
  }
  return pair;
}

export const EVERYTHING_PASSES = bounds(ConnectionSet.all, ConnectionSet.all);
export const NOTHING_PASSES = bounds(ConnectionSet.none, ConnectionSet.none);

export function both(a: Bounds, b: Bounds): Bounds {
  if (a === b || b === EVERYTHING_PASSES || a === NOTHING_PASSES) return a;
  if (a === EVERYTHING_PASSES || b === NOTHING_PASSES) return b;
  return bounds(a.certainly.intersect(b.certainly), a.possibly.intersect(b.possibly));
}

export function either(a: Bounds, b: Bounds): Bounds {
  if (a === b || b === NOTHING_PASSES || a === EVERYTHING_PASSES) return a;
  if (a === NOTHING_PASSES || b === EVERYTHING_PASSES) return b;
  return bounds(a.certainly.union(b.certainly), a.possibly.union(b.possibly));
}
