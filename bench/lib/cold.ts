import { runChild } from './child.ts';
import { median } from './measure.ts';

/** What one task in a process of its own told: figures by name, and its memory. */
export interface ColdRun {
  readonly figures: Readonly<Record<string, number>>; // milliseconds, or counts
  readonly peakMegabytes: number;
}

/** Tasks by name: each is run in a fresh process, with nothing warm, as a user's command is; it gives figures by name. */
export type ColdTasks = Readonly<Record<string, (size: number) => Readonly<Record<string, number>>>>;

const MARK = '--task';

/** In the process of a task: does it, tells the figures and says true. Else false: then this is the bench itself. */
export function isColdTask(tasks: ColdTasks): boolean {
  const [mark, name = '', size] = process.argv.slice(2);
  if (mark !== MARK) return false;
  const task = tasks[name];
  if (task === undefined) throw new Error(`no task ${name}`);
  process.stdout.write(JSON.stringify(task(Number(size))));
  return true;
}

/** A task of a bench file, `rounds` times: the median of each figure and the highest memory. */
export function runCold(file: string, task: string, size: number, rounds: number): ColdRun {
  const runs = Array.from({ length: rounds }, () => {
    const { status, stdout, stderr, peakMegabytes } = runChild([file, MARK, task, String(size)]);
    if (status !== 0) throw new Error(`${task} of ${size} failed: ${stderr.slice(-1000)}`);
    return { figures: figuresOf(stdout), peakMegabytes };
  });
  const names = Object.keys(runs[0]?.figures ?? {});
  return {
    figures: Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run.figures[name]!))])),
    peakMegabytes: Math.max(...runs.map((run) => run.peakMegabytes)),
  };
}

function figuresOf(text: string): Record<string, number> {
  const read: unknown = JSON.parse(text);
  if (typeof read !== 'object' || read === null) throw new TypeError('a task tells its figures as an object');
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, Number(value)]));
}
