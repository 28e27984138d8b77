import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { AgentAnswer, AgentTask } from './agent-tasks.ts';
import { type Done, run } from './commands.ts';

/** Whom an account is played as; `capabilities` that somebody has given it beside, such as `net_raw`. */
export interface Account {
  readonly uid: number;
  readonly capabilities?: readonly string[];
}

function become({ uid, capabilities = [] }: Account): string[] {
  const given = capabilities.map((each) => `+${each}`).join();
  const more = given === '' ? [] : [`--inh-caps=${given}`, `--ambient-caps=${given}`];
  return [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...more];
}

/** Runs a program as an account. */
export function runAs(account: Account, program: string, ...args: readonly string[]): Promise<Done> {
  return run('setpriv', [...become(account), program, ...args]);
}

/** A process of an agent that goes on and does one thing after the other, or several at once. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { readonly done: (answer: AgentAnswer) => void; readonly failed: (error: Error) => void }
  >();
  #number = 0;

  constructor(account: Account) {
    const args = [...become(account), process.execPath, join(import.meta.dirname, 'agent-main.ts')];
    this.#child = spawn('setpriv', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', ({ number, answer }: { readonly number: number; readonly answer: AgentAnswer }) => {
      this.#waiting.get(number)?.done(answer);
      this.#waiting.delete(number);
    });
    this.#child.on('exit', (code) => {
      for (const { failed } of this.#waiting.values()) failed(new Error(`the agent's process ended with ${code}`));
    });
  }

  /** @throws Error where the process ends instead */
  does(task: AgentTask): Promise<AgentAnswer> {
    const number = ++this.#number;
    return new Promise((done, failed) => {
      this.#waiting.set(number, { done, failed });
      this.#child.send({ number, task });
    });
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
