import { setTimeout as pause } from 'node:timers/promises';
import { type ProbeStage, planProbes, stageFor } from '../../analysis/index.ts';
import { askEnforcerBy, type Mechanism } from '../../enforcer/index.ts';
import { type Isolation, Lab, machineAt } from '../../host/index.ts';
import type { Intent } from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import { linksOf, type PlannedShot, shotOf, waves } from '../lab/shots.ts';
import { answerOf, type LiveHost } from '../live/host.ts';

/** Who tries to get in: those that the policy lets in, and those that it does not; one of each family. */
export interface Visitors {
  readonly welcome: readonly PlannedShot[];
  readonly strangers: readonly PlannedShot[];
}

const SSH = 22;
const TRIED = 2_000; // probes that are looked through

/** Connections to this machine that the policy decides: SSH's first, else what else lets somebody in. */
function visitorsOf(intent: Intent, stage: ProbeStage): Visitors {
  const arriving = planProbes(intent, stage, TRIED).probes.filter(
    ({ flows: [flow], unsendable }) =>
      unsendable === undefined && flow.hook === 'input' && flow.protocol === PROTOCOLS.tcp && flow.inInterface !== 'lo',
  );
  const ofEachFamily = (accepted: boolean): PlannedShot[] =>
    ([4, 6] as const).flatMap((family) => {
      const fitting = arriving.filter(
        ({ flows: [flow], expected }) => flow.family === family && (expected.verdict === 'accept') === accepted,
      );
      const chosen = fitting.find(({ flows: [{ dport }] }) => dport === SSH) ?? fitting[0];
      return chosen === undefined ? [] : (shotOf(chosen, stage) ?? []);
    });
  return { welcome: ofEachFamily(true), strangers: ofEachFamily(false) };
}

/**
 * A machine that is only there to rehearse on: the real kernel, the real enforcer, its files and its boot, in namespaces that end with
 * the rehearsal.
 */
export class Place {
  readonly host: LiveHost;
  readonly mechanism: Mechanism;
  readonly #lab: Lab;
  readonly #visitors: Visitors;

  private constructor(lab: Lab, visitors: Visitors, mechanism: Mechanism) {
    this.mechanism = mechanism;
    this.#lab = lab;
    this.#visitors = visitors;
    this.host = {
      machine: machineAt(),
      person: { name: 'drill' },
      ask: async (kind, ask) =>
        answerOf(await askEnforcerBy((program, args, input) => lab.runOnHost(program, args, input), kind, ask)),
    };
  }

  /** @throws MachineError where no private network can be made */
  static async open(intent: Intent, isolation: Isolation, mechanism: Mechanism): Promise<Place> {
    const stage = stageFor(intent);
    const visitors = visitorsOf(intent, stage);
    const lab = await Lab.open({ links: linksOf(stage), accounts: [0] }, isolation);
    try {
      await lab.onHost('mount', ['-t', 'proc', 'proc', '/proc']);
      for (const folder of ['/var/lib', '/run', '/etc/systemd', '/etc/init.d']) {
        await lab.onHost('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
      }
      await lab.onHost('mkdir', ['-p', '/etc/systemd/system', '/run/systemd/system']);
      await lab.listen(ports([...visitors.welcome, ...visitors.strangers]), []);
      return new Place(lab, visitors, mechanism);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get canBeEntered(): boolean {
    return this.#visitors.welcome.length > 0;
  }

  /** Whether those get in that should: all of them, none, or some. */
  async welcome(timeoutMs = 400): Promise<'all' | 'none' | 'some'> {
    return this.#tried(this.#visitors.welcome, timeoutMs);
  }

  async strangers(): Promise<'all' | 'none' | 'some'> {
    return this.#tried(this.#visitors.strangers, 200);
  }

  async #tried(visitors: readonly PlannedShot[], timeoutMs: number): Promise<'all' | 'none' | 'some'> {
    let passed = 0;
    for (const { out, volleys } of waves(visitors)) {
      const sent = volleys.map(({ sender, planned }) => ({
        sender,
        shots: planned.map(({ shot: { sport: _, ...shot } }) => ({ ...shot, timeoutMs, attempts: 1 })),
      }));
      const outcomes = (await this.#lab.sendTogether(out, sent)).flat();
      passed += outcomes.filter(({ result }) => result === 'passed').length;
    }
    return passed === 0 ? 'none' : passed === visitors.length ? 'all' : 'some';
  }

  /** Knocks until everybody who should gets in again. @returns when that was, by `performance.now()`; `undefined` where it never was */
  async untilWelcome(withinMs: number): Promise<number | undefined> {
    const until = performance.now() + withinMs;
    while (performance.now() < until) {
      if ((await this.welcome(100)) === 'all') return performance.now();
      await pause(20);
    }
    return undefined;
  }

  /** Kills what the enforcer has left behind to clean up, though not a process that keeps a trial. @returns how many processes that were */
  async killOurs(): Promise<number> {
    const found = await this.#lab.runOnHost('pgrep', ['-f', 'enforcer/main']);
    const pids = lines(found.stdout);
    if (pids.length > 0) await this.#lab.runOnHost('kill', ['-KILL', ...pids]);
    return pids.length;
  }

  /** Switched off and on: the kernel's rules and what lived in memory are gone. Then what boot runs, up to the first that fails. */
  async restart(): Promise<{ readonly failed: string | undefined; readonly afterLockdown: 'all' | 'none' | 'some' }> {
    await this.killOurs();
    await this.#forget();
    await this.#lab.onHost('rm', ['-rf', '/run/portcullis']);
    const unit = await this.#lab.onHost('cat', ['/etc/systemd/system/portcullis.service']);
    let afterLockdown: 'all' | 'none' | 'some' | undefined;
    for (const [, mayFail, line = ''] of unit.matchAll(/^ExecStart=(-?)(.*)$/gm)) {
      const [program = '', ...args] = line.split(' '); // as systemd.service(5) splits a line without quotes
      const { exitCode } = await this.#lab.runOnHost(program, args);
      afterLockdown ??= await this.welcome();
      if (exitCode !== 0 && mayFail !== '-') return { failed: line, afterLockdown };
    }
    return { failed: undefined, afterLockdown: afterLockdown ?? 'none' };
  }

  /** What the kernel forgets when it is switched off: rules of nftables and of both kinds of iptables, and sets. */
  async #forget(): Promise<void> {
    const pids = await this.#lab.runOnHost('pgrep', ['-f', 'enforcer/keeper-main']);
    for (const pid of lines(pids.stdout)) await this.#lab.runOnHost('kill', ['-KILL', pid]);
    await this.#lab.unload();
    if (this.mechanism === 'nftables') return;
    for (const program of ['iptables', 'ip6tables']) {
      for (const what of ['-F', '-X']) await this.#lab.onHost(program, ['-w', '10', what]);
    }
    // The list first: it holds the others.
    for (const args of [['destroy', 'portcullis-trial'], ['destroy']]) await this.#lab.runOnHost('ipset', args);
  }

  /** What a disk may do to a file. */
  async damageRules(): Promise<void> {
    const file = this.mechanism === 'nftables' ? 'ruleset.nft' : 'ruleset.v4';
    await this.#lab.onHost('truncate', ['--size=-20', `/var/lib/portcullis/current/${file}`]);
  }

  async close(): Promise<void> {
    await this.#lab.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function ports(shots: readonly PlannedShot[]): number[] {
  return [...new Set(shots.flatMap(({ shot }) => shot.dport ?? []))];
}
