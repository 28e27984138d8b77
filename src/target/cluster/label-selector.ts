import type { Selector } from '../../kubernetes/index.ts';
import type { ObjectTree, Tree } from './manifest.ts';

/** A `LabelSelector` of Kubernetes (meta/v1); `undefined` where it cannot say it. */
export function labelSelector(selector: Selector): ObjectTree | undefined {
  const parts = selector.kind === 'all' ? selector.of : selector.kind === 'everything' ? [] : [selector];
  const labels: Record<string, string> = {};
  const expressions: ObjectTree[] = [];
  for (const part of parts) {
    const [only, ...others] = part.kind === 'in' ? part.values : [];
    if (part.kind === 'in' && only !== undefined && others.length === 0 && !(part.key in labels)) {
      labels[part.key] = only;
      continue;
    }
    const expression = expressionOf(part);
    if (expression === undefined) return undefined;
    expressions.push(expression);
  }
  return {
    matchLabels: Object.keys(labels).length === 0 ? undefined : labels,
    matchExpressions: expressions.length === 0 ? undefined : expressions,
  };
}

function expressionOf(part: Selector): ObjectTree | undefined {
  const isNot = part.kind === 'not';
  const inner = isNot ? part.of : part;
  const about = (key: string, operator: string, values?: readonly Tree[]): ObjectTree => ({ key, operator, values });
  if (inner.kind === 'has') return about(inner.key, isNot ? 'DoesNotExist' : 'Exists');
  if (inner.kind !== 'in' || inner.values.length === 0) return undefined;
  return about(inner.key, isNot ? 'NotIn' : 'In', inner.values);
}
