import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { requireProgram, searchPath } from '../process.ts';

const ANSWER_MS = 5_000; // for one transaction: it takes a fraction of a millisecond
const TRANSACTIONS = 5_000; // of one process: nft keeps each line in its history, without end
const SAID_BYTES = 65_536;

/** A kept `nft`: a transaction takes a tenth of a millisecond, where starting one takes three. */
export class NftSession {
  #child: ChildProcessByStdio<Writable, null, Readable> | undefined;
  #transactions = 0;
  #said = '';
  #waiting: { readonly mark: string; readonly settle: (problem: string | undefined) => void } | undefined;

  /** Carries out one line of commands, whole or not at all; one at a time. @throws Error with what nft said */
  async transact(line: string): Promise<void> {
    if (this.#transactions >= TRANSACTIONS) this.close();
    const child = this.#child ?? this.#start();
    this.#transactions++;
    const mark = `end-of-${this.#transactions}`;
    const problem = await new Promise<string | undefined>((settle) => {
      const timer = setTimeout(() => {
        this.close(); // whatever it still does, nobody is told that it was done
        settle('nft does not answer');
      }, ANSWER_MS);
      this.#waiting = {
        mark,
        settle: (said) => {
          clearTimeout(timer);
          settle(said);
        },
      };
      // Read without a terminal it says nothing when all is well. The mark is no command, which it says after whatever it says of the line before.
      child.stdin.write(`${line}\n${mark}\n`);
    });
    this.#waiting = undefined;
    if (problem !== undefined) throw new Error(problem);
  }

  close(): void {
    this.#child?.kill('SIGKILL'); // asked to end, it would write its history into a file
    this.#ended('nft was ended');
  }

  #start(): ChildProcessByStdio<Writable, null, Readable> {
    const child = spawn(requireProgram('nft'), ['-i'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { PATH: searchPath(), LC_ALL: 'C', HOME: '/dev/null' },
    });
    this.#child = child;
    const ended = (why: string): void => {
      if (this.#child === child) this.#ended(why);
    };
    child.stdin.on('error', () => ended('nft has ended'));
    child.on('error', ({ message }) => ended(`nft cannot be started: ${message}`));
    child.on('close', () => ended('nft has ended'));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (this.#child === child) this.#read(text);
    });
    return child;
  }

  /** What was said before the mark belongs to the line before it. */
  #read(text: string): void {
    this.#said = (this.#said + text).slice(-SAID_BYTES);
    const lines = this.#said.split('\n');
    const at = this.#waiting === undefined ? -1 : lines.indexOf(this.#waiting.mark);
    if (at === -1 || at + 2 >= lines.length) return; // a line of carets follows the mark
    const about = lines.slice(0, Math.max(0, at - 1)); // and its own complaint stands before it
    this.#said = lines.slice(at + 2).join('\n');
    this.#waiting?.settle(about.length === 0 ? undefined : about[0]);
  }

  #ended(why: string): void {
    this.#child = undefined;
    this.#transactions = 0;
    this.#said = '';
    this.#waiting?.settle(why);
  }
}
