import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { type AllowedPorts, ConnectionSet, formatEnd, reachability } from '../../src/cluster/index.ts';
import { type Cluster, readCluster } from '../../src/kubernetes/index.ts';
import { type Address, parseAddress, parsePrefix, prefixRange } from '../../src/net/index.ts';
import { IntervalSet } from '../../src/packetset/index.ts';
import { SourceFile } from '../../src/source/index.ts';

/**
 * Folders of manifests with the connectivity that others expect of them. Compared as sets: IPv4, TCP, UDP and SCTP, ports 1 to 65535; connections of
 * a workload with itself and between two outside ends are left out (`README.md` of the corpora).
 */
const CORPUS = resolve(import.meta.dirname, '../../../shared/corpora/kubernetes-reach');

interface Expected {
  readonly refuse?: boolean;
  readonly mayAnswer?: boolean;
  readonly endpoints?: readonly { readonly id: string }[];
  readonly connections?: readonly {
    readonly from: string;
    readonly to: string;
    readonly allowed: readonly AllowedPorts[];
  }[];
}

const skip = existsSync(CORPUS)
  ? false
  : `SKIPPED: what others expect of manifests is not beside this checkout (${CORPUS})`;

describe('connectivity that others expect of manifests', () => {
  const cases = skip
    ? []
    : readdirSync(CORPUS, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
  it('has cases', { skip }, () => assert.ok(cases.length >= 60)); // a skipped suite is not counted, a skipped test is
  for (const name of cases) {
    it(name, () => {
      const expected = JSON.parse(readFileSync(join(CORPUS, name, 'expected.json'), 'utf8')) as Expected;
      const { cluster, diagnostics } = readCluster(filesOf(join(CORPUS, name, 'manifests')));
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      if (expected.refuse === true) {
        if (expected.mayAnswer !== true) assert.ok(errors.length > 0, 'answered');
        return;
      }
      assert.deepEqual(
        errors.map(({ message }) => message),
        [],
      );
      // Theirs are those that have any connection.
      const ids = new Set(Array.from(reachability(cluster).endpoints(), formatEnd));
      assert.deepEqual(
        expected.endpoints!.filter(({ id }) => !ids.has(id)),
        [],
      );
      const [ours, theirs] = [found(cluster), wanted(expected)];
      assert.deepEqual(ours.format(), theirs.format());
    });
  }
});

function filesOf(folder: string): SourceFile[] {
  return globSync('**/*.{yaml,yml,json}', { cwd: folder })
    .sort()
    .map((file) => new SourceFile(file, readFileSync(join(folder, file), 'utf8')));
}

/** Connections by their ends; addresses as one set for each set of ports. */
class Connectivity {
  readonly #pairs = new Map<string, ConnectionSet>();
  readonly #outside = new Map<string, { range: { first: bigint; last: bigint }; ports: ConnectionSet }[]>();

  add(from: string, to: string, ports: ConnectionSet): void {
    if (from === to || ports.isEmpty) return;
    const [outsideFrom, outsideTo] = [addressesIn(from), addressesIn(to)];
    if (outsideFrom === undefined && outsideTo === undefined) {
      const key = `${from} -> ${to}`;
      this.#pairs.set(key, ports.union(this.#pairs.get(key) ?? ConnectionSet.none));
      return;
    }
    const range = outsideFrom ?? outsideTo!;
    if ((outsideFrom !== undefined && outsideTo !== undefined) || range === 'IPv6') return;
    if (from.startsWith('{') || to.startsWith('{')) return;
    const key = outsideFrom === undefined ? `${from} -> outside` : `outside -> ${to}`;
    const known = this.#outside.get(key);
    if (known === undefined) this.#outside.set(key, [{ range, ports }]);
    else known.push({ range, ports });
  }

  format(): string[] {
    const pairs = [...this.#pairs].map(([key, ports]) => `${key}: ${ports}`);
    const outside = [...this.#outside].flatMap(([key, entries]) => {
      const starts = [...new Set(entries.flatMap(({ range }) => [range.first, range.last + 1n]))].sort((a, b) =>
        a < b ? -1 : 1,
      );
      const alike = new Map<ConnectionSet, { first: bigint; last: bigint }[]>();
      for (const [at, first] of starts.slice(0, -1).entries()) {
        const ports = entries
          .filter(({ range }) => range.first <= first && first <= range.last)
          .reduce((set, entry) => set.union(entry.ports), ConnectionSet.none);
        if (!ports.isEmpty) alike.set(ports, [...(alike.get(ports) ?? []), { first, last: starts[at + 1]! - 1n }]);
      }
      return [...alike].map(([ports, ranges]) => {
        const { intervals } = IntervalSet.of(ranges);
        return `${key}: ${ports} at ${intervals.map(({ first, last }) => `${first}-${last}`).join()}`;
      });
    });
    return [...pairs, ...outside].sort();
  }
}

/** The addresses that an end is; `undefined` where it is none. */
function addressesIn(id: string): { first: bigint; last: bigint } | 'IPv6' | undefined {
  const [first, last] = id.split('-').map((text) => parseAddress(text));
  if (first !== undefined && last !== undefined) return first.family === 6 ? 'IPv6' : between(first, last);
  const prefix = parsePrefix(id);
  if ('kind' in prefix) return undefined;
  return prefix.family === 6 ? 'IPv6' : prefixRange(prefix);
}

function between(first: Address, last: Address): { first: bigint; last: bigint } {
  return { first: first.value, last: last.value };
}

function found(cluster: Cluster): Connectivity {
  const all = new Connectivity();
  for (const { from, to, bounds } of reachability(cluster).pairs()) {
    all.add(formatEnd(from), formatEnd(to), setOf(bounds.possibly.allowed()));
  }
  return all;
}

function wanted({ connections }: Expected): Connectivity {
  const all = new Connectivity();
  for (const { from, to, allowed } of connections ?? []) all.add(from, to, setOf(allowed));
  return all;
}

function setOf(allowed: readonly AllowedPorts[]): ConnectionSet {
  return allowed.reduce((set, { protocol, ports = '1-65535' }) => {
    return ports.split(',').reduce((sum, text) => {
      const [first, last = first] = text.split('-').map(Number);
      return sum.union(ConnectionSet.of(protocol, first, last));
    }, set);
  }, ConnectionSet.none);
}
