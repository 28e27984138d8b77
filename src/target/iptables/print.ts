import type { Family } from '../../net/index.ts';
import type { Artifact } from '../target.ts';
import type { IpSet, Module, Option, Program, Rule, Table } from './ast.ts';
import { builtinEntry } from './builtin.ts';

export const IPSET_FILE = 'ipset.rules';

/** `iptables.rules`: the chains of ours. */
export function rulesFile(family: Family): string {
  return `${program(family)}.rules`;
}

/** `iptables-hooks.rules`: what makes built-in chains lead to them. */
export function hooksFile(family: Family): string {
  return `${program(family)}-hooks.rules`;
}

function program(family: Family): 'iptables' | 'ip6tables' {
  return family === 4 ? 'iptables' : 'ip6tables';
}

/** Each table as two files: its chains, to be loaded at any time, and the rules of built-in chains, to be loaded once. */
export function printFiles({ tables, sets }: Program): Artifact[] {
  const files = tables.flatMap((table) => [
    { name: rulesFile(table.family), text: rulesHeader(table.family) + printChains(table) },
    { name: hooksFile(table.family), text: hooksHeader(table.family) + printHooks(table) },
  ]);
  return sets.length === 0 ? files : [{ name: IPSET_FILE, text: SETS_HEADER + sets.map(printSet).join('') }, ...files];
}

/** The reader knows the family by the first line. */
function rulesHeader(family: Family): string {
  return `# Written by Portcullis for ${program(family)}-restore: chains of ours, which are replaced as a whole and at once, at any time:
#     ${program(family)}-restore --noflush ${rulesFile(family)}
# They decide nothing before built-in chains lead to them; see ${hooksFile(family)}. RETURN is what a flow allows: the rules of others
# behind the hook can still refuse it. Load the files of both families.
`;
}

function hooksHeader(family: Family): string {
  const command = program(family);
  return `# Written by Portcullis for ${command}-restore: the hooks, to be loaded once, behind ${rulesFile(family)}:
#     ${command} -C INPUT -j PORTCULLIS-INPUT || ${command}-restore --noflush ${hooksFile(family)}
# Where Docker runs, it puts its own rules before the hook in FORWARD whenever it starts. Its chain for others stays first:
#     ${command} -D FORWARD -j PORTCULLIS-FORWARD && ${command} -I DOCKER-USER 1 -j PORTCULLIS-FORWARD
`;
}

const SETS_HEADER = `# Written by Portcullis for ipset: to be loaded before the rules, which are refused without their sets:
#     ipset restore < ${IPSET_FILE}
`;

/** The chains of a table that somebody made, as `iptables-restore --noflush` replaces them. */
export function printChains({ name, chains }: Pick<Table, 'name' | 'chains'>): string {
  const own = chains.filter((chain) => builtinEntry(name, chain.name) === undefined);
  const rules = own.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${printRule(rule)}\n`));
  return `*${name}\n${own.map((chain) => `:${chain.name} - [0:0]\n`).join('')}${rules.join('')}COMMIT\n`;
}

/** The rules of built-in chains, put before those that are there. */
function printHooks({ name, chains }: Table): string {
  const hooks = chains.filter((chain) => builtinEntry(name, chain.name) !== undefined);
  const rules = hooks.flatMap((chain) =>
    chain.rules.map((rule, index) => `-I ${chain.name} ${index + 1} ${printRule(rule)}\n`),
  );
  return `*${name}\n${rules.join('')}COMMIT\n`;
}

/** A rule's conditions and target, as one line of iptables' language. */
export function printRule({ options, matches, target }: Rule): string {
  const words = [
    ...options.flatMap(optionWords),
    ...matches.flatMap((match) => ['-m', ...moduleWords(match)]),
    ...(target === undefined ? [] : [target.kind === 'goto' ? '-g' : '-j', ...moduleWords(target)]),
  ];
  return words.join(' ');
}

function moduleWords({ name, options }: Module): string[] {
  return [name, ...options.flatMap(optionWords)];
}

function optionWords({ name, negated, values }: Option): string[] {
  return [...(negated ? ['!'] : []), SHORT.get(name) ?? name, ...values.map(quoted)];
}

/** As iptables-save writes them. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['--source', '-s'],
  ['--destination', '-d'],
  ['--in-interface', '-i'],
  ['--out-interface', '-o'],
  ['--protocol', '-p'],
  ['--source-port', '--sport'],
  ['--destination-port', '--dport'],
  ['--source-ports', '--sports'],
  ['--destination-ports', '--dports'],
]);

function quoted(value: string): string {
  return /^[\w.,:;/@%+=~^*-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The family's word of ipset(8), and room for as many elements as it has, or for what names can stand for. */
function printSet({ name, type, family, isTimed, elements }: IpSet): string {
  const most = Math.max(65_536, elements.length);
  const words = family === undefined ? [] : ['family', family === 4 ? 'inet' : 'inet6'];
  const create = ['create', name, type, ...words, 'maxelem', most, ...(isTimed ? ['timeout', 0] : []), '-exist'];
  const adds = elements.map(({ parts }) => `add ${name} ${parts.join(',')} -exist\n`);
  return `${create.join(' ')}\n${adds.join('')}`;
}
