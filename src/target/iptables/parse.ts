import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import { type SourceFile, spanPosition } from '../../source/index.ts';
import type { Parsed } from '../target.ts';
import type { IpSet, Program, Table } from './ast.ts';
import { isIpsetSave, parseIpset } from './parse-ipset.ts';
import { parseRestore } from './parse-restore.ts';
import { IPTABLES_PROBLEMS } from './problems.ts';
import { jumpProblems } from './references.ts';

/** What stands on one machine: any number of files of `iptables-save`, `ip6tables-save` and `ipset save`. */
export function parseFiles(files: readonly SourceFile[]): Parsed<Program> {
  const tables: Table[] = [];
  const sets: IpSet[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    if (isIpsetSave(file)) {
      const read = parseIpset(file);
      for (const set of read.sets) sets.push(set);
      for (const each of read.diagnostics) diagnostics.push(each);
    } else {
      const read = parseRestore(file);
      for (const table of read.tables) tables.push(table);
      for (const each of read.diagnostics) diagnostics.push(each);
    }
  }
  const whole = joined(tables);
  for (const each of [...repetitions(whole), ...jumpProblems(whole)]) diagnostics.push(each);
  return { ast: hasErrors(diagnostics) ? undefined : { tables: whole, sets }, diagnostics };
}

/** A table that files give in parts, as `iptables-restore --noflush` loads one after the other: each part with chains of its own. */
function joined(tables: readonly Table[]): Table[] {
  const whole: Table[] = [];
  for (const table of tables) {
    const at = whole.findIndex((each) => keyOf(each) === keyOf(table) && areApart(each, table));
    if (at === -1) whole.push(table);
    else whole[at] = { ...whole[at]!, chains: [...whole[at]!.chains, ...table.chains] };
  }
  return whole;
}

function keyOf({ family, name, backend }: Table): string {
  return `${family} ${name} ${backend ?? ''}`;
}

function areApart(first: Table, second: Table): boolean {
  const known = new Set(first.chains.map(({ name }) => name));
  return !second.chains.some(({ name }) => known.has(name));
}

function repetitions(tables: readonly Table[]): Diagnostic[] {
  const known = new Map<string, Table>();
  const found: Diagnostic[] = [];
  for (const table of tables) {
    const key = keyOf(table);
    const first = known.get(key);
    if (first === undefined) known.set(key, table);
    else if (first.span !== undefined) {
      const place = `${first.span.file.name}:${spanPosition(first.span).line}`;
      found.push(diagnose(IPTABLES_PROBLEMS.givenTwice, table.span, table.family, table.name, place));
    }
  }
  return found;
}
