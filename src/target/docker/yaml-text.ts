import { escapeControls } from '../../diagnostic/index.ts';

/** What a YAML file is to hold. */
export type YamlValue =
  | string
  | number
  | boolean
  | { readonly list: readonly YamlValue[]; readonly tag?: '!override' }
  | { readonly map: readonly YamlEntry[]; readonly tag?: '!override' };

export interface YamlEntry {
  readonly key: string;
  readonly value: YamlValue;
  readonly comment?: readonly string[]; // lines above it
}

/** A file of Compose's: text that cannot be read as anything but text, whatever names are in it. */
export function yamlFile(comment: readonly string[], entries: readonly YamlEntry[]): string {
  return [...comment.map((line) => commentLine(line, '')), ...mapLines(entries, ''), ''].join('\n');
}

/** Compose puts variables in wherever it finds a dollar sign. */
export function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function mapLines(entries: readonly YamlEntry[], indent: string): string[] {
  return entries.flatMap(({ key, value, comment = [] }) => [
    ...comment.map((line) => commentLine(line, indent)),
    ...valueLines(`${indent}${scalar(key)}:`, value, `${indent}  `),
  ]);
}

/** @param head what stands before the value @param indent of the lines below it */
function valueLines(head: string, value: YamlValue, indent: string): string[] {
  if (typeof value !== 'object') return [`${head} ${typeof value === 'string' ? scalar(value) : String(value)}`];
  const tagged = value.tag === undefined ? head : `${head} ${value.tag}`;
  if ('map' in value) return value.map.length === 0 ? [`${tagged} {}`] : [tagged, ...mapLines(value.map, indent)];
  if (value.list.length === 0) return [`${tagged} []`];
  return [tagged, ...value.list.flatMap((item) => itemLines(item, indent))];
}

function itemLines(item: YamlValue, indent: string): string[] {
  if (typeof item === 'object' && 'map' in item && item.map.length > 0 && item.tag === undefined) {
    const [first = '', ...others] = mapLines(item.map, `${indent}  `);
    return [`${indent}- ${first.trimStart()}`, ...others];
  }
  return valueLines(`${indent}-`, item, `${indent}  `);
}

/** A line break or another control character would end the comment. */
function commentLine(text: string, indent: string): string {
  return text === '' ? '' : `${indent}# ${escapeControls(text)}`;
}

/** Plain where every YAML reader gives the same text back, else in double quotes, which are JSON's (YAML 1.2.2, 7.3.1). */
function scalar(text: string): string {
  if (PLAIN.test(text) && !WORD.test(text)) return text;
  return JSON.stringify(text).replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const PLAIN = /^[A-Za-z][A-Za-z0-9_.-]*$/;
const WORD = /^(?:true|false|null|yes|no|on|off|y|n)$/i; // of YAML 1.1
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffd-\uffff]/g; // YAML 1.2.2, 5.1
