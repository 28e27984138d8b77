import { type Diagnostic, type DiagnosticKind, diagnose } from '../diagnostic/index.ts';
import type { Span } from '../source/index.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import { parseServer, type Server } from './server.ts';
import { type ConfigNode, kindName } from './tree.ts';

/** Where a finding comes from: a key of the configuration, or something outside it (`OPENCLAW_PROXY_URL`, a default). */
export interface ConfigSource {
  readonly key: string; // `channels.discord`
  readonly span?: Span;
}

/** A text from a setting, with its place. */
export interface ConfigText {
  readonly value: string;
  readonly source: ConfigSource;
}

/**
 * A part of the configuration, read with checks. Asking for a key that is absent or null gives `undefined`; a value of
 * another type than asked for is reported, too. A section that is absent is empty.
 */
export class Section {
  readonly path: string; // dotted; empty for the whole configuration
  readonly source: ConfigSource;
  readonly #node: ConfigNode | undefined;
  readonly #diagnostics: Diagnostic[];

  constructor(path: string, node: ConfigNode | undefined, diagnostics: Diagnostic[], span?: Span) {
    this.path = path;
    this.#node = node;
    this.#diagnostics = diagnostics;
    const place = span ?? node?.span;
    this.source = place === undefined ? { key: path } : { key: path, span: place };
  }

  get present(): boolean {
    return this.#node !== undefined;
  }

  report<Arguments extends readonly unknown[]>(
    kind: DiagnosticKind<Arguments>,
    span: Span | undefined,
    ...args: Arguments
  ): void {
    this.#diagnostics.push(diagnose(kind, span, ...args));
  }

  keys(): readonly string[] {
    return this.#node?.kind === 'mapping' ? [...this.#node.members.keys()] : [];
  }

