import type { End } from '../../cluster/index.ts';
import {
  type Cluster,
  type ClusterIntent,
  type ClusterPeer,
  type LabelMap,
  NAMESPACE_NAME,
  SERVICE_ACCOUNT_NAME,
  type Selector,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';
import { type AddressRange, type DnsName, type DnsPattern, wholeFamily } from '../../net/index.ts';
import type { ClusterApproximation } from '../../target/index.ts';
import { type Representative, selects } from './ends.ts';

/** All that the policy, what was written and what was declared say of ends. */
export interface Said {
  readonly selectors: readonly WorkloadSelector[];
  readonly ranges: readonly AddressRange[];
  readonly patterns: readonly DnsPattern[];
}

export function saidOf(intent: ClusterIntent, cluster: Cluster, declared: readonly ClusterApproximation[]): Said {
  const policies = cluster.layers.flatMap(({ stages }) => stages.flatMap((stage) => stage.policies));
  const rules = policies.flatMap(({ ingress, egress }) => [...(ingress?.rules ?? []), ...(egress?.rules ?? [])]);
  const peers: ClusterPeer[] = [
    ...[...intent.grants, ...intent.tests].flatMap(({ from, to }) => [...from, ...to].map(({ peer }) => peer)),
    ...rules.flatMap((rule) => rule.peers),
    ...declared.flatMap(({ from, to }) => [...from, ...to]),
  ];
  const selectors = [
    ...peers.flatMap((peer) => (peer.kind === 'workloads' ? [peer.workloads] : [])),
    ...policies.map(({ subject }) => subject),
    ...rules.flatMap(({ subject }) => subject ?? []),
  ];
  return {
    selectors: [...new Map(selectors.map((each) => [JSON.stringify(each), each])).values()],
    ranges: peers.flatMap((peer) => (peer.kind === 'addresses' ? peer.ranges : [])),
    patterns: peers.flatMap((peer) => (peer.kind === 'names' ? peer.patterns : [])),
  };
}

/** More combinations of labels than are tried: nobody could wait for the answer. */
export class TooManyLabels extends Error {}

const COMBINATIONS_AT_MOST = 200_000;
const PODS_AT_MOST = 1000; // each is asked about each other: some ten seconds
const ELSEWHERE = 'somewhere-else'; // a namespace that nobody names
const OTHERWISE = 'something-else'; // a value that nobody names

/**
 * One pod for each way in which selectors can be met together: of each namespace that is named and of one that is not, with every combination
 * of the labels that are asked for there. Of a governed namespace nothing is known but its name and what was written. @throws TooManyLabels
 */
export function podRepresentatives(
  intent: ClusterIntent,
  { namespaces }: Cluster,
  { selectors }: Said,
): readonly Representative[] {
  const found = new Map<string, Representative>();
  let tried = 0;
  const spaces = valuesOf(selectors.map(({ namespaces }) => namespaces));
  const names = new Set([...intent.governed, ...(spaces.get(NAMESPACE_NAME)?.values ?? []), ELSEWHERE]);
  for (const name of names) {
    const governed = intent.governed.includes(name);
    const others = new Map([...spaces].filter(([key]) => !governed && key !== NAMESPACE_NAME));
    const written = governed ? (namespaces.get(name)?.labels ?? []) : [];
    for (const more of combinations(others)) {
      const namespaceLabels = new Map([...written, [NAMESPACE_NAME, name], ...more]);
      const here = selectors.filter((selector) =>
        selects({ ...ANY, namespaces: selector.namespaces }, pods(namespaceLabels)),
      );
      const accounts = valuesOf(here.flatMap(({ serviceAccounts }) => serviceAccounts ?? []));
      for (const labels of combinations(valuesOf(here.map((selector) => selector.pods)))) {
        for (const account of combinations(accounts)) {
          if (++tried > COMBINATIONS_AT_MOST) throw new TooManyLabels();
          const end = pods(namespaceLabels, labels, account);
          const signature = [governed, ...selectors.map((selector) => (selects(selector, end) ? '1' : '0'))].join('');
          if (!found.has(signature)) found.set(signature, { end, governed });
          if (found.size > PODS_AT_MOST) throw new TooManyLabels();
        }
      }
    }
  }
  return [...found.values()];
}

const ANY: WorkloadSelector = { namespaces: { kind: 'everything' }, pods: { kind: 'everything' } };

function pods(
  namespaceLabels: LabelMap,
  labels: LabelMap = new Map(),
  account: LabelMap = new Map(),
): Extract<End, { kind: 'new-workload' }> {
  const serviceAccountLabels = new Map([[SERVICE_ACCOUNT_NAME, 'default'], ...account]);
  return { kind: 'new-workload', namespaceLabels, labels, serviceAccountLabels };
}

interface Values {
  readonly values: Set<string>;
  asksForKey: boolean; // so that another value is told from none
}

function valuesOf(selectors: readonly Selector[]): Map<string, Values> {
  const found = new Map<string, Values>();
  const at = (key: string): Values => {
    const known = found.get(key) ?? { values: new Set<string>(), asksForKey: false };
    found.set(key, known);
    return known;
  };
  const visit = (selector: Selector): void => {
    switch (selector.kind) {
      case 'everything':
      case 'nothing':
        return;
      case 'has':
        at(selector.key).asksForKey = true;
        return;
      case 'in':
        for (const value of selector.values) at(selector.key).values.add(value);
        return;
      case 'like':
        at(selector.key).values.add(selector.text);
        return;
      case 'all':
      case 'any':
        for (const part of selector.of) visit(part);
        return;
      case 'not':
        visit(selector.of);
        return;
    }
  };
  for (const selector of selectors) visit(selector);
  return found;
}

/** Every way to give each key one of its values, or none. */
function* combinations(values: ReadonlyMap<string, Values>): Generator<Map<string, string>> {
  const [first, ...others] = [...values];
  if (first === undefined) {
    yield new Map();
    return;
  }
  const [key, { values: known, asksForKey }] = first;
  for (const rest of combinations(new Map(others))) {
    yield rest;
    for (const value of [...known, ...(asksForKey ? [OTHERWISE] : [])]) yield new Map([[key, value], ...rest]);
  }
}

/** One range for each way in which ranges hold addresses together. */
export function addressRepresentatives({ ranges }: Said): readonly Representative[] {
  const found = new Map<string, Representative>();
  const distinct = [
    ...new Map(ranges.map((range) => [`${range.family} ${range.first} ${range.last}`, range])).values(),
  ];
  for (const family of [4, 6] as const) {
    const whole = wholeFamily(family);
    const own = distinct.filter((range) => range.family === family);
    const starts = [...new Set([whole.first, ...own.flatMap(({ first, last }) => [first, last + 1n])])]
      .filter((start) => start <= whole.last)
      .sort((a, b) => (a < b ? -1 : 1));
    for (const [index, first] of starts.entries()) {
      const last = (starts[index + 1] ?? whole.last + 1n) - 1n;
      const signature = `${family} ${own.map((range) => (range.first <= first && first <= range.last ? '1' : '0')).join('')}`;
      const end: End = { kind: 'addresses', range: { family, first, last } };
      if (!found.has(signature)) found.set(signature, { end, governed: false });
    }
  }
  return [...found.values()];
}

/** Each name that is written, one below each wildcard, and one that nobody names. */
export function nameRepresentatives({ patterns }: Said): readonly Representative[] {
  const texts = patterns.map(({ name, wildcard }) => (wildcard ? `something-else.${name}` : name));
  const names = new Set([...texts, ...(patterns.length === 0 ? [] : ['nobody-names.example.net'])]);
  return [...names].map((name) => ({
    end: { kind: 'name', name: { name: name as DnsName, wildcard: false } },
    governed: false,
  }));
}

/** What is in the cluster and no pod. */
export const PLACES: readonly Representative[] = [
  { end: { kind: 'node' }, governed: false },
  { end: { kind: 'api-server' }, governed: false },
];
