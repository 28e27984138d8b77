import { existsSync, readFileSync } from 'node:fs';
import type { Catalog, CatalogEntry } from '../../src/catalog/index.ts';
import type { Service } from '../../src/ir/index.ts';
import { type DnsPattern, PROTOCOLS, parseDnsPattern } from '../../src/net/index.ts';
import type { ReadFile } from '../../src/policy/index.ts';
import type { ResolveContext } from '../../src/resolve/index.ts';

/** Reads below a folder, and gives the reason where there is nothing to read. */
export function readerOf(folder: URL): ReadFile {
  return (path) => {
    const file = new URL(path, folder);
    return existsSync(file) ? readFileSync(file, 'utf8') : { reason: 'no such file' };
  };
}

/** Files that exist in the test only. */
export function readerOfTexts(texts: Readonly<Record<string, string>>): ReadFile {
  return (path) => texts[path] ?? { reason: 'no such file' };
}

const tcp = (port: number): Service => ({ protocol: PROTOCOLS.tcp, ports: { first: port, last: port } });
const udp = (port: number): Service => ({ protocol: PROTOCOLS.udp, ports: { first: port, last: port } });

const SERVICES: Readonly<Record<string, readonly Service[]>> = {
  ssh: [tcp(22)],
  http: [tcp(80)],
  https: [tcp(443)],
  dns: [udp(53), tcp(53)],
};

/** A catalogue that stays as it is, whatever the real one learns. */
const smallCatalog: Catalog = {
  entry: (name) => (name === 'discord' ? DISCORD : undefined),
  entryNames: () => ['discord'],
  service: (name) => (Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined),
  serviceNames: () => Object.keys(SERVICES).sort(),
};

const DISCORD: CatalogEntry = {
  name: 'discord',
  title: 'Discord',
  kind: 'channel',
  version: 'test',
  source: 'test',
  endpoints: [pattern('discord.com'), pattern('*.discord.gg')].map((each) => ({
    pattern: each,
    endpointClass: 'static',
    evidence: 'code',
    services: [tcp(443)],
  })),
};

function pattern(text: string): DnsPattern {
  const parsed = parseDnsPattern(text);
  if (parsed === undefined) throw new RangeError(`not a host name: ${text}`);
  return parsed;
}

export const context: ResolveContext = {
  accounts: new Map([
    ['root', 0],
    ['openclaw', 998],
  ]),
  catalog: smallCatalog,
  today: '2026-11-22',
};
