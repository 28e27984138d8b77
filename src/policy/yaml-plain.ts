/** YAML 1.2.2, 10.3.2: the core schema's tag resolution for plain scalars. */
export function plainValue(text: string): string | number | boolean | null {
  if (mayBeNumber(text.charCodeAt(0))) {
    if (/^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(text)) return Number(text);
    if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) return Number(text);
    return text;
  }
  const meant = text.length > LONGEST_WORD ? undefined : WORDS.get(text);
  return meant === undefined ? text : meant;
}

/** What begins with a digit, a sign or a dot; of the empty text the code is not a number. */
function mayBeNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e;
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);
const LONGEST_WORD = 5;
