import { types } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { UNWATCHED, type Watcher } from '../packetset/index.ts';
import type { Console, TextOutput } from './console.ts';
import { fitted } from './table.ts';

/** Somebody pressed Ctrl-C while work was going on. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** The one line for whoever pressed Ctrl-C. Files are written whole at the very end, or not at all (`writeFile`). */
export const INTERRUPTED_LINE = 'interrupted: the work was not finished, and no file was changed\n';

/**
 * Runs work that may take long: on a terminal one line tells how far it is, and Ctrl-C ends it at once, with `INTERRUPTED_LINE`
 * and its exit code. No handler of SIGINT is needed elsewhere: outside such work the system ends the process, as it should.
 * @param doing what is being done, such as `comparing`
 * @throws Interrupted
 */
export function longWork<Result>(console: Console, doing: string, work: (watcher: Watcher) => Result): Result {
  const line = wantsProgress(console) ? new ProgressLine(console.stderr, doing) : undefined;
  try {
    return interruptible(() => work(line ?? UNWATCHED));
  } finally {
    line?.clear();
  }
}

/**
 * While work goes on no event comes through, and so no handler of a signal is called either. Node lets go of a script of `vm`
 * at SIGINT, wherever it is (https://nodejs.org/api/vm.html, breakOnSigint): all of the work is called from within one.
 */
function interruptible<Result>(work: () => Result): Result {
  let result: { readonly value: Result } | undefined;
  place.work = {
    call: () => {
      result = { value: work() };
    },
  };
  try {
    runInContext('work.call()', place, { breakOnSigint: true });
  } catch (error) {
    // Node makes this error in the script's own realm, where `Error` is another one.
    if (types.isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
      throw new Interrupted();
    throw error;
  }
  if (result === undefined) throw new Interrupted();
  return result.value;
}

const place = createContext({});

function wantsProgress({ stderr, env }: Console): boolean {
  return stderr.isTerminal && env.TERM !== 'dumb';
}

const QUIET_MS = 500; // work that is done by then is not told
const BETWEEN_MS = 100; // from one telling to the next
const CLEAR = '\r\u001b[K';

/** One line without colour that is written over, and gone in the end. */
class ProgressLine implements Watcher {
  readonly #output: TextOutput;
  readonly #doing: string;
  readonly #start = performance.now();
  #next = this.#start + QUIET_MS;
  #done = 0;
  #total = 0;
  #of = '';
  #isShown = false;

  constructor(output: TextOutput, doing: string) {
    this.#output = output;
    this.#doing = doing;
  }

  readonly pulse = (): void => {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + BETWEEN_MS;
    this.#isShown = true;
    this.#output.write(`${CLEAR}${fitted(this.#text(now), this.#output.width - 1)}`);
  };

  readonly begin = (total: number, of: string): void => {
    this.#done = 0;
    this.#total = total;
    this.#of = of;
  };

  readonly advance = (): void => {
    this.#done = Math.min(this.#done + 1, this.#total);
    this.pulse();
  };

  clear(): void {
    if (this.#isShown) this.#output.write(CLEAR);
    this.#isShown = false;
  }

  #text(now: number): string {
    const seconds = `${Math.floor((now - this.#start) / 1000)} s`;
    if (this.#total === 0) return `${this.#doing}, ${seconds}`;
    const [done, total] = [this.#done, this.#total].map((each) => each.toLocaleString('en'));
    return `${this.#doing}: ${done} of ${total} ${this.#of}, ${seconds}`;
  }
}
