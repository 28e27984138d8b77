/** Joins pairwise, halves first, so that the work is n log n and not quadratic; `none` for an empty list. */
export function balanced<T>(items: readonly T[], none: T, join: (left: T, right: T) => T): T {
  const over = (from: number, to: number): T => {
    if (to - from === 1) return items[from]!;
    const middle = (from + to) >> 1;
    return join(over(from, middle), over(middle, to));
  };
  return items.length === 0 ? none : over(0, items.length);
}
