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
  for (const each of [...repetitions(tables), ...jumpProblems(tables)]) diagnostics.push(each);
  return { ast: hasErrors(diagnostics) ? undefined : { tables, sets }, diagnostics };
}

function repetitions(tables: readonly Table[]): Diagnostic[] {
  const known = new Map<string, Table>();
  const found: Diagnostic[] = [];
  for (const table of tables) {
    const key = `${table.family} ${table.name} ${table.backend ?? ''}`;
    const first = known.get(key);
    if (first === undefined) known.set(key, table);
    else if (first.span !== undefined) {
      const place = `${first.span.file.name}:${spanPosition(first.span).line}`;
      found.push(diagnose(IPTABLES_PROBLEMS.givenTwice, table.span, table.family, table.name, place));
    }
  }
  return found;
}
