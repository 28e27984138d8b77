import type { Program, SetDeclaration, Table } from './ast.ts';
import { slotOfName, TABLE_NAME, TRIAL_SET } from './names.ts';
import { finalProgram } from './program.ts';

/** What to take for certain of sets whose elements time out, so that a ruleset can be judged as of one moment. */
export interface Moment {
  readonly trial: 'running' | 'over';
  readonly alive: 'held' | 'gone'; // connections that a slot's own sets hold
}

/** What a program leads to, as of a moment: elements that time out are there for good, or not at all. */
export function asOf(program: Program, moment: Moment): Program {
  const tables = finalProgram(program).tables.map((table) =>
    table.family === 'inet' && table.name === TABLE_NAME ? tableAsOf(table, moment) : table,
  );
  return { commands: tables.map((table) => ({ kind: 'table', table })) };
}

function tableAsOf(table: Table, { trial, alive }: Moment): Table {
  return {
    ...table,
    sets: table.sets.map((set) => {
      if (set.name === TRIAL_SET) return lasting(set, trial === 'running');
      return /^alive[46]$/.test(slotOfName(set.name)?.inner ?? '') ? lasting(set, alive === 'held') : set;
    }),
  };
}

function lasting({ timeout: _, ...set }: SetDeclaration, areThere: boolean): SetDeclaration {
  const elements = areThere ? set.elements.map(({ timeout: _own, ...element }) => element) : [];
  return { ...set, flags: set.flags.filter((flag) => flag !== 'timeout'), elements };
}
