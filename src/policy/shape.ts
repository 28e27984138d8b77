import type { DiagnosticKind } from '../diagnostic/index.ts';
import type { Span } from '../source/index.ts';
import type { Located } from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import type { YamlMap, YamlNode } from './yaml-tree.ts';

/**
 * What a value of the language looks like, written once: it reads the value from a file, reporting all that is wrong in
 * it, and it is the JSON Schema by which editors help.
 */
export interface Shape<T> {
  readonly expected: string; // for messages: "must be <expected>"
  /** `undefined` where nothing of the value could be used; the reason has been reported then. */
  readonly read: (node: YamlNode, report: Reporter) => T | undefined;
  readonly schema: (definitions: Definitions) => JsonSchema;
}

export type JsonSchema = Readonly<Record<string, unknown>>;
export type Definitions = Map<string, JsonSchema>; // `$defs`, by name

/** How a value is written in one word, and what that word means. */
interface Text<T> {
  readonly expected: string;
  readonly parse: (text: string, span: Span, report: Reporter) => T | undefined;
  readonly numbers?: boolean; // whole numbers may stand without quotes
  readonly schema: JsonSchema; // beyond its type
}

/** A word with a meaning: an address, a date, a service. */
export function text<T>(of: Text<T>): Shape<Located<T>> {
  return {
    expected: of.expected,
    read: (node, report) => {
      if (node.kind !== 'scalar') return wrongType(node, of.expected, report);
      const usable =
        typeof node.value === 'string' ||
        (of.numbers === true && Number.isInteger(node.value) && /^[0-9]+$/.test(node.text));
      if (!usable) return wrongType(node, of.expected, report, true);
      const value = of.parse(node.text, node.span, report);
      return value === undefined ? undefined : { value, span: node.span };
    },
    schema: () => ({ ...(of.numbers === true ? { type: ['string', 'integer'] } : { type: 'string' }), ...of.schema }),
  };
}

/** Words for people, kept as they are. */
export function prose(expected: string): Shape<string> {
  return mapped(text({ expected, parse: (words) => words, schema: {} }), ({ value }) => value);
}

export function flag(): Shape<boolean> {
  const expected = '`true` or `false`';
  return {
    expected,
    read: (node, report) =>
      node.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : wrongType(node, expected, report),
    schema: () => ({ type: 'boolean' }),
  };
}

/** The language version: a number that has only one value so far. */
export function constant(value: number, expected: string): Shape<number> {
  return {
    expected,
    read: (node, report) =>
      node.kind === 'scalar' && node.value === value
        ? value
        : report.say(POLICY_PROBLEMS.version, node.span, shown(node), value),
    schema: () => ({ const: value }),
  };
}

export function choice<const T extends string>(values: readonly T[]): Shape<Located<T>> {
  const expected = values
    .map((value) => `\`${value}\``)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
  return text({
    expected,
    parse: (word, span, report) =>
      values.find((value) => value === word) ??
      report.say(POLICY_PROBLEMS.badChoice, span, word, expected, report.suggest(word, values)),
    schema: { enum: values },
  });
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  const expected = `a list, each ${item.expected}`;
  return {
    expected,
    read: (node, report) =>
      node.kind === 'list' ? readItems(node.items, item, report) : wrongType(node, expected, report),
    schema: (definitions) => ({ type: 'array', items: item.schema(definitions) }),
  };
}

/** A list; one item may stand alone. */
export function oneOrMany<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    expected: `${item.expected}, or a list of such`,
    read: (node, report) => {
      if (node.kind === 'list' && node.items.length === 0) return report.say(POLICY_PROBLEMS.emptyList, node.span);
      if (node.kind !== 'list') {
        const only = item.read(node, report);
        return only === undefined ? undefined : [only];
      }
      const items = readItems(node.items, item, report);
      return items.length === 0 ? undefined : items;
    },
    schema: (definitions) => {
      const one = item.schema(definitions);
      return { anyOf: [one, { type: 'array', items: one, minItems: 1 }] };
    },
  };
}

function readItems<T>(nodes: readonly YamlNode[], item: Shape<T>, report: Reporter): T[] {
  const items: T[] = [];
  for (const node of nodes) {
    const value = item.read(node, report);
    if (value !== undefined) items.push(value);
  }
  return items;
}

export interface DictionaryEntry<T> {
  readonly key: string;
  readonly span: Span; // of the key
  readonly value: T | undefined; // undefined where it could not be read
}

interface Keys {
  readonly expected: string;
  readonly pattern: RegExp;
  readonly problem?: DiagnosticKind<[text: string]>; // with one that does not fit; else that it is no name
}

/** A mapping from names that the user chooses. */
export function dictionary<T>(keys: Keys, value: Shape<T>): Shape<readonly DictionaryEntry<T>[]> {
  const expected = `a mapping from ${keys.expected} to ${value.expected}`;
  return {
    expected,
    read: (node, report) => {
      if (node.kind !== 'map') return wrongType(node, expected, report);
      return [...node.entries.values()].flatMap((entry) => {
        const { text: key, span } = entry.key;
        if (!keys.pattern.test(key)) {
          if (keys.problem === undefined) report.say(POLICY_PROBLEMS.badName, span, key, keys.expected);
          else report.say(keys.problem, span, key);
        }
        return [{ key, span, value: value.read(entry.value, report) }];
      });
    },
    schema: (definitions) => ({
      type: 'object',
      propertyNames: { pattern: keys.pattern.source },
      additionalProperties: value.schema(definitions),
    }),
  };
}

