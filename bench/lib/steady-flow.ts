import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { runChecked } from '../../src/host/index.ts';

/** What a step did to the flow of packets that was under way. */
export interface StepCost {
  readonly ms: number; // of the step itself
  readonly sent: number; // to each port, from half a second before to half a second after
  readonly lost: number; // of the flow that is allowed before and after
  readonly leaked: number; // of the flow that is denied before and after
}

export const ALLOWED_PORT = 514;
const DENIED_PORT = 515;
export const NEIGHBOUR = { host: '10.9.0.1', peer: '10.9.0.2' } as const;

/** Another machine that sends 1,000 packets a second to the host, and as many to a port that no rules allow. */
export class SteadyFlow {
  readonly #sender = new Child('ip', [
    'netns',
    'exec',
    'peer',
    process.execPath,
    PROGRAM,
    'send',
    NEIGHBOUR.host,
    '1000',
    ...PORTS,
  ]);
  readonly #receiver = new Child(process.execPath, [PROGRAM, 'receive', ...PORTS]);

  /** Builds the network in the namespace of this process, which must be a private one. */
  static async start(): Promise<SteadyFlow> {
    await runChecked('mount', ['-t', 'tmpfs', 'tmpfs', '/run']); // for the names of namespaces and the lock of iptables
    for (const line of WIRING.trim().split('\n')) await runChecked('ip', line.trim().split(' '));
    const flow = new SteadyFlow();
    await flow.#receiver.ask();
    return flow;
  }

  /** Runs a step in the middle of the flow. */
  async during(step: () => Promise<unknown>): Promise<StepCost> {
    const before = await this.#received();
    const already = await this.#sent(false);
    await sleep(500);
    const start = performance.now();
    await step();
    const ms = performance.now() - start;
    await sleep(500);
    const sent = (await this.#sent(true)) - already;
    await sleep(300); // what is under way arrives
    const [allowed, denied] = await this.#received();
    return { ms, sent, lost: sent - (allowed - before[0]), leaked: denied - before[1] };
  }

  #total = 0;

  async #sent(isEnd: boolean): Promise<number> {
    const answer: { sent?: number } = await this.#sender.ask();
    if (isEnd) this.#total = answer.sent ?? 0;
    return this.#total;
  }

  async #received(): Promise<readonly [number, number]> {
    const { counts }: { counts: [number, number] } = await this.#receiver.ask();
    return counts;
  }

  stop(): void {
    this.#sender.end();
    this.#receiver.end();
  }
}

const PROGRAM = resolve(import.meta.dirname, 'steady.ts');
const PORTS = [String(ALLOWED_PORT), String(DENIED_PORT)];

const WIRING = `
  netns add peer
  link add h0 type veth peer name p0 netns peer
  link set lo up
  link set h0 up
  -n peer link set p0 up
  addr add ${NEIGHBOUR.host}/24 dev h0
  -n peer addr add ${NEIGHBOUR.peer}/24 dev p0
`;

/** A process that answers each line with one. */
class Child {
  readonly #process: ChildProcess;
  readonly #replies: AsyncIterator<string>;

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#replies = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<Answer>(): Promise<Answer> {
    this.#process.stdin!.write('\n');
    const reply = await this.#replies.next();
    if (reply.done === true) throw new Error('a part of the flow has ended');
    return JSON.parse(reply.value);
  }

  end(): void {
    this.#process.stdin!.end();
  }
}
