import { dirname, isAbsolute, normalize, relative, resolve } from 'node:path/posix';
import { type Diagnostic, type DiagnosticKind, diagnose } from '../diagnostic/index.ts';
import type { Span } from '../source/index.ts';
import { parseJson5 } from './json5.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import { type ConfigNode, kindName, type Member } from './tree.ts';

/** Files as discovery sees them: given by whoever may touch the machine. */
export interface Files {
  /** The text of a file as UTF-8, or why there is none, in words for people. */
  readonly read: (path: string) => FileText;
  /** The path with all symbolic links followed; the path itself where it does not exist. */
  readonly realPath: (path: string) => string;
}

export type FileText = { readonly text: string } | { readonly unreadable: string };

export interface LoadedConfig {
  readonly root: ConfigNode | undefined; // undefined where there are errors that leave nothing to look at
  readonly files: readonly string[]; // all that were read, the configuration itself first
  readonly diagnostics: readonly Diagnostic[];
}

// The bounds of OpenClaw's own loader (src/config/includes.ts in its sources), and one of ours.
const LARGEST_FILE = 2 * 1024 * 1024; // bytes
const DEEPEST_INCLUDE = 10;
const MOST_FILES = 200;
const LARGEST_TOTAL = 8 * LARGEST_FILE; // bytes of all files together

/**
 * Reads a configuration with everything that it includes, as OpenClaw does: `$include` is a path or a list of paths, relative
 * to the file that it stands in, confined to the folder of the configuration and `includeRoots` (absolute folders); a list is
 * merged in order, keys beside `$include` come last; mappings merge, lists are joined, of all else the later holds.
 */
export function loadConfig(path: string, files: Files, includeRoots: readonly string[] = []): LoadedConfig {
  const loader = new Loader(path, files, includeRoots);
  const root = loader.file(path, path, undefined, []);
  return { root, files: loader.read, diagnostics: loader.diagnostics };
}

class Loader {
  readonly diagnostics: Diagnostic[] = [];
  readonly read: string[] = [];
  #bytes = 0;
  readonly #files: Files;
  readonly #roots: readonly string[]; // folders, links followed

  constructor(path: string, files: Files, includeRoots: readonly string[]) {
    this.#files = files;
    this.#roots = [dirname(path), ...includeRoots].map((folder) => files.realPath(normalize(folder)));
  }

  /** @param chain the files that are being read, outermost first. */
  file(name: string, path: string, from: Span | undefined, chain: readonly string[]): ConfigNode | undefined {
    if (this.read.length >= MOST_FILES) return this.#fail(DISCOVERY_PROBLEMS.includeTooMany, from, MOST_FILES);
    this.read.push(path);
    const found = this.#files.read(path);
    if ('unreadable' in found) return this.#fail(DISCOVERY_PROBLEMS.unreadable, from, name, found.unreadable);
    const size = Buffer.byteLength(found.text);
    if (size > LARGEST_FILE) return this.#fail(DISCOVERY_PROBLEMS.tooLarge, from, name, LARGEST_FILE);
    this.#bytes += size;
    if (this.#bytes > LARGEST_TOTAL) return this.#fail(DISCOVERY_PROBLEMS.tooLarge, from, name, LARGEST_TOTAL);
    const parsed = parseJson5(path, found.text);
    if ('severity' in parsed) {
      this.diagnostics.push(parsed);
      return undefined;
    }
    return this.#expand(parsed, path, [...chain, path]);
  }

  #expand(node: ConfigNode, path: string, chain: readonly string[]): ConfigNode | undefined {
    switch (node.kind) {
      case 'mapping':
        return this.#expandMapping(node, path, chain);
      case 'list':
        return { ...node, items: node.items.flatMap((item) => this.#expand(item, path, chain) ?? []) };
      case 'text':
      case 'number':
      case 'boolean':
      case 'null':
        return node;
    }
  }

  #expandMapping(
    node: Extract<ConfigNode, { kind: 'mapping' }>,
    path: string,
    chain: readonly string[],
  ): ConfigNode | undefined {
    const members = new Map<string, Member>();
    for (const [key, { keySpan, value }] of node.members) {
      if (key === '$include') continue;
      const expanded = this.#expand(value, path, chain);
      if (expanded !== undefined) members.set(key, { keySpan, value: expanded });
    }
    const own: ConfigNode = { kind: 'mapping', members, span: node.span };
    const include = node.members.get('$include')?.value;
    if (include === undefined) return own;
    const included = this.#include(include, path, chain);
    if (included === undefined) return members.size === 0 ? undefined : own;
    if (members.size === 0) return included;
    if (included.kind !== 'mapping') return this.#fail(DISCOVERY_PROBLEMS.includeSiblings, include.span);
    return merge(included, own);
  }

  #include(include: ConfigNode, path: string, chain: readonly string[]): ConfigNode | undefined {
    if (include.kind === 'text') return this.#includeFile(include.value, include.span, path, chain);
    if (include.kind !== 'list') return this.#fail(DISCOVERY_PROBLEMS.includeShape, include.span, kindName(include));
    let merged: ConfigNode = { kind: 'mapping', members: new Map(), span: include.span };
    for (const item of include.items) {
      if (item.kind !== 'text') {
        this.#fail(DISCOVERY_PROBLEMS.includeShape, item.span, `a list with ${kindName(item)} in it`);
        continue;
      }
      const included = this.#includeFile(item.value, item.span, path, chain);
      if (included !== undefined) merged = merge(merged, included);
    }
    return merged;
  }

  #includeFile(name: string, from: Span, path: string, chain: readonly string[]): ConfigNode | undefined {
    const target = normalize(isAbsolute(name) ? name : resolve(dirname(path), name));
    const real = name.includes('\0') ? undefined : this.#files.realPath(target);
    if (real === undefined || !this.#roots.some((root) => isInside(root, real)))
      return this.#fail(DISCOVERY_PROBLEMS.includeOutside, from, name);
    if (chain.includes(target)) return this.#fail(DISCOVERY_PROBLEMS.includeCycle, from, name);
    if (chain.length > DEEPEST_INCLUDE) return this.#fail(DISCOVERY_PROBLEMS.includeDepth, from, DEEPEST_INCLUDE);
    return this.file(name, target, from, chain);
  }

  #fail<Arguments extends readonly unknown[]>(
    kind: DiagnosticKind<Arguments>,
    span: Span | undefined,
    ...args: Arguments
  ): undefined {
    this.diagnostics.push(diagnose(kind, span, ...args));
    return undefined;
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** `over` wins; mappings merge, lists are joined. */
function merge(under: ConfigNode, over: ConfigNode): ConfigNode {
  if (under.kind === 'list' && over.kind === 'list') return { ...over, items: [...under.items, ...over.items] };
  if (under.kind !== 'mapping' || over.kind !== 'mapping') return over;
  const members = new Map(under.members);
  for (const [key, member] of over.members) {
    const below = members.get(key);
    members.set(key, below === undefined ? member : { ...member, value: merge(below.value, member.value) });
  }
  return { ...over, members };
}
