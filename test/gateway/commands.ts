import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program said, and how it ended. */
export interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const LIMIT_MS = 120_000;

/** Runs a program to its end, or kills it when the time is over. */
export function run(
  program: string,
  args: readonly string[],
  input?: string,
  limitMs: number = LIMIT_MS,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const limit = { timeout: limitMs, killSignal: 'SIGKILL' } as const; // unshare(1) takes no other while it waits
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...limit });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }));
    child.stdin.on('error', () => undefined); // it did not read to the end
    child.stdin.end(input);
  });
}

/** As `run`. @throws Error where it fails */
export async function must(program: string, args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await run(program, args, input);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code} ${err} ${out}`);
  return out;
}

/** A program that goes on, and what it has said until now. */
export class Going {
  readonly child: ChildProcess;
  said = '';

  constructor(program: string, args: readonly string[]) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    }
  }

  /** @throws Error where it ends, or does not say it in time */
  async says(text: string, withinMs = LIMIT_MS): Promise<void> {
    const until = performance.now() + withinMs;
    while (!this.said.includes(text)) {
      if (performance.now() > until || this.hasEnded) throw new Error(`it did not say \`${text}\`: ${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** @returns its exit code, -1 where a signal ended it; of one that has ended already, too */
  async end(signal: NodeJS.Signals): Promise<number> {
    if (!this.hasEnded) {
      const ended = once(this.child, 'exit');
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode ?? -1;
  }
}
