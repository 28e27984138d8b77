import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findProgram, hostCapabilities, isolationArguments } from '../../../src/host/index.ts';
import type { Reply, Trial, TrialResult } from './protocol.ts';

/** A private world seen from outside: it takes trials one after the other. It ends with this process, however that ends. */
export class JudgeWorld {
  readonly #child: ChildProcess;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #said = '';

  private constructor(isolation: Parameters<typeof isolationArguments>[0]) {
    const program = fileURLToPath(new URL('./world-main.ts', import.meta.url));
    this.#child = spawn(
      findProgram('unshare') ?? 'unshare',
      [...isolationArguments(isolation, 0), process.execPath, program],
      { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' },
    );
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2_000);
    });
    this.#child.on('message', (reply: Reply) => this.#waiting.shift()?.resolve(reply)); // sent by `world-main.ts`
    const gone = (problem: string) => () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${problem}: ${this.#said.trim()}`));
    };
    this.#child.on('error', gone('the judging world cannot be started'));
    this.#child.on('close', gone('the judging world ended'));
  }

  /** @returns the world, or the reason why there can be none here. */
  static async open(): Promise<JudgeWorld | { readonly skip: string }> {
    const { isolation, isolationProblem, nft } = await hostCapabilities();
    if (isolation === undefined) return { skip: skipText(`${isolationProblem?.reason}; ${isolationProblem?.help}`) };
    if (!nft.available) return { skip: skipText(`${nft.reason}; ${nft.help}`) };
    const world = new JudgeWorld(isolation);
    const first = await world.#next();
    if (first.kind === 'ready') return world;
    world.close();
    return { skip: skipText(first.kind === 'failed' ? first.problem : 'it answered before it was asked') };
  }

  /** @throws Error where the world itself breaks; a ruleset that is refused is a result. */
  async trial(trial: Trial): Promise<TrialResult> {
    const answer = this.#next();
    this.#child.send(trial);
    const reply = await answer;
    if (reply.kind === 'done') return reply.result;
    throw new Error(reply.kind === 'failed' ? reply.problem : 'the judging world answered out of turn');
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #next(): Promise<Reply> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

function skipText(reason: string): string {
  return `SKIPPED, the kernel judged nothing: ${reason}`;
}
