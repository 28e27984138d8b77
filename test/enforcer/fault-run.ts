import type { Isolation } from '../../src/host/index.ts';
import type { FaultCase, Operation } from './fault-cases.ts';
import type { AskOptions, Place } from './place.ts';
import { now, Probe, type Sight, violations } from './probe.ts';
import type { Seen } from './seen.ts';
import { NEW_PORT } from './texts.ts';
import type { World } from './worlds.ts';

const TRIAL_SECONDS = 2; // that runs out in a case
const LONG_TRIAL_SECONDS = 600; // that does not
const STEADY: readonly Seen[] = ['old', 'new'];
const PATIENCE_MS = 20_000;

/** What came out of one case. */
export interface FaultResult {
  readonly problems: readonly string[];
  readonly lateMs?: number; // by packets: how much longer than its time a change was in force
  readonly sights: number;
  readonly ends: 'old' | 'new';
}

/** What a change leaves behind to clean up, by its command line; what keeps a trial goes on. */
const REAPER = /\breap\b/;

/** Puts the files back. */
const RESET = `rm -rf /var/lib/portcullis /run/portcullis /etc/systemd/system
cp -a /run/place/before /var/lib/portcullis
cp -a /run/place/units /etc/systemd/system
`;

type Act = (options: AskOptions) => Promise<unknown>;

/** A machine on which one case after the other is played, with packets sent all the time. */
export class FaultRunner {
  readonly #world: World;
  readonly #place: Place;
  readonly #probe: Probe;
  readonly #terse: string;
  readonly #off: { readonly from: number; readonly to: number }[] = []; // when the machine was switched off
  #boots = 1;

  private constructor(world: World, place: Place, probe: Probe, terse: string) {
    this.#world = world;
    this.#place = place;
    this.#probe = probe;
    this.#terse = terse;
  }

  /**
   * The old policy is in force, confirmed as change 1, loaded at boot: this is what every case begins with.
   * @param which of several machines, that may be of different kinds
   */
  static async open(isolation: Isolation, world: World, which: number): Promise<FaultRunner> {
    const place = await world.open(isolation, which);
    await place.checked('cp', ['-a', '/var/lib/portcullis', '/run/place/before']);
    await place.checked('cp', ['-a', '/etc/systemd/system', '/run/place/units']);
    const probe = new Probe(place);
    await probe.until('old', PATIENCE_MS);
    await place.checked('sh', ['-ec', world.remember]);
    await place.checked('sh', ['-ec', RESET + world.reset]);
    return new FaultRunner(world, place, probe, await place.terse());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#probe[Symbol.dispose]();
    await this.#place[Symbol.asyncDispose]();
  }

  /** The steps of an operation to which nothing happens. */
  async stepsOf(operation: Operation): Promise<readonly string[]> {
    const act = await this.#ready(operation, operation === 'reap' ? TRIAL_SECONDS : LONG_TRIAL_SECONDS);
    await act({ countSteps: true });
    return this.#place.steps();
  }

