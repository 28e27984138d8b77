import { RestoreAndSave } from './iptables.ts';
import { extensionRules, shellTables } from './iptables-inputs.ts';
import type { Graded } from './outcome.ts';

// The process in the private namespace: FOLDER OUTSIDE EVERY, where each EVERYth group is taken; what became of the inputs is told as JSON.

const [folder = '', outside = '', every = '1'] = process.argv.slice(2);
const host = new RestoreAndSave(outside);
const isTaken = (_: unknown, index: number): boolean => index % Number(every) === 0;
const rules: Graded[] = [];
for (const group of extensionRules(folder).filter(isTaken)) rules.push(...(await host.gradeRules(group)));
const tables: Graded[] = [];
for (const table of shellTables(folder).filter(isTaken)) tables.push(...(await host.gradeTable(table)));
process.stdout.write(JSON.stringify({ rules, tables }));
