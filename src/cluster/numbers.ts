/**
 * Whole numbers as sorted, disjoint, non-adjacent intervals in one flat list, `first, last, first, last, ...`, both inclusive: equal sets
 * have equal lists. (`packetset`'s intervals are of `bigint`, which ports do not need and pairs by the million would pay for.)
 */
export type Numbers = readonly number[];

export function unite(a: Numbers, b: Numbers): Numbers {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const joined: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const fromA = j >= b.length || (i < a.length && a[i]! <= b[j]!);
    const first = fromA ? a[i]! : b[j]!;
    const last = fromA ? a[i + 1]! : b[j + 1]!;
    if (fromA) i += 2;
    else j += 2;
    const end = joined.length - 1;
    if (end > 0 && first <= joined[end]! + 1) joined[end] = Math.max(joined[end]!, last);
    else joined.push(first, last);
  }
  return joined;
}

export function intersect(a: Numbers, b: Numbers): Numbers {
  const common: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const first = Math.max(a[i]!, b[j]!);
    const last = Math.min(a[i + 1]!, b[j + 1]!);
    if (first <= last) common.push(first, last);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return common;
}

export function subtract(a: Numbers, b: Numbers): Numbers {
  const rest: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let first = a[i]!;
    const last = a[i + 1]!;
    while (j < b.length && b[j + 1]! < first) j += 2;
    for (let k = j; k < b.length && b[k]! <= last; k += 2) {
      if (b[k]! > first) rest.push(first, b[k]! - 1);
      first = b[k + 1]! + 1;
    }
    if (first <= last) rest.push(first, last);
  }
  return rest;
}

export function holds(set: Numbers, value: number): boolean {
  for (let i = 0; i < set.length; i += 2) if (set[i]! <= value && value <= set[i + 1]!) return true;
  return false;
}

/** `80-443,8080`. */
export function formatNumbers(set: Numbers): string {
  const parts: string[] = [];
  for (let i = 0; i < set.length; i += 2) parts.push(set[i] === set[i + 1] ? `${set[i]}` : `${set[i]}-${set[i + 1]}`);
  return parts.join(',');
}