  async play({ operation, step, happening, reboots }: FaultCase): Promise<FaultResult> {
    const isFrozen = happening.kind === 'signal' && happening.signal === 'SIGSTOP';
    const runsOut = operation === 'begin' || operation === 'reap';
    const trialSeconds = runsOut ? TRIAL_SECONDS : isFrozen ? 2 * TRIAL_SECONDS : LONG_TRIAL_SECONDS;
    const act = await this.#ready(operation, trialSeconds);
    const from = now();
    const acting = act({ at: { step, happening } });
    const problems: string[] = [];
    if (isFrozen) {
      await this.#untilFrozen();
      await sleep((trialSeconds + 1) * 1_000);
      const { seen } = await this.#probe.until(STEADY, PATIENCE_MS);
      if (operation === 'begin' && seen[0] !== 'old') problems.push('frozen, it is still in force after its time');
      await this.#place.checked('sh', ['-c', 'kill -CONT -1']);
    }
    await acting;
    // Where `nft` was interrupted, what it had loaded is taken back at once: that is no trial that ran out.
    const runOut = operation === 'begin' && happening.kind !== 'tool';
    const lateMs = runOut ? await this.#end(from, trialSeconds, problems) : undefined;
    if (operation === 'begin') await this.#probe.until('old', PATIENCE_MS);
    await this.#probe.until(STEADY, PATIENCE_MS);
    if (reboots) await this.#reboot(problems);
    const settled = await this.#place.ask('revert', { by: { name: 'bob' } });
    if (settled.reply?.ok !== true) problems.push(`a successor could not settle it: ${JSON.stringify(settled)}`);
    const ends = await this.#inForce();
    if (operation !== 'confirm' && operation !== 'at once' && ends === 'new') problems.push('it became permanent');
    problems.push(...(await this.#residue(ends)));
    await this.#reboot(problems);
    const loaded = await this.#inForce();
    if (loaded !== ends) problems.push(`a restart loads the ${loaded} rules, in force were the ${ends}`);
    const sights = this.#probe
      .since(from)
      .filter(({ began, at }) => !this.#off.some(({ from, to }) => at >= from && began <= to));
    problems.push(...violations(sights, STEADY, this.#world.partedMs).slice(0, 3));
    return { problems, sights: sights.length, ends, ...(lateMs === undefined ? {} : { lateMs }) };
  }

  /** Everything as in the beginning, then as it is when an operation is asked for. */
  async #ready(operation: Operation, trialSeconds: number): Promise<Act> {
    await this.#place.endProcesses();
    await this.#place.checked('sh', ['-ec', RESET + this.#world.reset]);
    await this.#probe.until('old', PATIENCE_MS);
    switch (operation) {
      case 'begin':
        return (options) => this.#place.begin(this.#change(trialSeconds), options);
      case 'at once':
        return (options) => this.#place.begin(this.#change(undefined), options);
      case 'confirm':
        await this.#onTrial(trialSeconds);
        return (options) => this.#place.ask('confirm', { by: { name: 'alice' }, sameSession: true }, options);
      case 'revert':
        await this.#onTrial(trialSeconds);
        return (options) => this.#place.ask('revert', { by: { name: 'alice' } }, options);
      case 'reap': {
        const id = await this.#expired(trialSeconds);
        return (options) => this.#place.enforcer('', ['reap', String(id)], options);
      }
    }
  }

  /** From the old port to the new one. */
  #change(trialSeconds: number | undefined) {
    const { texts, persisted } = this.#world;
    const change = { texts: texts(trialSeconds), persist: persisted(NEW_PORT), terse: this.#terse };
    return trialSeconds === undefined ? change : { ...change, trialSeconds };
  }

  async #onTrial(trialSeconds: number): Promise<void> {
    const begun = await this.#place.begin(this.#change(trialSeconds));
    if (begun.reply?.ok !== true) throw new Error(`no trial: ${JSON.stringify(begun)}`);
  }

  /**
   * A trial that has run out, with nobody to clean up after it.
   * @returns the change's identity
   */
  async #expired(trialSeconds: number): Promise<string> {
    for (;;) {
      await this.#onTrial(trialSeconds);
      await this.#place.endProcesses(REAPER);
      const { stdout } = await this.#place.run('cat', ['/var/lib/portcullis/pending.json']);
      const { id, stage } = stdout === '' ? {} : JSON.parse(stdout);
      if (stage === 'begun' && (await this.#runsOut())) return String(id);
      // On a busy machine it had begun to clean up, or to do the silent keeper's work, and died at it: that is another case.
      await this.#place.endProcesses();
      await this.#place.checked('sh', ['-ec', RESET + this.#world.reset]);
      await this.#probe.until('old', PATIENCE_MS);
    }
  }

  /** Waits for the end of a trial. @returns false where whoever keeps it is dead */
  async #runsOut(): Promise<boolean> {
    const { keeper } = this.#world;
    const isAlone = keeper !== undefined && !this.#place.hasProcess(keeper);
    if (isAlone && (await this.#probe.until(STEADY, PATIENCE_MS)).seen[0] === 'new') return false;
    await this.#probe.until('old', PATIENCE_MS);
    return true;
  }

  /** A process that has stopped is in the state `T` (proc_pid_stat(5)). */
  async #untilFrozen(): Promise<void> {
    const until = now() + PATIENCE_MS;
    while ((await this.#place.run('sh', ['-c', 'grep -ls "^State:.T" /proc/[0-9]*/status'])).stdout === '') {
      if (now() > until) throw new Error('it did not freeze');
    }
  }

  /** Waits for the end of a trial, if one began. @returns how late it came */
  async #end(from: number, trialSeconds: number, problems: string[]): Promise<number | undefined> {
    await this.#probe.until(STEADY, PATIENCE_MS);
    const isNew = ({ seen }: Sight): boolean => seen.includes('new');
    const began = this.#probe.since(from).find(isNew);
    if (began === undefined) return undefined;
    await this.#probe.until('old', PATIENCE_MS);
    const ended = this.#probe.sights[this.#probe.sights.findLastIndex(isNew) + 1];
    const lateMs = (ended?.at ?? now()) - began.at - trialSeconds * 1_000;
    if (lateMs > 1_000) problems.push(`it was in force ${lateMs.toFixed(0)} ms longer than its time`);
    return lateMs;
  }

  async #inForce(): Promise<'old' | 'new'> {
    return (await this.#probe.until(STEADY, PATIENCE_MS)).seen[0] === 'new' ? 'new' : 'old';
  }

  /** Off and on: the kernel forgets, processes are gone, and the lines of the unit run as systemd would run them. */
  async #reboot(problems: string[]): Promise<void> {
    const from = now();
    await this.#place.powerCycle(`00000000-0000-4000-8000-${String(++this.#boots).padStart(12, '0')}`);
    const failed = await this.#place.boot();
    if (failed !== undefined) problems.push(`at boot, \`${failed}\` failed`);
    await this.#probe.until(STEADY, PATIENCE_MS);
    this.#off.push({ from, to: now() });
  }

  async #residue(ends: 'old' | 'new'): Promise<readonly string[]> {
    const { reply } = await this.#place.ask('snapshot', { callerPid: 1, connections: false });
    if (reply?.ok !== true) return [`no snapshot: ${JSON.stringify(reply)}`];
    const { state } = reply.answer;
    const wanted = ends === 'old' ? 1 : 2;
    return [
      ...this.#world.residue(reply.answer),
      ...(state.pending === undefined ? [] : ['a pending change is left on disk']),
      ...(state.current?.number === wanted ? [] : [`current is ${state.current?.number}, in force is ${ends}`]),
      ...(state.boot.enabled ? [] : ['boot is not enabled']),
      ...state.problems,
    ];
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
