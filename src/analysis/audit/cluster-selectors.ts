import {
  EVERYTHING,
  type LabelMap,
  matches,
  NAMESPACE_NAME,
  type Selector,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';

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

/** `app=web, tier in (a, b), !debug`; nothing where it is everybody. */
export function selectorText(selector: Selector): string {
  switch (selector.kind) {
    case 'everything':
      return '';
    case 'nothing':
      return 'nobody';
    case 'has':
      return selector.key;
    case 'in':
      return selector.values.length === 1
        ? `${selector.key}=${selector.values[0]}`
        : `${selector.key} in (${selector.values.join(', ')})`;
    case 'like':
      return `${selector.key} ${selector.how} ${selector.text}`;
    case 'all':
      return selector.of.map(selectorText).join(', ');
    case 'any':
      return selector.of.map(selectorText).join(' or ');
    case 'not':
      return selector.of.kind === 'has' ? `!${selector.of.key}` : `not (${selectorText(selector.of)})`;
  }
}

/** The namespaces that it names, where it asks for nothing else of them. */
export function namespacesNamed(selector: Selector): readonly string[] | undefined {
  return selector.kind === 'in' && selector.key === NAMESPACE_NAME ? selector.values : undefined;
}

/** `` `app=web` in the namespace `shop` ``. */
export function workloadsText({ namespaces, pods, serviceAccounts }: WorkloadSelector): string {
  const who = pods.kind === 'everything' ? 'any pod' : `\`${selectorText(pods)}\``;
  const account =
    serviceAccounts === undefined || serviceAccounts.kind === 'everything'
      ? ''
      : ` with a service account \`${selectorText(serviceAccounts)}\``;
  const named = namespacesNamed(namespaces);
  const where =
    named?.length === 1
      ? ` in the namespace \`${named[0]}\``
      : namespaces.kind === 'everything'
        ? ' in any namespace'
        : ` in namespaces \`${selectorText(namespaces)}\``;
  return `${who}${account}${where}`;
}
