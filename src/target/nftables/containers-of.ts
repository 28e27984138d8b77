import type { Program, SetDeclaration } from './ast.ts';
import { TABLE_NAME, zoneOfContainerSet } from './names.ts';
import { ownTable } from './stage-slot.ts';

/**
 * A program with those in its zones of containers who are there in another: `docker watch` puts them in and takes them out while rules
 * stand, so that rules of before and of now differ in nothing by that.
 */
export function withContainersOf(program: Program, other: Program): Program {
  const there = new Map<string, SetDeclaration['elements']>();
  for (const { name, elements } of ownTable(other)?.sets ?? []) {
    const key = keyOf(name);
    if (key !== undefined) there.set(key, elements);
  }
  if (there.size === 0) return program;
  const filled = (set: SetDeclaration): SetDeclaration => {
    const elements = there.get(keyOf(set.name) ?? '');
    return elements === undefined ? set : { ...set, elements };
  };
  return {
    commands: program.commands.map((command) =>
      command.kind === 'table' && command.table.name === TABLE_NAME
        ? { ...command, table: { ...command.table, sets: command.table.sets.map(filled) } }
        : command,
    ),
  };
}

function keyOf(name: string): string | undefined {
  const of = zoneOfContainerSet(name);
  return of === undefined ? undefined : `${of.family} ${of.zone}`;
}
