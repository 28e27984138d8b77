import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ChangeTexts, PersistedFiles, Reply, RequestKind, Requests } from '../../src/enforcer/index.ts';
import { type Completed, type Isolation, isolationArguments, run } from '../../src/host/index.ts';
import { descendants } from '../lab/support.ts';
import { ENFORCER } from './program.ts';
import { persisted, replaceTexts } from './texts.ts';

const HOOK = fileURLToPath(new URL('./at-step.ts', import.meta.url));
const TEST_ONLY = '/run/place';
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/enforcer', import.meta.url)); // all places share it

/** Everything that the kernel holds: rules of nft and of iptables-nft, those of iptables-legacy where there are any, sets of ipset. */
const FORGET = `nft flush ruleset
for family in ip ip6; do
  if grep -qs . /proc/net/"$family"_tables_names; then "$family"tables-legacy -w 10 -F; "$family"tables-legacy -w 10 -X; fi
done
for set in $(ipset list -n); do [ "$set" != portcullis-trial ] || ipset destroy "$set"; done
ipset destroy`;

export type Happening =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly group: boolean }
  | { readonly kind: 'error'; readonly code: 'ENOSPC' | 'EROFS' | 'EIO'; readonly onwards: boolean }
  | { readonly kind: 'tool'; readonly how: 'fails' | 'dies before' | 'dies after' };

export interface AskOptions {
  readonly at?: { readonly step: number; readonly happening: Happening };
  readonly countSteps?: boolean;
  readonly nodeArguments?: readonly string[];
  readonly prefix?: readonly string[]; // a program that starts it, with its arguments
}

/** How the enforcer ended; no reply where it was killed. */
export interface Asked<K extends RequestKind> {
  readonly reply: Reply<K> | undefined;
  readonly exitCode: number;
  readonly stderr: string;
}

/**
 * A machine of its own for one test after the other: network, mounts, processes. Nothing that happens in it reaches the machine
 * that the tests run on, and everything in it ends with the test.
 */
export class Place {
  readonly #isolation: Isolation;
  readonly #holder: ChildProcess;
  readonly #pid: number;

  private constructor(isolation: Isolation, holder: ChildProcess, pid: number) {
    this.#isolation = isolation;
    this.#holder = holder;
    this.#pid = pid;
  }

