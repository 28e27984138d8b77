import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findProgram, hostCapabilities, type Isolation, isolationArguments } from '../../../src/host/index.ts';
import { nftLoader } from '../../nft/release.ts';
import type { Load, Loaded, Reply } from './protocol.ts';

/** Of memory: an nft that hangs takes what it can get until its time is up. */
const MOST_BYTES = 2 ** 31;

/** Host names are asked of nobody here, and still take their time. */
const PATIENCE_MS = 20_000;

/**
 * nft with a kernel of its own, in a private namespace that ends with this process, however that ends. Mutated rulesets make nft itself
 * crash or hang now and then; then the next one gets another world.
 */
export class NftWorld {
  readonly #isolation: Isolation;
  #child: Child;

  private constructor(isolation: Isolation, child: Child) {
    this.#isolation = isolation;
    this.#child = child;
  }

  /** @returns the world, or the reason why there can be none here. */
  static async open(): Promise<NftWorld | { readonly skip: string }> {
    const { isolation, isolationProblem, nft } = await hostCapabilities();
    if (isolation === undefined)
      return { skip: `SKIPPED, nft judged nothing: ${isolationProblem?.reason}; ${isolationProblem?.help}` };
    if (!nft.available) return { skip: `SKIPPED, nft judged nothing: ${nft.reason}; ${nft.help}` };
    const child = new Child(isolation);
    const first = await child.ready;
    if (first?.kind === 'ready') return new NftWorld(isolation, child);
    child.end();
    return { skip: `SKIPPED, nft judged nothing: ${first?.kind === 'failed' ? first.problem : 'its world ended'}` };
  }

  async load(load: Load): Promise<Loaded> {
    const reply = await this.#child.ask(load);
    if (reply?.kind === 'done') return reply.result;
    this.#child.end();
    this.#child = new Child(this.#isolation);
    await this.#child.ready;
    return { kind: 'refused', said: reply === undefined ? 'nft crashed or hung' : 'nft cannot be loaded' };
  }

  [Symbol.dispose](): void {
    this.#child.end();
  }
}

class Child {
  readonly ready: Promise<Reply | undefined>;
  readonly #process: ChildProcess;
  #answer: ((reply: Reply | undefined) => void) | undefined;

  constructor(isolation: Isolation) {
    const program = fileURLToPath(new URL('./world-main.ts', import.meta.url));
    this.#process = spawn(
      findProgram('unshare') ?? 'unshare',
      [
        ...isolationArguments(isolation, 0),
        'prlimit',
        `--data=${MOST_BYTES}`,
        ...nftLoader(),
        process.execPath,
        program,
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
    );
    this.#process.on('message', (reply: Reply) => this.#answer?.(reply)); // sent by `world-main.ts`
    this.#process.on('error', () => this.#answer?.(undefined));
    this.#process.on('close', () => this.#answer?.(undefined));
    this.ready = this.#next();
  }

  ask(load: Load): Promise<Reply | undefined> {
    const answer = this.#next();
    this.#process.send(load);
    return answer;
  }

  /** `unshare --fork` ignores the signals that ask (util-linux, sys-utils/unshare.c), and an nft that hangs takes memory without end. */
  end(): void {
    this.#process.kill('SIGKILL');
  }

  #next(): Promise<Reply | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
      this.#answer = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
  }
}