  /** The mapping under a dotted key. A value that is no mapping is reported; `true` and `false` count as empty ones. */
  section(key: string): Section {
    const found = this.#find(key);
    if (found === undefined) return new Section(this.#join(key), undefined, this.#diagnostics);
    if (found.node.kind !== 'mapping' && found.node.kind !== 'boolean') {
      this.#wrong(key, 'a mapping', found.node);
      return new Section(this.#join(key), undefined, this.#diagnostics);
    }
    return new Section(this.#join(key), found.node, this.#diagnostics, found.keySpan);
  }

  /** Each member of the mapping under `key`; those that are no mapping are reported. Nulls count as absent. */
  sections(key: string): readonly (readonly [name: string, section: Section])[] {
    const parent = this.section(key);
    return parent.keys().flatMap((name) => {
      const section = parent.#member(name);
      return section === undefined ? [] : [[name, section]];
    });
  }

  text(key: string): ConfigText | undefined {
    const found = this.#find(key);
    if (found === undefined) return undefined;
    const { node } = found;
    if (node.kind !== 'text') {
      // `{ source: 'env', ... }` is a reference to a secret, allowed in many places: known to OpenClaw, not to us.
      if (node.kind !== 'mapping' || !node.members.has('source')) this.#wrong(key, 'a text', node);
      return undefined;
    }
    return this.#usable(node, this.#join(key));
  }

  flag(key: string): boolean | undefined {
    const found = this.#find(key);
    if (found === undefined) return undefined;
    if (found.node.kind === 'boolean') return found.node.value;
    this.#wrong(key, 'true or false', found.node);
    return undefined;
  }

  /** @returns a port, 1-65535. OpenClaw takes no text for one. */
  port(key: string): { readonly value: number; readonly source: ConfigSource } | undefined {
    const found = this.#find(key);
    if (found === undefined) return undefined;
    const { node } = found;
    if (node.kind === 'number' && Number.isInteger(node.value) && node.value >= 1 && node.value <= 65535)
      return { value: node.value, source: { key: this.#join(key), span: node.span } };
    this.report(DISCOVERY_PROBLEMS.badPort, node.span, this.#join(key));
    return undefined;
  }

  /** Texts under a dotted key in which `*` stands for every member of a list or mapping. */
  texts(pattern: string): readonly ConfigText[] {
    if (!pattern.includes('*')) return [this.text(pattern) ?? []].flat();
    return this.#node === undefined ? [] : this.#expand(this.#node, this.path, pattern.split('.'));
  }

  /** The server that a URL names; an unreadable one is reported. */
  server(key: string): { readonly server: Server; readonly source: ConfigSource } | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : this.parse(text);
  }

  servers(pattern: string): readonly { readonly server: Server; readonly source: ConfigSource }[] {
    return this.texts(pattern).flatMap((text) => this.parse(text) ?? []);
  }

  parse(text: ConfigText): { readonly server: Server; readonly source: ConfigSource } | undefined {
    const server = parseServer(text.value);
    if (server !== undefined) return { server, source: text.source };
    this.report(DISCOVERY_PROBLEMS.badUrl, text.source.span, text.source.key);
    return undefined;
  }

  /** Every text in this section, however deep. */
  *everyText(): Generator<ConfigText> {
    if (this.#node !== undefined) yield* textsOf(this.#node, this.path);
  }

  #expand(node: ConfigNode, path: string, [head, ...rest]: readonly string[]): readonly ConfigText[] {
    if (head === undefined) return node.kind === 'text' ? [this.#usable(node, path) ?? []].flat() : [];
    if (node.kind === 'list' && head === '*')
      return node.items.flatMap((item, index) => this.#expand(item, `${path}[${index}]`, rest));
    if (node.kind !== 'mapping') return [];
    return [...node.members]
      .filter(([name]) => head === '*' || head === name)
      .flatMap(([name, { value }]) => this.#expand(value, joinKey(path, name), rest));
  }

  #member(name: string): Section | undefined {
    const member = this.#node?.kind === 'mapping' ? this.#node.members.get(name) : undefined;
    if (member === undefined || member.value.kind === 'null') return undefined;
    if (member.value.kind !== 'mapping') {
      this.#wrong(name, 'a mapping', member.value);
      return undefined;
    }
    return new Section(joinKey(this.path, name), member.value, this.#diagnostics, member.keySpan);
  }

  /** Nulls count as absent: OpenClaw drops them. */
  #find(key: string): { readonly node: ConfigNode; readonly keySpan: Span } | undefined {
    let node = this.#node;
    let keySpan: Span | undefined;
    for (const name of key.split('.')) {
      const member = node?.kind === 'mapping' ? node.members.get(name) : undefined;
      if (member === undefined) return undefined;
      node = member.value;
      keySpan = member.keySpan;
    }
    return node === undefined || keySpan === undefined || node.kind === 'null' ? undefined : { node, keySpan };
  }

  #usable(node: Extract<ConfigNode, { kind: 'text' }>, path: string): ConfigText | undefined {
    if (node.unset !== undefined) {
      this.report(DISCOVERY_PROBLEMS.unknownVariable, node.span, path, node.unset);
      return undefined;
    }
    return node.value.trim() === '' ? undefined : { value: node.value.trim(), source: { key: path, span: node.span } };
  }

  #wrong(key: string, expected: string, found: ConfigNode): void {
    this.report(DISCOVERY_PROBLEMS.wrongType, found.span, this.#join(key), expected, kindName(found));
  }

  #join(key: string): string {
    return joinKey(this.path, key);
  }
}

function* textsOf(node: ConfigNode, path: string): Generator<ConfigText> {
  if (node.kind === 'mapping') {
    for (const [name, { value }] of node.members) yield* textsOf(value, joinKey(path, name));
  } else if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) yield* textsOf(item, `${path}[${index}]`);
  } else if (node.kind === 'text' && node.unset === undefined) {
    yield { value: node.value, source: { key: path, span: node.span } };
  }
}

function joinKey(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
