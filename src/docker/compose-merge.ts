import type { YamlEntry, YamlMap, YamlNode } from '../policy/index.ts';

/** What Compose takes of YAML's tags (compose-spec 13-merge): `!reset` takes away, `!override` stands in the place of what was there. */
export const COMPOSE_TAGS = ['!reset', '!override'] as const;

/** A Compose file laid over another, as `docker compose -f BASE -f OVER` does: mappings merge, lists are appended, words replaced. */
export function mergeCompose(base: YamlNode, over: YamlNode): YamlNode {
  return merged(base, over, []) ?? { kind: 'map', span: over.span, entries: new Map() };
}

/** A Compose file by itself: there is nothing below it that its tags could speak of. */
export function withoutTags(file: YamlNode): YamlNode {
  return cleaned(file) ?? { kind: 'map', span: file.span, entries: new Map() };
}

function merged(base: YamlNode, over: YamlNode, path: readonly string[]): YamlNode | undefined {
  if (over.tag !== undefined) return cleaned(over);
  if (over.kind === 'scalar' && over.value === null) return base; // a key without a value changes nothing
  if (isAny(path, REPLACED)) return cleaned(over);
  if (isAny(path, PAIRED)) return mergedMaps(asMap(base), asMap(over), path);
  if (isAny(path, GATHERED)) return appended(asList(base), asList(over));
  if (base.kind === 'map' && over.kind === 'map') return mergedMaps(base, over, path);
  if (base.kind === 'list' && over.kind === 'list') return appended(base, over);
  return cleaned(over);
}

type Path = readonly string[];

/** Below a service, but for the networks' (compose-go, override/merge.go); `*` is any key. */
const REPLACED: readonly Path[] = [
  ['services', '*', 'command'],
  ['services', '*', 'entrypoint'],
  ['services', '*', 'healthcheck', 'test'],
];
/** Lists that are mappings in their long form. */
const PAIRED: readonly Path[] = ['networks', 'environment', 'labels', 'annotations', 'depends_on', 'sysctls'].map(
  (key) => ['services', '*', key],
);
/** Words that are lists of one in their short form. */
const GATHERED: readonly Path[] = ['tmpfs', 'dns', 'dns_search', 'env_file'].map((key) => ['services', '*', key]);

function isAny(path: Path, patterns: readonly Path[]): boolean {
  return patterns.some(
    (pattern) => pattern.length === path.length && pattern.every((key, at) => key === '*' || key === path[at]),
  );
}

function mergedMaps(base: YamlMap, over: YamlMap, path: Path): YamlMap {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const earlier = entries.get(key);
    const value = earlier === undefined ? cleaned(entry.value) : merged(earlier.value, entry.value, [...path, key]);
    if (value === undefined) entries.delete(key);
    else entries.set(key, { key: earlier?.key ?? entry.key, value });
  }
  return { kind: 'map', span: base.span, entries };
}

function appended(base: Extract<YamlNode, { kind: 'list' }>, over: Extract<YamlNode, { kind: 'list' }>): YamlNode {
  return {
    kind: 'list',
    span: base.span,
    items: [...base.items, ...over.items.flatMap((item) => cleaned(item) ?? [])],
  };
}

/** Without what is to be taken away: nothing where that is all of it. */
function cleaned(node: YamlNode): YamlNode | undefined {
  if (node.tag === '!reset') return undefined;
  switch (node.kind) {
    case 'scalar': {
      const { tag: _, ...rest } = node;
      return rest;
    }
    case 'list':
      return { kind: 'list', span: node.span, items: node.items.flatMap((item) => cleaned(item) ?? []) };
    case 'map':
      return {
        kind: 'map',
        span: node.span,
        entries: new Map(
          [...node.entries].flatMap(([key, { key: word, value }]): [string, YamlEntry][] => {
            const kept = cleaned(value);
            return kept === undefined ? [] : [[key, { key: word, value: kept }]];
          }),
        ),
      };
  }
}

/** `[a, b=c]` as `{ a: , b: c }`. */
function asMap(node: YamlNode): YamlMap {
  if (node.kind === 'map') return node;
  const items = node.kind === 'list' ? node.items : [];
  return {
    kind: 'map',
    span: node.span,
    entries: new Map(
      items.flatMap((item): [string, YamlEntry][] => {
        if (item.kind !== 'scalar') return [];
        const at = item.text.indexOf('=');
        const [key, value] = at === -1 ? [item.text, ''] : [item.text.slice(0, at), item.text.slice(at + 1)];
        return [[key, { key: item, value: { ...item, text: value, value: at === -1 ? null : value } }]];
      }),
    ),
  };
}

function asList(node: YamlNode): Extract<YamlNode, { kind: 'list' }> {
  if (node.kind === 'list') return node;
  return { kind: 'list', span: node.span, items: node.kind === 'scalar' && node.value !== null ? [node] : [] };
}
