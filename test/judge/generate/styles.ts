import type { RulesetDraft, TableDraft } from './draft.ts';

/**
 * Ways of writing the same ruleset: tables as blocks, as nft lists them; the same in pieces; one command for each thing, as
 * people type them; and with constants that are given names first.
 */
export const STYLES = ['blocks', 'pieces', 'commands', 'insertions', 'defines'] as const;
export type Style = (typeof STYLES)[number];

/** The ruleset in nft's text, every rule on a line of its own, which ends with the rule. */
export function draftText({ tables, style }: RulesetDraft): string {
  switch (style) {
    case 'blocks':
      return tables.map(asBlock).join('');
    case 'pieces':
      return tables.map(inPieces).join('');
    case 'commands':
      return tables.map((table) => asCommands(table, 'add')).join('');
    case 'insertions':
      return tables.map((table) => asCommands(table, 'insert')).join('');
    case 'defines':
      return withDefines(tables.map(asBlock).join(''));
  }
}

const DORMANT = 'flags dormant;';

function asBlock({ family, name, dormant, objects, chains }: TableDraft): string {
  const blocks = chains.map(({ name: chain, base, rules }) =>
    [`chain ${chain} {`, ...(base === undefined ? [] : [base]), ...rules, '}'].join('\n'),
  );
  const flags = dormant === true ? [DORMANT] : [];
  return `table ${family} ${name} {\n${[...flags, ...objects, ...blocks].join('\n')}\n}\n`;
}

/** First the chains, empty, so that whatever leads to them may come in any order. */
function inPieces({ family, name, dormant, objects, chains }: TableDraft): string {
  // A piece that does not say that the table is dormant wakes it.
  const flags = dormant === true ? [DORMANT] : [];
  const block = (lines: readonly string[]): string =>
    `table ${family} ${name} {\n${[...flags, ...lines].join('\n')}\n}\n`;
  const empty = chains.map(({ name: chain, base }) => `chain ${chain} {\n${base === undefined ? '' : `${base}\n`}}`);
  const filled = chains.map(({ name: chain, rules }) => block([`chain ${chain} {`, ...rules, '}']));
  return [block(empty), block(objects), ...filled].join('');
}

function asCommands({ family, name, dormant, objects, chains }: TableDraft, command: 'add' | 'insert'): string {
  const table = `${family} ${name}`;
  const ordered = (rules: readonly string[]): readonly string[] => (command === 'add' ? rules : rules.toReversed());
  return [
    `add table ${table}${dormant === true ? ` { ${DORMANT} }` : ''}`,
    ...chains.map(({ name: chain, base }) => `add chain ${table} ${chain}${base === undefined ? '' : ` { ${base} }`}`),
    ...objects.map((object) => object.replace(/^(\w+) (\w+)/, `add $1 ${table} $2`)),
    ...chains.flatMap(({ name: chain, rules }) =>
      ordered(rules).map((rule) => `${command} rule ${table} ${chain} ${rule}`),
    ),
    '',
  ].join('\n');
}

/** Gives names to the addresses that stand alone behind a field. */
function withDefines(text: string): string {
  const names = new Map<string, string>();
  const named = text.replaceAll(/(?<=[sd]addr (?:[!=]= )?)[0-9a-f]*[.:][0-9a-f.:]+(?:\/\d+)?(?= )/g, (address) => {
    const name = names.get(address) ?? `address_${names.size}`;
    names.set(address, name);
    return `$${name}`;
  });
  return [...names].map(([address, name]) => `define ${name} = ${address}\n`).join('') + named;
}
