import { median } from './measure.ts';
import type { Finding } from './report.ts';

const NOTE = 'what is measured now over what it was: below 1 is less time, or less memory';

/**
 * The findings of one bench beside those of an earlier commit, figure by figure.
 * @param now of each round
 * @param then of each round
 * @returns a table of ratios for each finding that both have; columns of what was counted, and not measured, are left out
 */
export function ratios(now: readonly (readonly Finding[])[], then: readonly (readonly Finding[])[]): Finding[] {
  const [latest = []] = now;
  return latest.flatMap((finding) => {
    const columns = finding.columns.flatMap((column, index) => (isMeasured(finding, index) ? [{ column, index }] : []));
    const rows = finding.rows.flatMap((row) => {
      const figures = columns.map(({ column }) => {
        const [after, before] = [now, then].map((rounds) => figuresOf(rounds, finding.title, labelOf(row), column));
        if (after === undefined || before === undefined || after.length === 0 || before.length === 0) return '';
        return median(before) === 0 ? '' : median(after) / median(before);
      });
      return figures.every((figure) => figure === '') ? [] : [[labelOf(row), ...figures]];
    });
    const [head = ''] = finding.columns;
    return rows.length === 0
      ? []
      : [{ title: finding.title, columns: [head, ...columns.map(({ column }) => column)], rows, notes: [NOTE] }];
  });
}

const OF_ONE_RUN = ['growth', 'times']; // ratios already

/** A figure with a fraction is measured; whole numbers are sizes and counts. The first column tells the rows apart. */
function isMeasured({ columns, rows }: Finding, column: number): boolean {
  if (column === 0 || OF_ONE_RUN.includes(columns[column] ?? '')) return false;
  return rows.some((row) => typeof row[column] === 'number' && !Number.isInteger(row[column]));
}

function labelOf([label = '']: readonly (string | number)[]): string | number {
  return label;
}

function figuresOf(
  rounds: readonly (readonly Finding[])[],
  title: string,
  label: string | number,
  column: string,
): number[] {
  return rounds.flatMap((findings) => {
    const finding = findings.find((each) => each.title === title);
    const figure = finding?.rows.find((row) => labelOf(row) === label)?.[finding.columns.indexOf(column)];
    return typeof figure === 'number' ? [figure] : [];
  });
}