export interface Field<T, Required extends boolean> {
  readonly shape: Shape<T>;
  readonly required: Required;
  readonly description: string; // for editors: no full stop
}

export function required<T>(shape: Shape<T>, description: string): Field<T, true> {
  return { shape, required: true, description };
}

export function optional<T>(shape: Shape<T>, description: string): Field<T, false> {
  return { shape, required: false, description };
}

type Fields = Readonly<Record<string, Field<unknown, boolean>>>;
type ValueOf<F> = F extends Field<infer T, boolean> ? T : never;
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Field<unknown, true> ? K : never]: ValueOf<F[K]>;
} & {
  readonly [K in keyof F as F[K] extends Field<unknown, true> ? never : K]?: ValueOf<F[K]>;
};

interface RecordOptions {
  /** Words that other tools use, and the key that means the same here. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** At least one of these keys has to be there, else the problem is reported. */
  readonly oneOf?: { readonly keys: readonly string[]; readonly problem: DiagnosticKind<[]> };
  /** Keys that begin with `x-` are left to the user, as a place for anchors. */
  readonly extensions?: boolean;
}

/** A mapping with known keys. A faulty optional value is left out, a faulty required one makes the whole unusable. */
export function record<F extends Fields>(
  expected: string,
  fields: F,
  options: RecordOptions = {},
): Shape<{ readonly value: RecordOf<F>; readonly span: Span }> {
  const keys = Object.keys(fields);
  const known = Object.entries(fields).map(([key, field]) => ({ key, ...field }));
  const names = new Set(keys);
  return {
    expected,
    read: (node, report) => {
      if (node.kind !== 'map') return wrongType(node, expected, report);
      reportUnknownKeys(node, names, options, report);
      if (options.oneOf?.keys.every((key) => !node.entries.has(key)))
        return report.say(options.oneOf.problem, node.span);
      const value: Record<string, unknown> = {};
      let usable = true;
      for (const { key, shape, required } of known) {
        const entry = node.entries.get(key);
        const read = entry === undefined ? undefined : shape.read(entry.value, report);
        if (read !== undefined) value[key] = read;
        else if (required) usable = false;
        if (entry === undefined && required) {
          report.say(POLICY_PROBLEMS.missingKey, firstKeySpan(node), key, expected, shape.expected);
        }
      }
      // Sound: each key holds what its own shape read, and all required ones are there.
      return usable ? { value: value as RecordOf<F>, span: node.span } : undefined;
    },
    schema: (definitions) => ({
      type: 'object',
      required: keys.filter((key) => fields[key]!.required),
      properties: Object.fromEntries(
        Object.entries(fields).map(([key, field]) => [
          key,
          { description: field.description, ...field.shape.schema(definitions) },
        ]),
      ),
      ...(options.oneOf === undefined ? {} : { anyOf: options.oneOf.keys.map((key) => ({ required: [key] })) }),
      ...(options.extensions === true ? { patternProperties: { '^x-': {} } } : {}),
      additionalProperties: false,
    }),
  };
}

function reportUnknownKeys(node: YamlMap, known: ReadonlySet<string>, options: RecordOptions, report: Reporter): void {
  for (const { key } of node.entries.values()) {
    const { text: name, span } = key;
    if (known.has(name) || (options.extensions === true && name.startsWith('x-'))) continue;
    const synonym = Object.hasOwn(options.synonyms ?? {}, name) ? options.synonyms?.[name] : undefined;
    report.say(POLICY_PROBLEMS.unknownKey, span, name, synonym ?? report.suggest(name, [...known]), [...known]);
  }
}

function firstKeySpan(node: YamlMap): Span {
  for (const entry of node.entries.values()) return entry.key.span;
  return node.span;
}

/** The same writing, another value. */
export function mapped<T, U>(shape: Shape<T>, change: (value: T, report: Reporter) => U | undefined): Shape<U> {
  return {
    ...shape,
    read: (node, report) => {
      const value = shape.read(node, report);
      return value === undefined ? undefined : change(value, report);
    },
  };
}

/** A shape that the JSON Schema defines once, under a name. */
export function defined<T>(name: string, shape: Shape<T>): Shape<T> {
  return {
    ...shape,
    schema: (definitions) => {
      if (!definitions.has(name)) definitions.set(name, shape.schema(definitions));
      return { $ref: `#/$defs/${name}` };
    },
  };
}

/** @param wantsText the value would do if it were in quotes. */
function wrongType(node: YamlNode, expected: string, report: Reporter, wantsText = false): undefined {
  const quote = wantsText && node.kind === 'scalar' && node.value !== null ? node.text : undefined;
  return report.say(POLICY_PROBLEMS.wrongType, node.span, expected, kindOf(node), quote);
}

function kindOf(node: YamlNode): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  if (node.value === null) return 'empty';
  switch (typeof node.value) {
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
  }
}

function shown(node: YamlNode): string {
  return node.kind === 'scalar' ? node.text : kindOf(node);
}
