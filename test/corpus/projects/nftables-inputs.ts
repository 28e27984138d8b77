import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text for `nft -f`. */
export interface Listing {
  readonly place: string;
  readonly text: string;
}

/** The listings that the shell tests expect. */
export function shellDumps(folder: string): Listing[] {
  const root = join(folder, 'tests/shell/testcases');
  return globSync('**/dumps/*.nft', { cwd: root })
    .sort()
    .map((name) => ({ place: name, text: readFileSync(join(root, name), 'utf8') }));
}

interface Chain {
  readonly name: string;
  readonly base: string; // `type filter hook input priority 0`
}

interface Table {
  readonly family: string;
  readonly name: string;
  readonly chains: readonly string[];
}

/**
 * Each rule of the files tests/py/FAMILY/NAME.t that shall be accepted, in each of the chains that the file names, with the sets and
 * objects that stand before it: a ruleset for each.
 */
export function ruleListings(folder: string): Listing[] {
  const root = join(folder, 'tests/py');
  return globSync('*/*.t', { cwd: root })
    .sort()
    .flatMap((name) => fileListings(name, readFileSync(join(root, name), 'utf8')));
}

function fileListings(file: string, text: string): Listing[] {
  const chains: Chain[] = [];
  const tables: Table[] = [];
  const objects: string[] = [];
  const elements: string[] = []; // lines of `add element`, without the table
  const listings: Listing[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const mark = line[0] ?? '';
    const rest = line.slice(1);
    if (mark === '' || mark === '#' || mark === '-' || mark === ' ') continue;
    if (mark === ':') {
      const [name = '', base = ''] = rest.split(';');
      chains.push({ name, base });
    } else if (mark === '*') {
      const [family = '', name = '', inChains = ''] = rest.split(';');
      tables.push({ family, name, chains: inChains.trim().split(',') });
    } else {
      const [, input = '', end = ''] = /^(.*?);(ok|fail)(?:;|\s*$)/.exec(line) ?? [];
      if (end !== 'ok') continue;
      if (mark === '!') objects.push(setOf(input.slice(1)));
      else if (mark === '%') objects.push(objectOf(input.slice(1)));
      else if (mark === '?') elements.push(input.slice(1));
      else
        for (const table of tables)
          for (const chain of chains.filter(({ name }) => table.chains.includes(name)))
            listings.push({
              place: `${file}:${index + 1} ${table.family} ${chain.name}`,
              text: rulesetOf(table, chain, objects, elements, input),
            });
    }
  }
  return listings;
}

/** The objects and elements that the rule names, no others: some files have a thousand of them. */
function rulesetOf(
  { family, name }: Table,
  chain: Chain,
  objects: readonly string[],
  elements: readonly string[],
  rule: string,
): string {
  const isNamed = (object: string): boolean => new RegExp(`[@" ]${object}\\b`).test(rule);
  const nameOf = (declared: string): string => /^(?:\S+ )*?(\S+) \{/.exec(declared)?.[1] ?? '';
  return [
    `table ${family} ${name} {`,
    ...objects.filter((declared) => isNamed(nameOf(declared))).map((declared) => `\t${declared}`),
    `\tchain ${chain.name} {`,
    `\t\t${chain.base};`,
    `\t\t${rule}`,
    '\t}',
    '}',
    ...elements
      .map((line) => /^(\S+) (.*)$/.exec(line) ?? [])
      .filter(([, set = '']) => set !== '' && isNamed(set))
      .map(([, set, values]) => `add element ${family} ${name} ${set} { ${values} }`),
    '',
  ].join('\n');
}

/** `set1 type ipv4_addr timeout 60s` as a declaration. */
function setOf(text: string): string {
  const [, name = '', type = '', timeout, flags] =
    /^(\S+) type (.+?)(?: timeout (\S+))?(?: flags (\S+))?$/.exec(text) ?? [];
  const kind = type.includes(':') ? 'map' : 'set';
  const timed = timeout === undefined ? '' : ` timeout ${timeout};`;
  const flagged = flags === undefined ? '' : ` flags ${flags};`;
  return `${kind} ${name} { type ${type};${timed}${flagged} }`;
}

/** `cnt1 type counter` as a declaration. */
function objectOf(text: string): string {
  const [, name = '', type = '', rest = ''] = /^(\S+) type (ct \w+|\S+)(.*)$/.exec(text) ?? [];
  return `${type} ${name} { ${rest.trim().replace(/^\{(.*)\};?$/, '$1')} }`;
}
