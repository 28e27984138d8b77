import { type ChildProcess, spawn } from 'node:child_process';
import { diagnose, excerpt } from '../../diagnostic/index.ts';
import { ownProgram } from '../../own-files.ts';
import { type Isolation, isolationArguments } from '../capabilities.ts';
import { MachineError } from '../machine-error.ts';
import { HOST_PROBLEMS } from '../problems.ts';
import { findProgram } from '../process.ts';
import { readJsonLines } from './json-lines.ts';
import type { ReplyLine, RequestKind, Requests } from './protocol.ts';

/** The processes of the private world, seen from outside. */
export class World {
  readonly #keeper: ChildProcess;
  readonly #pending = new Map<
    number,
    { to: string; resolve: (answer: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #gone: Promise<void>;
  #ending = false; // we asked for it
  #hasEnded = false;
  #said = '';
  #nextId = 1;

  constructor(isolation: Isolation, account: number) {
    const program = ownProgram('host/lab/keeper-main');
    // A session of its own: a Ctrl-C at the terminal ends the program, and with its input's end the keeper goes too.
    this.#keeper = spawn(
      findProgram('unshare') ?? 'unshare',
      [...isolationArguments(isolation, account), process.execPath, program],
      { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
    );
    const { stdin, stdout, stderr } = this.#keeper;
    if (stdin === null || stdout === null || stderr === null) throw new Error('a piped process has pipes');
    stdin.on('error', () => {
      // The keeper is gone; `close` below tells everybody who waits.
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2_000);
    });
    readJsonLines(stdout, (line) => this.#reply(line as ReplyLine)); // written by `sendLine` of this very program
    this.#gone = new Promise((resolve) => {
      this.#keeper.on('error', (error) => this.#fail('the first process', error.message));
      this.#keeper.on('close', () => {
        this.#hasEnded = true;
        this.#fail('the first process', this.#said.trim());
        resolve();
      });
    });
  }

  /** @throws MachineError when the endpoint cannot do it, or is gone. */
  async ask<Kind extends RequestKind>(
    to: string,
    kind: Kind,
    ask: Requests[Kind]['ask'],
  ): Promise<Requests[Kind]['answer']> {
    if (this.#hasEnded) throw this.#ended('the first process', this.#said.trim());
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { to, resolve, reject }));
    this.#keeper.stdin?.write(`${JSON.stringify({ id, to, kind, ask })}\n`);
    return (await answer) as Requests[Kind]['answer']; // what `serve` answers to this kind, in this very program
  }

  /** Ends the world; returns when nothing of it is left. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#keeper.stdin?.end();
    const timer = setTimeout(() => this.#keeper.kill('SIGKILL'), 2_000); // --kill-child: its world goes with it
    await this.#gone;
    clearTimeout(timer);
  }

  #reply(line: ReplyLine): void {
    if ('ended' in line) {
      if (!this.#ending) this.#fail(`\`${line.ended}\``, line.said, line.ended);
      return;
    }
    const waiting = this.#pending.get(line.id);
    this.#pending.delete(line.id);
    if ('problem' in line) waiting?.reject(this.#ended('a part', line.problem));
    else waiting?.resolve(line.answer);
  }

  #fail(what: string, said: string, only?: string): void {
    for (const [id, waiting] of this.#pending) {
      if (only !== undefined && waiting.to !== only) continue;
      this.#pending.delete(id);
      waiting.reject(this.#ended(what, said));
    }
  }

  #ended(what: string, said: string): MachineError {
    return new MachineError(diagnose(HOST_PROBLEMS.labEnded, undefined, what, excerpt(said, 400)));
  }
}
