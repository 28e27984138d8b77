import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type DockerContainer, type PublishedPort, readDocker } from '../../docker/index.ts';
import { formatAddress, isLoopback } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import { narrowPorts, portEntry } from './ports.ts';
import type { Reach } from './reach.ts';
import { yamlFile } from './yaml-text.ts';

function containerOf(...texts: readonly string[]): DockerContainer {
  const { facts, diagnostics } = readDocker(texts.map((text, index) => new SourceFile(`p/${index}.yml`, text)));
  const [container] = facts?.containers ?? [];
  assert.ok(container !== undefined, `${diagnostics[0]?.message}\n${texts.join('\n')}`);
  return container;
}

function composeOf(ports: readonly string[]): string {
  return `services:\n  a:\n    image: i\n    ports:\n${ports.map((port) => `      - ${port}\n`).join('')}`;
}

/** The Compose file with its ports narrowed, as it is read back. */
function narrowed(ports: readonly string[], reachOf: (port: number) => Reach): DockerContainer {
  const base = composeOf(ports);
  const left = narrowPorts(containerOf(base), (_, port) => reachOf(port)).filter(({ fate }) => fate !== 'dropped');
  const list = left.map(portEntry);
  const entry = { key: 'ports', value: { list, tag: '!override' as const } };
  const over = yamlFile([], [{ key: 'services', value: { map: [{ key: 'a', value: { map: [entry] } }] } }]);
  return containerOf(base, over);
}

/** `ADDRESS HOST:CONTAINER/PROTOCOL` for every single port. */
function doors({ published }: DockerContainer): string[] {
  return published
    .flatMap(singles)
    .map(({ at, host, container, protocol }) => `${at} ${host}:${container}/${protocol}`);
}

function singles(port: PublishedPort) {
  const { ports, containerPorts, on, families, protocol } = port;
  const count = containerPorts.last - containerPorts.first + 1;
  const isParallel = ports !== undefined && ports.last - ports.first + 1 === count;
  return Array.from({ length: count }, (_, index) => ({
    at: on === undefined ? `*${families.join('')}` : formatAddress(on),
    host: isParallel ? String(ports.first + index) : ports === undefined ? '' : `${ports.first}-${ports.last}`,
    container: containerPorts.first + index,
    protocol,
    port,
  }));
}

