import assert from 'node:assert/strict';
import { connections, type End, evaluate } from '../../src/cluster/index.ts';
import { type Cluster, readCluster } from '../../src/kubernetes/index.ts';
import { parseDnsPattern, parsePrefix, prefixRange } from '../../src/net/index.ts';
import { SourceFile } from '../../src/source/index.ts';

/** Manifests, and questions to the cluster that they make: `tcp shop/web -> shop/db:80` is `yes`, `no` or `maybe`. */
export class AskedCluster {
  readonly cluster: Cluster;
  /** `error B0101: ...`, in order. */
  readonly problems: readonly string[];

  constructor(...texts: readonly string[]) {
    const { cluster, diagnostics } = readCluster([new SourceFile('cluster.yaml', texts.join('\n---\n'))]);
    this.cluster = cluster;
    this.problems = diagnostics.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
  }

  ask(question: string): 'yes' | 'no' | 'maybe' {
    const found = /^(tcp|udp|sctp|icmp|icmpv6|other) (\S+) -> (\S+) ([0-9]+)$/.exec(question);
    assert.ok(found !== null, `no question: ${question}`);
    const [, protocol, from, to, port] = found;
    const written = protocol === 'icmpv6' ? 'ICMPv6' : protocol === 'other' ? 'other' : protocol!.toUpperCase();
    const ends = { from: this.#end(from!), to: this.#end(to!) };
    const connection = { protocol: written as 'TCP', port: Number(port) };
    const { certainly, possibly } = evaluate(this.cluster, { ...ends, connection });
    const all = connections(this.cluster, ends.from, ends.to);
    assert.deepEqual(
      { certainly: all.certainly.has(connection), possibly: all.possibly.has(connection) },
      { certainly, possibly },
      `${question}: the quick answer differs from the plain one`,
    );
    return certainly ? 'yes' : possibly ? 'maybe' : 'no';
  }

  #end(text: string): End {
    if (text === 'node' || text === 'api-server' || text === 'ingress-controller') return { kind: text };
    const workload = this.cluster.workloads.find(({ id }) => id.startsWith(`${text}[`));
    if (workload !== undefined) return { kind: 'workload', workload };
    const prefix = parsePrefix(text);
    if (!('kind' in prefix)) return { kind: 'addresses', range: prefixRange(prefix) };
    const name = parseDnsPattern(text);
    assert.ok(name !== undefined, `no end: ${text}`);
    return { kind: 'name', name };
  }
}

/** A pod with labels, as `app: web, tier: front`. */
export function pod(name: string, labels: string, spec = 'containers: []'): string {
  const [namespace, own] = name.split('/');
  return `apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: ${own}, labels: { ${labels} } }
spec: { ${spec} }`;
}

export function namespace(name: string, labels: string): string {
  return `apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { ${labels} } }`;
}

/** A row of a table: manifests beside those of the table, and what becomes of each question. */
export interface Row {
  readonly name: string; // what it shows
  readonly manifests: readonly string[];
  readonly answers: Readonly<Record<string, 'yes' | 'no' | 'maybe'>>;
}

export function checkRow({ manifests, answers }: Row, cluster: string): void {
  const asked = new AskedCluster(cluster, ...manifests);
  assert.deepEqual(
    asked.problems.filter((problem) => problem.startsWith('error')),
    [],
  );
  const found = Object.keys(answers).map((question) => [question, asked.ask(question)]);
  assert.deepEqual(Object.fromEntries(found), answers);
}
