/** What a table of words says of a word that somebody wrote, be it `constructor`. */
export function lookup<Value>(table: Readonly<Record<string, Value>>, word: string): Value | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
