import type { WorkloadSelector } from './policy.ts';
import { allOf, anyOf, NAMESPACE_NAME, NOTHING, notOf, type Selector } from './selector.ts';

/** `app=web, tier in (a, b), !debug`; nothing where it is everybody. */
export function selectorText(written: Selector): string {
  const selector = plain(written);
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
      return selector.of
        .map((part) => (part.kind === 'any' ? `(${selectorText(part)})` : selectorText(part)))
        .join(', ');
    case 'any':
      return selector.of
        .map((part) => (part.kind === 'all' ? `(${selectorText(part)})` : selectorText(part)))
        .join(' or ');
    case 'not':
      return selector.of.kind === 'has' ? `!${selector.of.key}` : `not (${selectorText(selector.of)})`;
  }
}

/** The same without parts that change nothing: words are only for what is asked of the labels. */
function plain(selector: Selector): Selector {
  switch (selector.kind) {
    case 'everything':
    case 'nothing':
    case 'has':
    case 'like':
      return selector;
    case 'in':
      return selector.values.length === 0 ? NOTHING : selector;
    case 'all':
      return allOf(selector.of.map(plain));
    case 'any':
      return anyOf(selector.of.map(plain));
    case 'not':
      return notOf(plain(selector.of));
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
