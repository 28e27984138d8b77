import { parse, type ValueNode } from '@humanwhocodes/momoa';
import type { SourceFile, Span } from '../../source/index.ts';

/** Thrown at what has not the shape of libnftables-json(5); caught by `parseJson`. */
export class ShapeFailure extends Error {
  readonly span: Span;

  constructor(message: string, span: Span) {
    super(message);
    this.span = span;
  }
}

/** Rulesets need some twenty. */
const MOST_NESTED = 200;

/** A JSON value with its place, asked for what it should be. */
export class JsonNode {
  readonly #file: SourceFile;
  readonly #node: ValueNode;
  readonly #depth: number;

  constructor(file: SourceFile, node: ValueNode, depth = 0) {
    this.#file = file;
    this.#node = node;
    this.#depth = depth;
    if (depth > MOST_NESTED) throw new ShapeFailure('it is nested too deeply', this.span);
  }

  /** @throws ShapeFailure where the text is no JSON. */
  static of(file: SourceFile): JsonNode {
    try {
      return new JsonNode(file, parse(file.text, { mode: 'json', ranges: true }).body);
    } catch (error) {
      const reason = error instanceof RangeError ? 'it is nested too deeply' : 'it is no JSON from here on';
      const offset = offsetOf(error, file.text.length);
      throw new ShapeFailure(reason, { file, start: offset, end: Math.min(offset + 1, file.text.length) });
    }
  }

  #inner(node: ValueNode): JsonNode {
    return new JsonNode(this.#file, node, this.#depth + 1);
  }

  get span(): Span {
    const [start, end] = this.#node.range ?? [0, 0];
    return { file: this.#file, start, end };
  }

  /** In an expression; where a statement fails, `throw node.failure(...)` tells the compiler that it ends there. */
  fail(what: string): never {
    throw this.failure(what);
  }

  failure(what: string): ShapeFailure {
    return new ShapeFailure(what, this.span);
  }

  get text(): string | undefined {
    return this.#node.type === 'String' ? this.#node.value : undefined;
  }

  get number(): number | undefined {
    return this.#node.type === 'Number' && Number.isSafeInteger(this.#node.value) ? this.#node.value : undefined;
  }

  get items(): JsonNode[] | undefined {
    if (this.#node.type !== 'Array') return undefined;
    return this.#node.elements.map((element) => this.#inner(element.value));
  }

  get boolean(): boolean | undefined {
    return this.#node.type === 'Boolean' ? this.#node.value : undefined;
  }

  get isObject(): boolean {
    return this.#node.type === 'Object';
  }

  string(what: string): string {
    return this.text ?? this.fail(`${what} is no text`);
  }

  whole(what: string): number {
    return this.number ?? this.fail(`${what} is no whole number`);
  }

  list(what: string): JsonNode[] {
    return this.items ?? this.fail(`${what} is no list`);
  }

  isTrue(): boolean {
    return this.#node.type === 'Boolean' && this.#node.value;
  }

  oneOf<T extends string>(words: readonly T[], what: string): T {
    const text = this.string(what);
    return words.find((word) => word === text) ?? this.fail(`${what} \`${text}\` is not understood`);
  }

  /** The members of an object that may have these and no others: what is not known is never passed over. */
  members<K extends string>(known: readonly K[], what: string): Readonly<Partial<Record<K, JsonNode>>> {
    const found: Partial<Record<K, JsonNode>> = {};
    for (const [name, value] of this.entries(what)) {
      const key = known.find((each) => each === name);
      if (key === undefined) return value.fail(`${what} has \`${name}\`, which is not understood`);
      found[key] = value;
    }
    return found;
  }

  entries(what: string): (readonly [string, JsonNode])[] {
    const node = this.#node;
    if (node.type !== 'Object') return this.fail(`${what} is no object`);
    return node.members.map((member) => [
      member.name.type === 'String' ? member.name.value : member.name.name,
      this.#inner(member.value),
    ]);
  }

  /** An object of one member, which names its kind: `{"match": {...}}`. */
  tagged(what: string): readonly [string, JsonNode] {
    const [only, ...more] = this.entries(what);
    if (only === undefined || more.length > 0) return this.fail(`${what} is no object of one member`);
    return only;
  }
}

/** Where momoa stopped; it calls an unexpected end offset 0. */
function offsetOf(error: unknown, end: number): number {
  if (!(error instanceof Error)) return 0;
  if (error.message.includes('end of input')) return end;
  return 'offset' in error && typeof error.offset === 'number' ? error.offset : 0;
}
