import { relative } from 'node:path';
import type { run } from 'node:test';
import { inspect, stripVTControlCharacters } from 'node:util';

type TestEvent = ReturnType<typeof run> extends AsyncIterable<infer Event> ? Event : never;

interface Failure {
  readonly where: string; // file:line
  readonly name: string;
  readonly text: string;
}

const OUTPUT_LIMIT = 20_000; // characters of a failing file's own output that are shown

/**
 * What Node's test runner tells, put so that a person finds what went wrong: a line for each file, then every skipped test
 * with its reason, then every failure, then the count. A file without a test and a skip without a reason are failures.
 */
export class TestReport {
  readonly #root: string;
  readonly #write: (text: string) => void;
  readonly #tellsAll: boolean;
  readonly #failures: Failure[] = [];
  readonly #skipped = new Map<string, string[]>(); // reason -> tests
  readonly #output = new Map<string, string>(); // file -> what it printed
  readonly #names: string[] = []; // of the tests that enclose the one being told, by nesting
  #passed = 0;

  /** @param tellsAll also what tests that pass say of themselves (`t.diagnostic`) */
  constructor(root: string, write: (text: string) => void, tellsAll = false) {
    this.#root = root;
    this.#write = write;
    this.#tellsAll = tellsAll;
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
        // Those of a test; the runner's own counts have no place in a file.
        if (this.#tellsAll && event.data.line !== undefined) this.#write(`${event.data.message}\n`);
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

  /** Prints what is left to say; true where all is well. */
  finish(): boolean {
    const skipped = [...this.#skipped.values()].reduce((sum, tests) => sum + tests.length, 0);
    if (this.#passed + this.#failures.length === 0) {
      this.#failures.push({ where: relative('.', this.#root) || '.', name: 'no test ran', text: 'nothing was tested' });
    }
    for (const [reason, tests] of this.#skipped) {
      this.#write(`\nskipped: ${reason}\n${tests.map((test) => `  ${test}\n`).join('')}`);
    }
    for (const { where, name, text } of this.#failures) {
      this.#write(`\nfailed: ${name}\n  at ${where}\n${text.replace(/^(?=.)/gm, '    ')}\n`);
    }
    this.#write(`\n${this.#passed} passed, ${this.#failures.length} failed, ${skipped} skipped\n`);
    return this.#failures.length === 0;
  }

  #result(event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>): void {
    const { data } = event;
    if (data.details.type === 'suite' && event.type === 'test:pass') return;
    this.#names.length = data.nesting;
    const name = [...this.#names, data.name].join(' > ');
    const where = `${this.#shown(data.file)}:${data.line ?? 1}`;
    const isFile = data.nesting === 0 && data.name === data.file; // the runner's own entry for a whole file
    if (event.type === 'test:fail') {
      const { error } = event.data.details;
      if (isSubtestFailure(error)) return; // told where it happened
      const text = isFile ? this.#fileFailure(data.name, error) : errorText(error);
      this.#failures.push({ where, name: isFile ? this.#shown(data.name) : name, text });
    } else if (isFile) {
      this.#failures.push({ where, name: this.#shown(data.name), text: 'this file has no test' });
    } else if (data.skip !== undefined || data.todo !== undefined) {
      if (typeof data.skip !== 'string' || data.skip === '') {
        this.#failures.push({ where, name, text: 'this test was skipped without a reason' });
      } else {
        this.#skipped.set(data.skip, [...(this.#skipped.get(data.skip) ?? []), `${where} ${name}`]);
      }
    } else {
      this.#passed++;
    }
  }

  #file(file: string, summary: Extract<TestEvent, { type: 'test:summary' }>['data']): void {
    const { counts } = summary;
    const parts = [`${counts.passed} passed`];
    if (counts.failed + counts.cancelled > 0) parts.push(`${counts.failed + counts.cancelled} FAILED`);
    if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
    this.#write(`${this.#shown(file)}: ${parts.join(', ')} (${(summary.duration_ms / 1000).toFixed(1)} s)\n`);
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
