import type { YamlNode } from '../policy/index.ts';
import type { Span } from '../source/index.ts';

/** A part of a file of somebody else's, asked for what it may have: what is missing or of another kind is absent. */
export class Tree {
  readonly #node: YamlNode | undefined;

  constructor(node: YamlNode | undefined) {
    this.#node = node;
  }

  get node(): YamlNode | undefined {
    return this.#node;
  }

  get span(): Span | undefined {
    return this.#node?.span;
  }

  get isMap(): boolean {
    return this.#node?.kind === 'map';
  }

  get isList(): boolean {
    return this.#node?.kind === 'list';
  }

  has(key: string): boolean {
    return this.#node?.kind === 'map' && this.#node.entries.has(key);
  }

  at(...keys: readonly string[]): Tree {
    return keys.reduce<Tree>((tree, key) => {
      const node = tree.#node;
      return new Tree(node?.kind === 'map' ? node.entries.get(key)?.value : undefined);
    }, this);
  }

  entries(): readonly (readonly [key: string, value: Tree])[] {
    if (this.#node?.kind !== 'map') return [];
    return [...this.#node.entries].map(([key, { value }]) => [key, new Tree(value)] as const);
  }

  items(): readonly Tree[] {
    return this.#node?.kind === 'list' ? this.#node.items.map((item) => new Tree(item)) : [];
  }

  /** A word or a number, as it is written; not an empty one. */
  text(): string | undefined {
    if (this.#node?.kind !== 'scalar' || this.#node.value === null || this.#node.text === '') return undefined;
    return this.#node.text;
  }

  flag(): boolean | undefined {
    if (this.#node?.kind !== 'scalar') return undefined;
    if (typeof this.#node.value === 'boolean') return this.#node.value;
    return this.#node.text === 'true' ? true : this.#node.text === 'false' ? false : undefined; // options of drivers are text
  }

  /** Words of a list; one word alone is a list of one. */
  words(): readonly string[] {
    const alone = this.text();
    return alone === undefined ? this.items().flatMap((item) => item.text() ?? []) : [alone];
  }

  /** `KEY=value` lines or a mapping: Docker and Compose write both. A key without a value has none. */
  pairs(): ReadonlyMap<string, string | undefined> {
    if (this.isMap) return new Map(this.entries().map(([key, value]) => [key, value.text()]));
    return new Map(
      this.words().map((line) => {
        const at = line.indexOf('=');
        return at === -1 ? ([line, undefined] as const) : ([line.slice(0, at), line.slice(at + 1)] as const);
      }),
    );
  }
}