describe('a published port', () => {
  const cases: readonly (readonly [port: string, reach: Reach, ...expected: readonly string[]])[] = [
    ['"8080:80"', 'others', '*46 8080:80/tcp'],
    ['"8080:80"', 'machine', '127.0.0.1 8080:80/tcp'],
    ['"8080:80"', 'nobody'],
    ['"80"', 'machine', '127.0.0.1 :80/tcp'],
    ['"0.0.0.0:8080:80/udp"', 'machine', '127.0.0.1 8080:80/udp'],
    ['"[::]:8080:80"', 'machine', '::1 8080:80/tcp'],
    ['"[::]:8080:80"', 'others', '*6 8080:80/tcp'],
    ['"127.0.0.1:8080:80"', 'machine', '127.0.0.1 8080:80/tcp'],
    ['"127.0.0.1:8080:80"', 'others', '127.0.0.1 8080:80/tcp'],
    ['"[::1]:8080:80"', 'machine', '::1 8080:80/tcp'],
    ['"127.0.0.2:8080:80"', 'machine', '127.0.0.2 8080:80/tcp'],
    ['"10.0.0.5:8080:80"', 'others', '10.0.0.5 8080:80/tcp'],
    ['"10.0.0.5:8080:80"', 'machine', '127.0.0.1 8080:80/tcp'],
    ['"[2001:db8::5]:8080:80"', 'machine', '::1 8080:80/tcp'],
    ['"${ADDRESS:-127.0.0.1}:8080:80"', 'machine', '127.0.0.1 8080:80/tcp'],
    ['"8080-8081:80-81"', 'machine', '127.0.0.1 8080:80/tcp', '127.0.0.1 8081:81/tcp'],
    ['"8080-8090:80"', 'machine', '127.0.0.1 8080-8090:80/tcp'],
    ['"80-81"', 'machine', '127.0.0.1 :80/tcp', '127.0.0.1 :81/tcp'],
    ['{ target: 80, published: "8080", mode: host }', 'machine', '127.0.0.1 8080:80/tcp'],
    ['{ target: 80, published: "8080-8090", protocol: udp }', 'others', '*46 8080-8090:80/udp'],
  ];
  for (const [port, reach, ...expected] of cases) {
    test(`${port}, open to ${reach}`, () => assert.deepEqual(doors(narrowed([port], () => reach)), expected));
  }

  test('of a range goes its own way', () => {
    const reachOf = (port: number): Reach => (port === 81 ? 'others' : port === 83 ? 'nobody' : 'machine');
    assert.deepEqual(doors(narrowed(['"8080-8083:80-83"'], reachOf)), [
      '127.0.0.1 8080:80/tcp',
      '*46 8081:81/tcp',
      '127.0.0.1 8082:82/tcp',
    ]);
  });

  test('follows the environment with the machine’s port only', () => {
    const [entry] = narrowPorts(containerOf(composeOf(['"${A:-0.0.0.0}:${P:-8080}:${C:-80}"'])), () => 'machine').map(
      portEntry,
    );
    assert.deepEqual(entry, {
      map: [
        { key: 'target', value: 80 },
        { key: 'published', value: '${P:-8080}' },
        { key: 'host_ip', value: '127.0.0.1' },
        { key: 'protocol', value: 'tcp' },
      ],
    });
  });

  test('is never wider than it was, and never open to more than may reach it', () => {
    const address = fc.constantFrom(
      '',
      '0.0.0.0:',
      '127.0.0.1:',
      '10.0.0.5:',
      '[::]:',
      '[::1]:',
      '[2001:db8::5]:',
      '${A:-127.0.0.1}:',
    );
    const ports = fc.tuple(
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.nat({ max: 3 }),
    );
    const port = fc
      .tuple(address, ports, fc.constantFrom('', '/udp'), fc.boolean())
      .map(([at, [host, first, more], protocol, isChosen]) => {
        const span = (from: number): string => (more === 0 ? String(from) : `${from}-${from + more}`);
        const left = isChosen ? (at === '' ? '' : `${at}:`) : `${at}${span(host)}:`;
        return `"${left}${span(first)}${protocol}"`;
      });
    const reach = fc.func(fc.constantFrom<Reach>('nobody', 'machine', 'others'));
    fc.assert(
      fc.property(fc.array(port, { minLength: 1, maxLength: 4 }), reach, (texts, reachOf) => {
        const before = containerOf(composeOf(texts)).published.flatMap(singles);
        const after = narrowed(texts, (each) => reachOf(each)).published.flatMap(singles);
        for (const { port: found, ...door } of after) {
          const isLocal = found.on !== undefined && isLoopback(found.on);
          const was = before.filter(
            (each) => each.host === door.host && each.container === door.container && each.protocol === door.protocol,
          );
          const isCovered = was.some(
            (each) =>
              each.at === door.at ||
              (isLocal &&
                (each.port.on === undefined || !isLoopback(each.port.on)) &&
                found.families.some((family) => each.port.families.includes(family))),
          );
          assert.ok(isCovered, `${door.at} ${door.host}:${door.container} was not there`);
          assert.notEqual(reachOf(door.container), 'nobody');
          assert.ok(isLocal || reachOf(door.container) === 'others');
        }
        for (const door of before.filter(({ container }) => reachOf(container) === 'others')) {
          assert.ok(
            after.some((each) => each.at === door.at && each.host === door.host && each.container === door.container),
          );
        }
      }),
    );
  });
});
