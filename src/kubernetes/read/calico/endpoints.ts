import type { WorkloadSelector } from '../../policy.ts';
import { SERVICE_ACCOUNT_NAME } from '../../policy.ts';
import {
  allOf,
  anyOf,
  EVERYTHING,
  type LabelMap,
  NAMESPACE_NAME,
  NOTHING,
  notOf,
  type Selector,
} from '../../selector.ts';
import {
  NAME_LABEL,
  NAMESPACE_LABEL,
  NAMESPACE_PREFIX,
  ORCHESTRATOR_LABEL,
  SERVICE_ACCOUNT_LABEL,
  SERVICE_ACCOUNT_PREFIX,
} from './labels.ts';

/**
 * To Calico, a pod has one set of labels: its own, those of its namespace and of its service account with a prefix each, and some that
 * Calico puts on it. A selector over these is taken apart here into selectors over the three.
 */
const MOST_TERMS = 64;

/** `namespaceSelector`, written over the labels of a pod. (`all()` there means: in some namespace.) */
export function overNamespace(selector: Selector): Selector {
  return withPrefix(selector, NAMESPACE_PREFIX, { kind: 'has', key: NAMESPACE_LABEL });
}

/** `serviceAccountSelector`, written over the labels of a pod. */
export function overServiceAccount(selector: Selector): Selector {
  return withPrefix(selector, SERVICE_ACCOUNT_PREFIX, { kind: 'has', key: SERVICE_ACCOUNT_LABEL });
}

function withPrefix(selector: Selector, prefix: string, everything: Selector): Selector {
  switch (selector.kind) {
    case 'everything':
      return everything;
    case 'nothing':
      return selector;
    case 'has':
    case 'in':
    case 'like':
      // `global()` stands for itself here: it speaks of the label that Calico puts on what is in a namespace.
      if (selector.kind === 'has' && selector.key === NAMESPACE_LABEL) return selector;
      return { ...selector, key: prefix + selector.key };
    case 'all':
    case 'any':
      return { ...selector, of: selector.of.map((part) => withPrefix(part, prefix, everything)) };
    case 'not':
      return { ...selector, of: withPrefix(selector.of, prefix, everything) };
  }
}

/** Labels of a network set for such selectors: a namespaced one inherits those of its namespace. */
export function networkSetLabels(
  own: LabelMap,
  namespace: { readonly name: string; readonly labels: LabelMap } | undefined,
): LabelMap {
  if (namespace === undefined) return own;
  return new Map([
    ...own,
    [NAMESPACE_LABEL, namespace.name],
    [NAMESPACE_PREFIX + NAME_LABEL, namespace.name],
    ...[...namespace.labels].map(([key, value]) => [NAMESPACE_PREFIX + key, value] as const),
  ]);
}

/** The pods that a selector means: any of these. `undefined`: too many. */
export function workloadSelectors(selector: Selector): readonly WorkloadSelector[] | undefined {
  const terms = apart(selector, false);
  return terms?.map(({ namespace, pod, account }) => ({
    namespaces: namespace,
    pods: pod,
    ...(account.kind === 'everything' ? {} : { serviceAccounts: account }),
  }));
}

type Domain = 'namespace' | 'pod' | 'account';
type Term = Readonly<Record<Domain, Selector>>;

const ALL: Term = { namespace: EVERYTHING, pod: EVERYTHING, account: EVERYTHING };

function apart(selector: Selector, negated: boolean): Term[] | undefined {
  const simple = inOneDomain(selector);
  if (simple !== undefined) return ofOneDomain(simple.domain, negated ? notOf(simple.selector) : simple.selector);
  switch (selector.kind) {
    case 'not':
      return apart(selector.of, !negated);
    case 'all':
    case 'any': {
      const parts = selector.of.map((part) => apart(part, negated));
      const joinsAll = (selector.kind === 'all') !== negated; // De Morgan
      return joinsAll ? product(parts) : sum(parts);
    }
    case 'everything':
    case 'nothing':
    case 'has':
    case 'in':
    case 'like':
      throw new Error('a single test is of one domain');
  }
}

