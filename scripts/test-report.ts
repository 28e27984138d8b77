import { relative } from 'node:path';
import type { run } from 'node:test';
import { inspect, stripVTControlCharacters } from 'node:util';

type TestEvent = ReturnType<typeof run> extends AsyncIterable<infer Event> ? Event : never;

interface Failure {
  readonly where: string; // file:line, and the file that was run where that is another one
  readonly name: string;
  readonly text: string;
}

/** What the tests of one file came to. */
interface Outcome {
  passed: number;
  readonly failures: Failure[];
  readonly skipped: (readonly [reason: string, test: string])[];
}

const OUTPUT_LIMIT = 20_000; // characters of a failing file's own output that are shown

/**
 * What Node's test runner tells, put so that a person finds what went wrong: a line for each file with what its tests count, then every skipped test
 * with its reason, then every failure, that of a first try too, then the count. A file without a test and a skip without a reason are failures.
 */
export class TestReport {
  readonly #root: string;
  readonly #write: (text: string) => void;
  readonly #outcomes = new Map<string, Outcome>(); // by file
  readonly #unsteady: Failure[] = []; // of a first try
  readonly #output = new Map<string, string>(); // file -> what it printed
  readonly #notes: string[] = []; // what the tests of the file that comes next count and tell
  readonly #names: string[] = []; // of the tests that enclose the one being told, by nesting

  constructor(root: string, write: (text: string) => void) {
    this.#root = root;
    this.#write = write;
  }

  take(event: TestEvent): void {
    switch (event.type) {
      case 'test:start':
        this.#names.length = event.data.nesting;
        this.#names.push(event.data.name);
        return;
      case 'test:pass':
      case 'test:fail':
        this.#result(event);
        return;
      case 'test:diagnostic':
        if (event.data.file !== undefined) this.#notes.push(stripVTControlCharacters(event.data.message));
        return;
      case 'test:stdout':
      case 'test:stderr':
        this.#printed(event.data.file, event.data.message);
        return;
      case 'test:summary':
        if (event.data.file !== undefined) this.#file(event.data.file, event.data);
        return;
      default:
    }
  }

  /** The files in which something failed and that may be tried once more: what they came to is told at the end, and no longer counts. */
  tryAgain(mayBe: (file: string) => boolean): string[] {
    const files = [...this.#outcomes].filter(([file, { failures }]) => failures.length > 0 && mayBe(file));
    for (const [file, { failures }] of files) {
      this.#unsteady.push(...failures);
      this.#outcomes.delete(file);
      this.#output.delete(file);
    }
    return files.map(([file]) => file);
  }

  /** Prints what is left to say; true where all is well. */
  finish(): boolean {
    const outcomes = [...this.#outcomes.values()];
    const passed = outcomes.reduce((sum, each) => sum + each.passed, 0);
    const failures = outcomes.flatMap((each) => each.failures);
    const skipped = outcomes.flatMap((each) => each.skipped);
    if (passed + failures.length === 0)
      failures.push({ where: relative('.', this.#root) || '.', name: 'no test ran', text: 'nothing was tested' });
    for (const [reason, tests] of Map.groupBy(skipped, ([why]) => why)) {
      this.#write(`\nskipped: ${reason}\n${tests.map(([, test]) => `  ${test}\n`).join('')}`);
    }
    for (const failure of this.#unsteady)
      this.#fault('failed at first, and was tried again with nothing beside it', failure);
    for (const failure of failures) this.#fault('failed', failure);
    if (this.#unsteady.length > 0) this.#write(`\n${this.#unsteady.length} of a first try failed, see above\n`);
    this.#write(`\n${passed} passed, ${failures.length} failed, ${skipped.length} skipped\n`);
    return failures.length === 0;
  }

  #fault(what: string, { where, name, text }: Failure): void {
    this.#write(`\n${what}: ${name}\n  at ${where}\n${text.replace(/^(?=.)/gm, '    ')}\n`);
  }

  #outcomeOf(file: string | undefined): Outcome {
    const known = this.#outcomes.get(file ?? '');
    if (known !== undefined) return known;
    const outcome: Outcome = { passed: 0, failures: [], skipped: [] };
    this.#outcomes.set(file ?? '', outcome);
    return outcome;
  }

  #result(event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>): void {
    const { data } = event;
    if (data.details.type === 'suite' && event.type === 'test:pass') return;
    this.#names.length = data.nesting;
    const name = [...this.#names, data.name].join(' > ');
    const entry = entryOf(data);
    const place = `${this.#shown(data.file)}:${data.line ?? 1}`;
    const where = entry === data.file ? place : `${place}, run by ${this.#shown(entry)}`;
    const outcome = this.#outcomeOf(entry);
    const isFile = data.nesting === 0 && data.name === data.file; // the runner's own entry for a whole file
    if (event.type === 'test:fail') {
      const { error } = event.data.details;
      if (isSubtestFailure(error)) return; // told where it happened
      const text = isFile ? this.#fileFailure(data.name, error) : errorText(error);
      outcome.failures.push({ where, name: isFile ? this.#shown(data.name) : name, text });
    } else if (isFile) {
      outcome.failures.push({ where, name: this.#shown(data.name), text: 'this file has no test' });
    } else if (data.skip !== undefined || data.todo !== undefined) {
      if (typeof data.skip !== 'string' || data.skip === '') {
        outcome.failures.push({ where, name, text: 'this test was skipped without a reason' });
      } else {
        outcome.skipped.push([data.skip, `${where} ${name}`]);
      }
    } else {
      outcome.passed++;
    }
  }

  #file(file: string, summary: Extract<TestEvent, { type: 'test:summary' }>['data']): void {
    const { counts } = summary;
    const parts = [`${counts.passed} passed`];
    if (counts.failed + counts.cancelled > 0) parts.push(`${counts.failed + counts.cancelled} FAILED`);
    if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
    this.#write(`${this.#shown(file)}: ${parts.join(', ')} (${(summary.duration_ms / 1000).toFixed(1)} s)\n`);
    for (const note of this.#notes.splice(0)) this.#write(`  ${note}\n`);
  }

  #printed(file: string, message: string): void {
    const before = this.#output.get(file) ?? '';
    if (before.length < OUTPUT_LIMIT) this.#output.set(file, before + message);
  }

  #fileFailure(file: string, error: unknown): string {
    const printed = (this.#output.get(file) ?? '').slice(0, OUTPUT_LIMIT);
    return printed.trim() === '' ? errorText(error) : `${errorText(error)}\n${printed}`;
  }

  #shown(file: string | undefined): string {
    return file === undefined ? '(unknown file)' : relative(this.#root, file);
  }
}

/** The file that was run, which need not be the one that a test is written in; not yet in the types of Node 24. */
function entryOf(data: { readonly file?: string | undefined }): string | undefined {
  return 'entryFile' in data && typeof data.entryFile === 'string' ? data.entryFile : data.file;
}

function isSubtestFailure(error: unknown): boolean {
  return error instanceof Error && 'failureType' in error && error.failureType === 'subtestsFailed';
}

/** The message, the cause and the first lines of the trace that are the project's own. */
function errorText(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
  const reason = cause instanceof Error && cause.cause !== undefined ? `\ncaused by: ${inspect(cause.cause)}` : '';
  const lines = stripVTControlCharacters(text + reason).split('\n');
  return lines.filter((line) => !/^\s+at .*\(?node:/.test(line)).join('\n');
}
