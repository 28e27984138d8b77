/**
 * What labels must be like. One form for the selectors of every product: `matchLabels` and `matchExpressions`, Calico's
 * expressions, Cilium's endpoint selectors.
 */
export type Selector =
  | { readonly kind: 'everything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'has'; readonly key: string }
  /** The label is there and its value is one of these. `NotIn` is `not` of this: it also matches where the label is missing. */
  | { readonly kind: 'in'; readonly key: string; readonly values: readonly string[] }
  /** The label is there and its value begins, ends or is filled so (Calico's `starts with`, `ends with`, `contains`). */
  | { readonly kind: 'like'; readonly key: string; readonly how: 'starts' | 'ends' | 'contains'; readonly text: string }
  | { readonly kind: 'all'; readonly of: readonly Selector[] }
  | { readonly kind: 'any'; readonly of: readonly Selector[] }
  | { readonly kind: 'not'; readonly of: Selector };

export type LabelMap = ReadonlyMap<string, string>;

export const EVERYTHING: Selector = { kind: 'everything' };
export const NOTHING: Selector = { kind: 'nothing' };

export function matches(selector: Selector, labels: LabelMap): boolean {
  switch (selector.kind) {
    case 'everything':
      return true;
    case 'nothing':
      return false;
    case 'has':
      return labels.has(selector.key);
    case 'in': {
      const value = labels.get(selector.key);
      return value !== undefined && selector.values.includes(value);
    }
    case 'like': {
      const value = labels.get(selector.key);
      return value !== undefined && isLike(value, selector.how, selector.text);
    }
    case 'all':
      return selector.of.every((part) => matches(part, labels));
    case 'any':
      return selector.of.some((part) => matches(part, labels));
    case 'not':
      return !matches(selector.of, labels);
  }
}

function isLike(value: string, how: 'starts' | 'ends' | 'contains', text: string): boolean {
  switch (how) {
    case 'starts':
      return value.startsWith(text);
    case 'ends':
      return value.endsWith(text);
    case 'contains':
      return value.includes(text);
  }
}

/** All of these; what adds nothing is left out. */
export function allOf(parts: readonly Selector[]): Selector {
  const kept = parts.flatMap((part) => (part.kind === 'all' ? part.of : part.kind === 'everything' ? [] : [part]));
  if (kept.some(({ kind }) => kind === 'nothing')) return NOTHING;
  return kept.length === 0 ? EVERYTHING : kept.length === 1 ? kept[0]! : { kind: 'all', of: kept };
}

/** Any of these; what adds nothing is left out. */
export function anyOf(parts: readonly Selector[]): Selector {
  const kept = parts.flatMap((part) => (part.kind === 'any' ? part.of : part.kind === 'nothing' ? [] : [part]));
  if (kept.some(({ kind }) => kind === 'everything')) return EVERYTHING;
  const [first = NOTHING, ...others] = kept;
  return others.length === 0 ? first : { kind: 'any', of: kept };
}

/** None of it. */
export function notOf(selector: Selector): Selector {
  if (selector.kind === 'everything') return NOTHING;
  if (selector.kind === 'nothing') return EVERYTHING;
  return selector.kind === 'not' ? selector.of : { kind: 'not', of: selector };
}

/** The same about labels of other names, such as a product gives them. */
export function renamed(selector: Selector, rename: (key: string) => string): Selector {
  switch (selector.kind) {
    case 'everything':
    case 'nothing':
      return selector;
    case 'has':
    case 'in':
    case 'like':
      return { ...selector, key: rename(selector.key) };
    case 'all':
    case 'any':
      return { ...selector, of: selector.of.map((part) => renamed(part, rename)) };
    case 'not':
      return { kind: 'not', of: renamed(selector.of, rename) };
  }
}

/** The label that the API server sets on every namespace to its name (Kubernetes 1.22; KEP-2161). */
export const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export function namespaceNamed(...names: readonly string[]): Selector {
  return { kind: 'in', key: NAMESPACE_NAME, values: names };
}

/** As `matchLabels` does it. */
export function labelled(labels: LabelMap): Selector {
  return allOf([...labels].map(([key, value]) => ({ kind: 'in', key, values: [value] }) as const));
}
