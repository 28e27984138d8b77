import { EVERYTHING, type LabelMap, matches, type Selector, type WorkloadSelector } from '../../kubernetes/index.ts';

/**
 * Whether every set of labels that the first matches is matched by the second, also of pods that do not exist yet. `false` where that is not
 * plain from how they are written: nothing is called redundant by mistake.
 */
export function implies(a: Selector, b: Selector): boolean {
  if (a.kind === 'nothing' || b.kind === 'everything' || isSame(a, b)) return true;
  if (b.kind === 'all') return b.of.every((part) => implies(a, part));
  if (a.kind === 'any') return a.of.every((part) => implies(part, b));
  if (a.kind === 'all' && a.of.some((part) => implies(part, b))) return true;
  if (b.kind === 'any') return b.of.some((part) => implies(a, part));
  if (a.kind === 'not' && b.kind === 'not') return implies(b.of, a.of);
  if (a.kind === 'in') return a.values.every((value) => isDecided(b, a.key) && matches(b, new Map([[a.key, value]])));
  return a.kind === 'like' && b.kind === 'has' && a.key === b.key;
}

/** Whether a selector asks for that label and no other, so that its value alone decides. */
function isDecided(selector: Selector, key: string): boolean {
  switch (selector.kind) {
    case 'has':
    case 'in':
    case 'like':
      return selector.key === key;
    case 'not':
      return isDecided(selector.of, key);
    case 'everything':
    case 'nothing':
    case 'all':
    case 'any':
      return false;
  }
}

function isSame(a: Selector, b: Selector): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Everybody whom the first selects, the second selects. */
export function selectsWithin(a: WorkloadSelector, b: WorkloadSelector): boolean {
  return (
    implies(a.namespaces, b.namespaces) &&
    implies(a.pods, b.pods) &&
    implies(a.serviceAccounts ?? EVERYTHING, b.serviceAccounts ?? EVERYTHING)
  );
}

/** Labels that a selector matches, as few as can be; `undefined` where none were found. */
export function exampleLabels(selector: Selector): LabelMap | undefined {
  const labels = wanted(selector);
  return labels !== undefined && matches(selector, labels) ? labels : undefined;
}

function wanted(selector: Selector): LabelMap | undefined {
  switch (selector.kind) {
    case 'everything':
    case 'not':
      return new Map();
    case 'nothing':
      return undefined;
    case 'has':
      return new Map([[selector.key, 'any']]);
    case 'in':
      return selector.values.length === 0 ? undefined : new Map([[selector.key, selector.values[0]!]]);
    case 'like':
      return new Map([[selector.key, selector.text]]);
    case 'all': {
      const parts = selector.of.map(wanted);
      return parts.includes(undefined) ? undefined : new Map(parts.flatMap((part) => [...part!]));
    }
    case 'any':
      return selector.of.map(exampleLabels).find((labels) => labels !== undefined);
  }
}
