import type { Reporter, YamlNode } from '../../policy/index.ts';
import type { Span } from '../../source/index.ts';
import type { LabelMap } from '../selector.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/**
 * A part of a manifest with its path (`spec.ingress[0].from`), asked for what its API says is there. What is missing (or `null`) is absent;
 * what has another type is reported and then absent: `report.count` tells that something was.
 */
export class Part {
  readonly path: string;
  readonly #node: YamlNode | undefined;
  readonly #around: Span; // where to point when the part itself is missing
  readonly #report: Reporter;

  constructor(node: YamlNode | undefined, path: string, around: Span, report: Reporter) {
    this.#node = node?.kind === 'scalar' && node.value === null ? undefined : node;
    this.path = path;
    this.#around = around;
    this.#report = report;
  }

  get report(): Reporter {
    return this.#report;
  }

  get node(): YamlNode | undefined {
    return this.#node;
  }

  get exists(): boolean {
    return this.#node !== undefined;
  }

  get span(): Span {
    return this.#node?.span ?? this.#around;
  }

  at(...keys: readonly string[]): Part {
    return keys.reduce<Part>((part, key) => {
      const node = part.#expect('map', 'a mapping');
      const path = part.path === '' ? key : `${part.path}.${key}`;
      return new Part(node?.entries.get(key)?.value, path, part.span, part.#report);
    }, this);
  }

  /** Without a word about its type. */
  has(key: string): boolean {
    return this.#node?.kind === 'map' && this.#node.entries.has(key);
  }

  entries(): readonly (readonly [key: string, value: Part])[] {
    const node = this.#expect('map', 'a mapping');
    if (node === undefined) return [];
    return [...node.entries].map(
      ([key, { value }]) => [key, new Part(value, `${this.path}.${key}`, value.span, this.#report)] as const,
    );
  }

  items(): readonly Part[] {
    const node = this.#expect('list', 'a list');
    if (node === undefined) return [];
    return node.items.map((item, at) => new Part(item, `${this.path}[${at}]`, item.span, this.#report));
  }

  text(): string | undefined {
    const node = this.#expect('scalar', 'text');
    if (node === undefined) return undefined;
    if (isOldFlag(node))
      return this.#wrong(`text: \`${node.text}\` without quotes is a truth value to Kubernetes (YAML 1.1)`);
    return typeof node.value === 'string' ? node.value : this.#wrong('text');
  }

  /** A whole number. */
  integer(): number | undefined {
    const node = this.#expect('scalar', 'a whole number');
    if (node === undefined) return undefined;
    return typeof node.value === 'number' && Number.isSafeInteger(node.value)
      ? node.value
      : this.#wrong('a whole number');
  }

  number(): number | undefined {
    const node = this.#expect('scalar', 'a number');
    if (node === undefined) return undefined;
    return typeof node.value === 'number' && Number.isFinite(node.value) ? node.value : this.#wrong('a number');
  }

  /** A number or a name, as ports are. */
  integerOrText(): number | string | undefined {
    const node = this.#expect('scalar', 'a number or a name');
    if (node === undefined) return undefined;
    const { value } = node;
    return typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))
      ? value
      : this.#wrong('a number or a name');
  }

  flag(): boolean | undefined {
    const node = this.#expect('scalar', '`true` or `false`');
    if (node === undefined) return undefined;
    if (isOldFlag(node)) return /^(?:y|on)/i.test(node.text);
    return typeof node.value === 'boolean' ? node.value : this.#wrong('`true` or `false`');
  }

  texts(): readonly string[] {
    return this.items().flatMap((item) => item.text() ?? []);
  }

  labels(): LabelMap {
    return new Map(this.entries().flatMap(([key, value]) => [[key, value.text() ?? ''] as const]));
  }

  /** Reports fields that are none of these. */
  only(known: readonly string[]): void {
    if (this.#node?.kind !== 'map') return;
    for (const [name, { key }] of this.#node.entries) {
      if (known.includes(name)) continue;
      const path = this.path === '' ? name : `${this.path}.${name}`;
      this.#report.say(MANIFEST_PROBLEMS.unknownField, key.span, path, this.#report.suggest(name, known));
    }
  }

  missing(key: string): undefined {
    return this.#report.say(MANIFEST_PROBLEMS.missingField, this.span, this.path === '' ? key : `${this.path}.${key}`);
  }

  #wrong(expected: string): undefined {
    return this.#report.say(MANIFEST_PROBLEMS.wrongType, this.span, this.path, expected);
  }

  #expect<Kind extends YamlNode['kind']>(kind: Kind, expected: string): Extract<YamlNode, { kind: Kind }> | undefined {
    if (this.#node === undefined) return undefined;
    if (this.#node.kind === kind) return this.#node as Extract<YamlNode, { kind: Kind }>;
    return this.#wrong(expected);
  }
}

/** Kubernetes reads YAML by its version 1.1, where these words are truth values unless they are in quotes (sigs.k8s.io/yaml). */
function isOldFlag({ text, tag, span }: Extract<YamlNode, { kind: 'scalar' }>): boolean {
  return tag === undefined && span.end - span.start === text.length && OLD_FLAGS.test(text);
}

const OLD_FLAGS = /^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;
