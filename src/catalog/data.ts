/** A place in a packaged JSON file, read with checks: whoever reads gets the type asked for, or an error that says where. */
export class DataNode {
  readonly path: string; // file and key, for people
  readonly value: unknown;

  constructor(path: string, value: unknown) {
    this.path = path;
    this.value = value;
  }

  /** @throws Error always: the place, and what should stand there. */
  fail(expected: string): never {
    throw new Error(`${this.path}: expected ${expected}; the package is damaged, install it again`);
  }

  text(): string {
    return typeof this.value === 'string' && this.value !== '' ? this.value : this.fail('a text');
  }

  port(): number {
    const { value } = this;
    return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536
      ? value
      : this.fail('a port');
  }

  oneOf<Choice extends string>(choices: readonly Choice[]): Choice {
    return choices.find((choice) => choice === this.value) ?? this.fail(choices.join(', '));
  }

  items(): DataNode[] {
    if (!Array.isArray(this.value)) return this.fail('a list');
    return this.value.map((item: unknown, index) => new DataNode(`${this.path}[${index}]`, item));
  }

  entries(): [string, DataNode][] {
    return Object.entries(this.#mapping()).map(([key, value]) => [key, this.#at(key, value)]);
  }

  optional(key: string): DataNode | undefined {
    const mapping = this.#mapping();
    return Object.hasOwn(mapping, key) ? this.#at(key, mapping[key]) : undefined;
  }

  #mapping(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail('a mapping');
    return value as Readonly<Record<string, unknown>>; // sound: JSON has no other kind of object
  }

  #at(key: string, value: unknown): DataNode {
    return new DataNode(`${this.path}.${key}`, value);
  }

  key(key: string): DataNode {
    return this.optional(key) ?? this.fail(`the key \`${key}\``);
  }
}

export function root(file: string, text: string): DataNode {
  return new DataNode(file, JSON.parse(text));
}