function ofOneDomain(domain: Domain, selector: Selector): Term[] {
  return selector.kind === 'nothing' ? [] : [{ ...ALL, [domain]: selector }];
}

function sum(parts: readonly (readonly Term[] | undefined)[]): Term[] | undefined {
  const terms: Term[] = [];
  for (const part of parts) {
    if (part === undefined) return undefined;
    terms.push(...part);
  }
  return terms.length > MOST_TERMS ? undefined : terms;
}

function product(parts: readonly (readonly Term[] | undefined)[]): Term[] | undefined {
  let terms: readonly Term[] = [ALL];
  for (const part of parts) {
    if (part === undefined) return undefined;
    terms = terms.flatMap((left) => part.map((right) => both(left, right)));
    if (terms.length > MOST_TERMS) return undefined;
  }
  return [...terms];
}

function both(a: Term, b: Term): Term {
  return {
    namespace: allOf([a.namespace, b.namespace]),
    pod: allOf([a.pod, b.pod]),
    account: allOf([a.account, b.account]),
  };
}

/** A selector that only asks for labels of one domain, in the keys of that domain; `undefined` where it asks for several. */
function inOneDomain(selector: Selector): { domain: Domain; selector: Selector } | undefined {
  switch (selector.kind) {
    case 'everything':
    case 'nothing':
      return { domain: 'pod', selector };
    case 'has':
    case 'in':
    case 'like':
      return ofLabel(selector);
    case 'not': {
      const inner = inOneDomain(selector.of);
      return inner === undefined ? undefined : { domain: inner.domain, selector: notOf(inner.selector) };
    }
    case 'all':
    case 'any': {
      const parts = selector.of.map(inOneDomain);
      const domain = parts.find((part) => part !== undefined && !isConstant(part.selector))?.domain ?? 'pod';
      const inner: Selector[] = [];
      for (const part of parts) {
        if (part === undefined || (part.domain !== domain && !isConstant(part.selector))) return undefined;
        inner.push(part.selector);
      }
      return { domain, selector: selector.kind === 'all' ? allOf(inner) : anyOf(inner) };
    }
  }
}

type Test = Extract<Selector, { kind: 'has' | 'in' | 'like' }>;

function ofLabel(test: Test): { domain: Domain; selector: Selector } {
  const { key } = test;
  // Every pod is in a namespace, has a service account and is Kubernetes’ own.
  if (key === NAMESPACE_LABEL) return { domain: 'namespace', selector: renamed(test, NAMESPACE_NAME) };
  if (key === SERVICE_ACCOUNT_LABEL) return { domain: 'account', selector: renamed(test, SERVICE_ACCOUNT_NAME) };
  if (key === ORCHESTRATOR_LABEL) return { domain: 'pod', selector: holds(test, 'k8s') ? EVERYTHING : NOTHING };
  if (key.startsWith(NAMESPACE_PREFIX)) {
    const label = key.slice(NAMESPACE_PREFIX.length);
    return {
      domain: 'namespace',
      selector: label === NAME_LABEL ? renamed(test, NAMESPACE_NAME) : { ...test, key: label },
    };
  }
  if (key.startsWith(SERVICE_ACCOUNT_PREFIX)) {
    const label = key.slice(SERVICE_ACCOUNT_PREFIX.length);
    return {
      domain: 'account',
      selector: label === NAME_LABEL ? renamed(test, SERVICE_ACCOUNT_NAME) : { ...test, key: label },
    };
  }
  return { domain: 'pod', selector: test };
}

/** A test for a label that is always there. */
function renamed(test: Test, key: string): Selector {
  return test.kind === 'has' ? EVERYTHING : { ...test, key };
}

function holds(test: Test, value: string): boolean {
  switch (test.kind) {
    case 'has':
      return true;
    case 'in':
      return test.values.includes(value);
    case 'like':
      return test.how === 'starts'
        ? value.startsWith(test.text)
        : test.how === 'ends'
          ? value.endsWith(test.text)
          : value.includes(test.text);
  }
}

function isConstant({ kind }: Selector): boolean {
  return kind === 'everything' || kind === 'nothing';
}
