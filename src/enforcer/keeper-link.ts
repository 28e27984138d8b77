import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat } from '../host/proc.ts';
import { ownProgram } from '../own-files.ts';
import { parseJson } from './guard.ts';
import type { KeeperJob } from './keeper.ts';
import { BEGIN, keeperSocket, type Question, type Word, word } from './keeper-words.ts';
import type { Loaded } from './loading.ts';
import type { Paths } from './paths.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import { refusal } from './refusal.ts';

const MAIN = ownProgram('enforcer/keeper-main');

const READY_MS = 20_000; // Node starts in some tenths of a second, on a busy machine in seconds
const ON_MS = 300_000; // its own programs are bounded in time
const ANSWER_MS = 5_000; // to one that only has to look at its clock
const WORK_MS = 120_000; // to one that has rules to load

/** A keeper that has its job in memory and waits for a word. */
export class ArmedKeeper {
  readonly #child: ChildProcess;
  readonly #words: AsyncIterator<string>;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
    this.#words = lines[Symbol.asyncIterator]();
  }

  /** @throws Refusal where it is not ready in time */
  static async arm(id: string, job: KeeperJob): Promise<ArmedKeeper> {
    // A session of its own: what ends this one, the terminal or the login, does not end it.
    const child = spawn(process.execPath, [MAIN, id], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    child.on('error', () => undefined); // then its output ends, too
    child.stdin.on('error', () => undefined);
    const keeper = new ArmedKeeper(child, createInterface({ input: child.stdout }));
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const said = await keeper.#hear(READY_MS);
    if (said?.kind === 'ready') return keeper;
    child.kill('SIGKILL');
    keeper.#letGo();
    throw refusal('machine', ENFORCER_PROBLEMS.noKeeper, said === undefined ? 'it ended or said nothing' : said.kind);
  }

  /** Has the change brought into force. Afterwards the keeper is on its own. */
  async on(): Promise<Loaded> {
    this.#child.stdin?.write(`${BEGIN}\n`);
    const said = await this.#hear(ON_MS);
    if (said?.kind === 'taken' || said?.kind === 'refused' || said?.kind === 'unclear') return said;
    await endSession(this.#child.pid);
    return { kind: 'unclear', why: 'the process that keeps the trial was ended' };
  }

  /** Lets it go, whatever became of the change, so that whoever armed it can end. One that was never asked to begin ends, too. */
  [Symbol.dispose](): void {
    this.#letGo();
  }

  async #hear(withinMs: number): Promise<Word | undefined> {
    const given = new AbortController();
    const line = await Promise.race([
      this.#words.next(),
      sleep(withinMs, undefined, { signal: given.signal }).catch(() => undefined),
    ]);
    given.abort();
    return line === undefined || line.done === true ? undefined : parsedWord(line.value);
  }

  #letGo(): void {
    this.#lines.close();
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.unref();
  }
}

/** Asks the keeper of a change on trial. `undefined`: there is none, or it is silent. */
export function askKeeper(paths: Paths, question: Question): Promise<Word | undefined> {
  return new Promise((resolve) => {
    const socket = connect(keeperSocket(paths));
    let answer = '';
    socket.setTimeout(question === 'left' ? ANSWER_MS : WORK_MS, () => socket.destroy());
    socket.on('error', () => undefined); // nobody listens: `close` follows
    socket.on('data', (chunk) => {
      answer += chunk.toString('utf8');
    });
    socket.on('close', () => resolve(parsedWord(answer)));
    socket.write(`${question}\n`);
  });
}

function parsedWord(line: string): Word | undefined {
  const found = parseJson(line, word, 'word');
  return 'value' in found ? found.value : undefined;
}

/** Ends the keeper of a change for good, with what it was at: one that is silent now could speak later. */
export async function endKeeper({ proc }: Paths, id: string): Promise<void> {
  for (const pid of pids(proc)) {
    const [, main = '', of] = commandLine(proc, pid);
    if (of === id && main === MAIN) await endSession(pid, proc);
  }
}

const GONE_MS = 2_000;

/** Ends a process and all that it has started, which are in its session. */
async function endSession(leader: number | undefined, proc = '/proc'): Promise<void> {
  if (leader === undefined) return;
  const until = performance.now() + GONE_MS;
  for (;;) {
    const living = pids(proc).filter((pid) => {
      const stat = processStat(pid, proc);
      return stat?.session === leader && !stat.ended;
    });
    if (living.length === 0 || performance.now() > until) return;
    for (const pid of living) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
    await sleep(5);
  }
}

function pids(proc: string): number[] {
  return readdirSync(proc).flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
}

function commandLine(proc: string, pid: number): string[] {
  try {
    return readFileSync(join(proc, String(pid), 'cmdline'), 'utf8').split('\0');
  } catch {
    return []; // it has ended since the folder was listed
  }
}
