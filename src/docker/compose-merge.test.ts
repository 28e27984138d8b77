import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { SourceFile } from '../source/index.ts';
import type { DockerFacts } from './facts.ts';
import { readDocker } from './read.ts';

interface Merge {
  readonly name: string;
  readonly base: string;
  readonly over: string;
  readonly merged: string; // without variables, as compose-go 2.4.1, the library of Docker Compose, prints both together
}

const MERGES: readonly Merge[] = JSON.parse(
  readFileSync(new URL('../../test/corpus/docker/compose-merges.json', import.meta.url), 'utf8'),
);

/** Without places and spelling, the published ports in one order, each by itself. */
function facts(...files: readonly string[]): unknown {
  const read = readDocker(files.map((text, index) => new SourceFile(`project/${index}.yaml`, text)));
  assert.ok(read.facts !== undefined, read.diagnostics[0]?.message);
  return plain(read.facts);
}

function plain({ networks, containers }: DockerFacts): unknown {
  return {
    networks: networks.map(({ span: _, ...network }) => network).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    containers: containers
      .map(({ span: _, published, powers, labels, ...container }) => ({
        ...container,
        labels: [...labels].sort(),
        powers: { ...powers, added: powers.added.toSorted(), dropped: [...new Set(powers.dropped)].sort() },
        published: [
          ...new Set(
            published.flatMap(({ written: _w, span: _s, ...port }) => {
              const { first, last } = port.containerPorts;
              return Array.from({ length: last - first + 1 }, (_, index) => {
                const own = { first: first + index, last: first + index };
                const host = port.ports === undefined ? undefined : port.ports.first + index;
                return JSON.stringify({ ...port, containerPorts: own, ports: host }, (_key, value) =>
                  typeof value === 'bigint' ? String(value) : value,
                );
              });
            }),
          ),
        ].sort(),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

describe('Compose files laid over each other are what Compose makes of them', () => {
  for (const { name, base, over, merged } of MERGES) {
    test(name, () => assert.deepEqual(facts(base, over), facts(merged.replaceAll('$', '$$$$'))));
  }

  test('there are some', () => assert.ok(MERGES.length > 10));
});

describe('which files belong together', () => {
  const cases: readonly (readonly [string, readonly (readonly [path: string, text: string])[], readonly string[]])[] = [
    [
      'those of a folder',
      [
        ['a/compose.yml', 'services: { x: { image: i } }'],
        ['a/other.yml', 'services: { y: { image: i } }'],
      ],
      ['a-x-1', 'a-y-1'],
    ],
    [
      'not those of two folders',
      [
        ['a/compose.yml', 'services: { x: { image: i } }'],
        ['b/compose.yml', 'services: { x: { image: i } }'],
      ],
      ['a-x-1', 'b-x-1'],
    ],
    [
      'what cannot stand alone belongs to what is before it',
      [
        ['a/compose.yml', 'services: { x: { image: i } }'],
        ['out/compose.portcullis.yaml', 'services: { x: { cap_drop: [ALL] } }'],
      ],
      ['a-x-1'],
    ],
    [
      'names count for more',
      [
        ['a/compose.yml', 'name: one\nservices: { x: { image: i } }'],
        ['a/other.yml', 'name: two\nservices: { x: { image: i } }'],
        ['b/more.yml', 'name: one\nservices: { z: { image: i } }'],
      ],
      ['one-x-1', 'one-z-1', 'two-x-1'],
    ],
  ];
  for (const [name, files, containers] of cases) {
    test(name, () => {
      const read = readDocker(files.map(([path, text]) => new SourceFile(path, text)));
      assert.deepEqual(read.facts?.containers.map((container) => container.name).toSorted(), containers);
    });
  }

  test('tags that Compose does not know are refused', () => {
    const { facts: found, diagnostics } = readDocker([
      new SourceFile('compose.yml', 'services: { x: { image: !!str i, ports: !other [] } }'),
    ]);
    assert.equal(found, undefined);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['P0012', 'P0012'],
    );
  });
});