  static async open(isolation: Isolation): Promise<Place> {
    const main = fileURLToPath(new URL('./place-main.ts', import.meta.url));
    const holder = spawn('unshare', [...isolationArguments(isolation, 0), process.execPath, main], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => {
        throw new Error('no place could be made');
      }),
    ]);
    const [pid] = descendants(holder.pid!);
    if (pid === undefined) throw new Error('the place has no process');
    return new Place(isolation, holder, pid);
  }

  /** The command line that runs a program in here. */
  commandLine(program: string, args: readonly string[]): readonly [program: string, args: readonly string[]] {
    const user = this.#isolation === 'root' ? [] : ['--user', '--preserve-credentials'];
    return ['nsenter', [...user, '--target', `${this.#pid}`, '--net', '--mount', '--pid', '--', program, ...args]];
  }

  run(program: string, args: readonly string[], input?: string): Promise<Completed> {
    return run(...this.commandLine(program, args), { timeoutMs: 180_000, ...(input === undefined ? {} : { input }) });
  }

  async checked(program: string, args: readonly string[], input?: string): Promise<string> {
    const done = await this.run(program, args, input);
    if (done.exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  /** Asks the enforcer, as its client does. */
  async ask<K extends RequestKind>(kind: K, ask: Requests[K]['ask'], options: AskOptions = {}): Promise<Asked<K>> {
    const { stdout, exitCode, stderr } = await this.enforcer(JSON.stringify({ ...ask, kind }), [], options);
    return { reply: stdout === '' ? undefined : JSON.parse(stdout), exitCode, stderr };
  }

  enforcer(input: string, args: readonly string[], options: AskOptions = {}): Promise<Completed> {
    const { at, countSteps = false, nodeArguments = [], prefix = [] } = options;
    const isHooked = at !== undefined || countSteps;
    const env = [
      `NODE_COMPILE_CACHE=${COMPILED}`, // likewise, and for the hook
      ...(at === undefined ? [] : [`AT_STEP=${JSON.stringify(at)}`]),
      ...(countSteps ? [`STEPS_FILE=${TEST_ONLY}/steps`] : []),
    ];
    const node = [...nodeArguments, ...(isHooked ? ['--import', HOOK] : []), ENFORCER, ...args];
    // A session of its own: a signal to its process group is the terminal's, and reaches nobody else.
    return this.run('env', [...env, ...prefix, 'setsid', '--fork', '--wait', process.execPath, ...node], input);
  }

  /** The names of the steps of the last request that counted them. */
  async steps(): Promise<readonly string[]> {
    return (await this.checked('cat', [`${TEST_ONLY}/steps`])).trim().split('\n');
  }

  async terse(): Promise<string> {
    const asked = await this.ask('snapshot', { callerPid: 1, connections: false });
    if (asked.reply?.ok !== true) throw new Error(`no snapshot: ${JSON.stringify(asked)}`);
    return asked.reply.answer.terse;
  }

  /** Asks for a change; by default from the old port to the new one, persisted. */
  async begin(
    change: {
      readonly texts?: ChangeTexts;
      readonly trialSeconds?: number;
      readonly persist?: PersistedFiles | 'nothing';
      readonly terse?: string;
      readonly by?: Requests['revert']['ask']['by'];
      readonly keep?: number;
    },
    options: AskOptions = {},
  ): Promise<Asked<'begin'>> {
    const { trialSeconds, persist = persisted(1002) } = change;
    const ask: Requests['begin']['ask'] = {
      meta: { by: change.by ?? { name: 'alice' }, at: '2026-11-25T20:00:00Z', policyHash: 'ab', summary: 'new port' },
      terse: change.terse ?? (await this.terse()),
      ...(trialSeconds === undefined ? {} : { trialSeconds }),
      texts: change.texts ?? replaceTexts(1002, trialSeconds ?? 0),
      ...(persist === 'nothing' ? {} : { persist }),
      keep: change.keep ?? 10,
    };
    return this.ask('begin', ask, options);
  }

  /** What the machine does when it is switched off and on: the kernel and /run are empty, every process is gone. */
  async powerCycle(bootId: string): Promise<void> {
    await this.endProcesses();
    await this.checked('sh', ['-ec', FORGET]);
    await this.checked('rm', ['-rf', '/run/portcullis']);
    await this.checked('tee', [`${TEST_ONLY}/boot_id`], `${bootId}\n`);
  }

  /** Runs the unit's ExecStart lines as systemd.service(5) does: in order, to the first that fails. @returns that one */
  async boot(): Promise<string | undefined> {
    const unit = await this.checked('cat', ['/etc/systemd/system/portcullis.service']);
    for (const [, mayFail, line = ''] of unit.matchAll(/^ExecStart=(-?)(.*)$/gm)) {
      const [program = '', ...args] = line.split(' ');
      const { exitCode } = await this.run(program, args);
      if (exitCode !== 0 && mayFail !== '-') return line;
    }
    return undefined;
  }

  hasProcess(which: RegExp): boolean {
    return descendants(this.#pid).some((pid) => which.test(commandLineOf(pid)));
  }

  /** Every process in here but the first one. @param which of them, by its command line; @param signal that ends or stops it */
  async endProcesses(which = /(?:)/, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): Promise<void> {
    for (const pid of descendants(this.#pid)) {
      try {
        if (which.test(commandLineOf(pid))) process.kill(pid, signal);
      } catch {
        // it went with another one
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.stdin?.end();
    const { exitCode, signalCode } = this.#holder;
    if (exitCode === null && signalCode === null) await once(this.#holder, 'exit');
  }
}

/** Empty where the process has ended. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
