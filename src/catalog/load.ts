import { readFileSync } from 'node:fs';
import type { Service } from '../ir/index.ts';
import { parseDnsPattern } from '../net/index.ts';
import { packagedFile } from '../own-files.ts';
import {
  CATALOG_RELEASE,
  type Catalog,
  type CatalogEndpoint,
  type CatalogEntry,
  ENDPOINT_CLASSES,
  ENTRY_KINDS,
  EVIDENCES,
} from './catalog.ts';
import { type DataNode, root } from './data.ts';
import { parseServiceText } from './service-text.ts';

let loaded: Catalog | undefined;

/**
 * The packaged catalogue. Each of its files is read once, when somebody first asks for something in it: most policies name little.
 * What is asked then throws an Error where the file is missing or wrong, with the place in it: the package is damaged.
 */
export function loadCatalog(): Catalog {
  loaded ??= readCatalog();
  return loaded;
}

/** A packaged data file. */
export function readData(name: string): DataNode {
  return root(name, readFileSync(packagedFile(`catalog/${name}`), 'utf8'));
}

function readCatalog(): Catalog {
  const services = once(() => readServices(readData('services.json')));
  const entries = once(() => readEntries(readData(`openclaw-${CATALOG_RELEASE}.json`), services()));
  return {
    entry: (name) => entries().get(name),
    entryNames: once(() => [...entries().keys()].sort()),
    service: (name) => services().get(name),
    serviceNames: once(() => [...services().keys()].sort()),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function readServices(data: DataNode): Map<string, readonly Service[]> {
  const services = new Map<string, readonly Service[]>();
  for (const [name, node] of data.key('services').entries()) {
    node.key('title').text();
    const on = node.key('on');
    services.set(
      name,
      on.items().map((item) => parseServiceText(item.text()) ?? item.fail('a protocol and port, such as `tcp/22`')),
    );
  }
  return services;
}

function readEntries(data: DataNode, services: ReadonlyMap<string, readonly Service[]>): Map<string, CatalogEntry> {
  const version = data.key('release').text();
  const entries = new Map<string, CatalogEntry>();
  for (const [name, node] of data.key('entries').entries()) {
    entries.set(name, {
      name,
      version,
      title: node.key('title').text(),
      kind: node.key('kind').oneOf(ENTRY_KINDS),
      source: node.key('source').text(),
      endpoints: node
        .key('endpoints')
        .items()
        .map((endpoint) => readEndpoint(endpoint, services)),
    });
  }
  return entries;
}

function readEndpoint(node: DataNode, services: ReadonlyMap<string, readonly Service[]>): CatalogEndpoint {
  const host = node.key('host');
  const pattern = parseDnsPattern(host.text()) ?? host.fail('a host name, or `*.` and one');
  const why = node.optional('why')?.text();
  return {
    pattern,
    endpointClass: node.key('class').oneOf(ENDPOINT_CLASSES),
    evidence: node.key('evidence').oneOf(EVIDENCES),
    services: readService(node.optional('service'), services),
    ...(why === undefined ? {} : { why }),
  };
}

/** A service by name or as `tcp/443`; HTTPS where nothing is said. */
function readService(
  node: DataNode | undefined,
  services: ReadonlyMap<string, readonly Service[]>,
): readonly Service[] {
  const text = node?.text() ?? 'https';
  const named = services.get(text);
  if (named !== undefined) return named;
  const parsed = parseServiceText(text);
  if (parsed !== undefined) return [parsed];
  if (node === undefined) throw new Error('the catalogue has no service `https`');
  return node.fail('a service of services.json, or a protocol and port');
}
