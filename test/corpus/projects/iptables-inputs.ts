import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Family } from '../../../src/net/index.ts';
import type { TableName } from '../../../src/target/iptables/ast.ts';

/** Rules for one table of one family, in chains that the kernel has. */
export interface RuleGroup {
  readonly family: Family;
  readonly table: TableName;
  readonly rules: readonly RuleCase[];
}

export interface RuleCase {
  readonly place: string;
  readonly line: string; // `-A INPUT -p tcp`
}

/** A text for `iptables-restore`, of one table. */
export interface TableText {
  readonly place: string;
  readonly family: Family;
  readonly table: TableName;
  readonly text: string;
}

const TABLE = /^\*(raw|mangle|nat|filter|security)\s*$/;

/** What extensions/*.t say shall be accepted; those of arptables and ebtables decide about frames, which we do not read. */
export function extensionRules(folder: string): RuleGroup[] {
  return globSync(join(folder, 'extensions/{libxt,libipt,libip6t,iptables}*.t'))
    .sort()
    .flatMap((path) => {
      const families = /libip6t/.test(path)
        ? [6 as const]
        : /libipt/.test(path)
          ? [4 as const]
          : [4 as const, 6 as const];
      return families.flatMap((family) => groupsOf(basename(path), readFileSync(path, 'utf8'), family));
    });
}

function groupsOf(name: string, text: string, family: Family): RuleGroup[] {
  const groups = new Map<TableName, RuleCase[]>();
  let chains: readonly string[] = [];
  let table: TableName = 'filter';
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith(':')) {
      chains = line.slice(1).trim().split(',');
      table = 'filter';
      continue;
    }
    const named = tableOf(line);
    if (named !== undefined) table = named;
    if (named !== undefined || /^[#@%*]/.test(line)) continue;
    const [rule, , expected] = line.split(';');
    if (rule === undefined || expected?.trim() !== 'OK') continue;
    const cases = groups.get(table) ?? [];
    for (const chain of chains)
      cases.push({ place: `${name}:${index + 1} ${table} ${chain} IPv${family}`, line: `-A ${chain} ${rule}` });
    groups.set(table, cases);
  }
  return [...groups].map(([name, rules]) => ({ family, table: name, rules }));
}

/** Whole tables that stand anywhere in the files of the shell tests, for both families. */
export function shellTables(folder: string): TableText[] {
  const root = join(folder, 'iptables/tests/shell/testcases');
  return globSync('**/*', { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/^\*(?:raw|mangle|nat|filter|security)\s*\n.*?^COMMIT$/gms)].flatMap(
        ([text], index) => {
          const table = tableOf(text.split('\n')[0]!)!;
          return [4 as const, 6 as const].map((family) => ({
            place: `${path.slice(root.length + 1)} table ${index + 1} (${table}) IPv${family}`,
            family,
            table,
            text: `${text}\n`,
          }));
        },
      ),
    );
}

function tableOf(line: string): TableName | undefined {
  switch (TABLE.exec(line)?.[1]) {
    case 'raw':
      return 'raw';
    case 'mangle':
      return 'mangle';
    case 'nat':
      return 'nat';
    case 'filter':
      return 'filter';
    case 'security':
      return 'security';
    default:
      return undefined;
  }
}
