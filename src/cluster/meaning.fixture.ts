import assert from 'node:assert/strict';
import { addressRange, parseAddress } from '../net/index.ts';
import { connections } from './asking.ts';
import type { End } from './end.ts';
import { evaluate } from './evaluate.ts';
import { clusterOf } from './manifests.fixture.ts';

/**
 * What policies mean, one case for each way in which they are misread; the ideas of what to try are Cyclonus' (docs/generator.md of
 * mattfenwick/cyclonus): conflicts, unions, peers and ports of every kind, all three protocols. Two namespaces with two pods each; every pod
 * listens on 80 and 81 of TCP, UDP and SCTP, the ports have names.
 */
const PODS = ['shop/web', 'shop/db', 'ops/web', 'ops/mon'];
const PORTS = ['TCP', 'UDP', 'SCTP'].flatMap((protocol) =>
  [80, 81].map((port) => `{ name: p${port}-${protocol.toLowerCase()}, protocol: ${protocol}, containerPort: ${port} }`),
);
export const WORLD = [
  '{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { team: a } } }',
  '{ apiVersion: v1, kind: Namespace, metadata: { name: ops, labels: { team: b } } }',
  ...PODS.map((pod) => {
    const [namespace, app] = pod.split('/');
    const meta = `{ name: ${app}, namespace: ${namespace}, labels: { app: ${app}, ${app}: "yes" } }`;
    return `{ apiVersion: v1, kind: Pod, metadata: ${meta}, spec: { containers: [{ name: c, image: i, ports: [${PORTS.join(', ')}] }] } }`;
  }),
];

/** A NetworkPolicy of `shop`, with its spec in flow style. */
export const policy = (spec: string): string =>
  `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: p, namespace: shop }, spec: ${spec} }`;

export interface MeaningCase {
  readonly name: string;
  readonly why: string;
  readonly policies: readonly string[];
  readonly yes?: readonly string[]; // `shop/web -> shop/db TCP 80`; without a port: 80 and 81 of all three protocols
  readonly no?: readonly string[];
}

/** Of the plain reading, and of the sets. @throws AssertionError where one of them says otherwise */
export function assertMeaning({ policies, yes = [], no = [] }: MeaningCase): void {
  const named = policies.map((text, at) => text.replace('name: p,', `name: p${at},`));
  const cluster = clusterOf(...WORLD, ...named);
  const end = (text: string): End => {
    const address = parseAddress(text);
    if (address !== undefined) return { kind: 'addresses', range: addressRange(address) };
    return { kind: 'workload', workload: cluster.workloads.find(({ id }) => id === `${text}[Pod]`)! };
  };
  for (const [expected, lines] of [
    [true, yes],
    [false, no],
  ] as const) {
    for (const line of lines) {
      const [from, , to, ...asked] = line.split(' ') as [string, string, string, ...string[]];
      for (const connection of askedOf(asked)) {
        const found = evaluate(cluster, { from: end(from), to: end(to), connection });
        const text = `${from} -> ${to} ${connection.protocol} ${connection.port}`;
        assert.deepEqual([found.certainly, found.possibly], [expected, expected], text);
        assert.equal(connections(cluster, end(from), end(to)).possibly.has(connection), expected, text);
      }
    }
  }
}

function askedOf([protocol, port]: readonly string[]): { protocol: 'TCP' | 'UDP' | 'SCTP'; port: number }[] {
  if (protocol !== undefined) return [{ protocol: protocol as 'TCP', port: Number(port) }];
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((each) =>
    [80, 81].map((number) => ({ protocol: each, port: number })),
  );
}
