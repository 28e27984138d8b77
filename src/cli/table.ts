import { createRequire } from 'node:module';
import { escapeControls } from '../diagnostic/index.ts';

// Both take longer to load than most questions take to answer, and in JSON there are no tables.
const load = createRequire(import.meta.url);
const tables = (): typeof import('cli-table3') => load('cli-table3');
const widths = (): typeof import('string-width') => load('string-width');

/** A cell of one line, or of several. */
export type Cell = string | readonly string[];

/** A table of text without lines around it; columns as wide as they must be. Cells may come from outside. */
export function textTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const Table = tables();
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: Object.fromEntries(BORDERS.map((border) => [border, border === 'middle' ? '  ' : ''])),
  });
  table.push(...rows.map((row) => row.map((cell) => [cell].flat().map(escapeControls).join('\n'))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const BORDERS = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
] as const;

/** Text cut to a number of columns of a terminal, the cut shown. */
export function fitted(text: string, columns: number): string {
  const { default: stringWidth } = widths();
  if (stringWidth(text) <= columns) return text;
  let end = text.length;
  while (end > 0 && stringWidth(text.slice(0, end)) > columns - 1) end--;
  return `${text.slice(0, end)}…`;
}

/** Under a table: what its entries depend on. */
export function conditionLines(conditions: readonly string[] = []): string[] {
  if (conditions.length === 0) return [];
  return [
    'some of it depends on what cannot be known from here:',
    ...conditions.map((each) => `  ${escapeControls(each)}`),
  ];
}
