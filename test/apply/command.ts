import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Place } from '../enforcer/place.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

const PATIENCE_MS = 30_000; // on a busy machine

/** How a command ended. */
export interface Ended {
  readonly exitCode: number | null; // null: a signal ended it
  readonly stdout: string;
  readonly stderr: string;
}

/** The program, as somebody runs it on the machine that a place plays. */
export class Command {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #more: (() => void)[] = [];

  constructor(place: Place, args: readonly string[], policy = '') {
    // A session of its own, as a new login has it; standard input holds the policy.
    const [program, all] = place.commandLine('setsid', ['--wait', process.execPath, MAIN, ...args]);
    this.#child = spawn(program, all, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
    const heard = (): void => {
      for (const tell of this.#more.splice(0)) tell();
    };
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString('utf8');
      heard();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
      heard();
    });
    this.#child.stdin?.end(policy);
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (exitCode) => {
        resolve({ exitCode, stdout: this.#stdout, stderr: this.#stderr });
        heard();
      });
    });
  }

  /** As `says`, of what it has printed; @throws Error also where that takes longer than anybody waits */
  async prints(pattern: RegExp): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (!pattern.test(this.#stdout)) {
      const isOver = this.#child.exitCode !== null || performance.now() > until;
      if (isOver) throw new Error(`it did not print ${pattern}: ${this.#stdout}${this.#stderr}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#more.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, 200)),
      ]);
    }
  }

  /** Waits until it has said something on standard error. @throws Error when it ends without */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#stderr)) {
      if (this.#child.exitCode !== null) throw new Error(`it ended without saying ${pattern}: ${this.#stderr}`);
      await new Promise<void>((resolve) => this.#more.push(resolve));
    }
  }
}

export function portcullis(place: Place, args: readonly string[], policy?: string): Promise<Ended> {
  return new Command(place, args, policy).ended;
}

/** Lets in TCP port 22 from documentation addresses, and lets out what root's account asks of one name server. */
export const POLICY = `portcullis: 1
name: small
zones:
  admins: { addresses: [192.0.2.0/24, "2001:db8:1::/64"] }
flows:
  - { name: ssh, from: admins, to: host, service: ssh, purpose: administration }
  - { name: dns, from: host, to: 192.0.2.53, service: dns }
`;
