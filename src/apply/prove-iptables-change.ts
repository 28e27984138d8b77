import { HOOKS } from '../ir/index.ts';
import { DiagramTooLarge, HeaderSpace, type PacketSet } from '../packetset/index.ts';
import { type Denotation, denote, packetsOf, sampleFlow } from '../semantics/index.ts';
import { SourceFile } from '../source/index.ts';
import {
  type AliveConnection,
  type IptablesProgram,
  iptablesStanding,
  liftOwn,
  printOwn,
  type StagedStep,
  type StagedSteps,
  type SwitchedSteps,
  standsApart,
  type WatchedSteps,
} from '../target/index.ts';
import { TARGETS } from '../target/registry.ts';
import { alivePackets } from './alive-packets.ts';
import type { TrialSide } from './host-rules.ts';
import type { ChangeFault } from './prove-change.ts';

/** A change with iptables as it will be loaded: what stands, as it was saved, and the steps around the switch. */
export interface WrittenIptablesChange {
  readonly before: IptablesProgram;
  readonly policy?: IptablesProgram; // that was proven; absent: our rules go away
  readonly alive: readonly AliveConnection[];
  readonly steps: StagedSteps;
}

interface State {
  readonly at: ChangeFault['at'];
  readonly steps: readonly StagedStep[]; // that lead here from what stood
  readonly side: TrialSide; // whether the switch is on
  readonly means: 'policy' | 'what stood';
  readonly stands: ReturnType<typeof iptablesStanding>['kind'];
}

/**
 * Translation validation of a change with iptables. The switch may be thrown at any time while it is there, so each state is judged with
 * it on and off:
 *
 *     begun, on                          =  the policy, and more only for connections that were alive
 *     begun, off                         =  what stood
 *     confirmed (it was on), on and off  =  the policy
 *     reverted (it was off), on and off  =  what stood
 *
 * Where a process keeps the trial, each step that it takes has one meaning, and is judged by that.
 *
 * @returns what is wrong, all of it; nothing: the change is proven
 */
export function proveIptablesChange(change: WrittenIptablesChange): readonly ChangeFault[] {
  const stood = iptablesStanding(change.before);
  const old = 'layout' in stood && stood.layout !== 'nothing' ? 'settled' : 'absent';
  const after = change.policy === undefined ? 'absent' : 'settled';
  const states =
    change.steps.heldBy === 'kernel'
      ? switchedStates(change.steps, old, after)
      : watchedStates(change.steps, old, after);
  try {
    const judge = new Judge(change);
    for (const state of states) judge.check(state);
    return judge.faults;
  } catch (error) {
    if (!(error instanceof DiagramTooLarge)) throw error;
    return [{ at: 'reading', problem: 'the proof would take more memory than is allowed' }];
  }
}

type Stands = State['stands'];

function switchedStates({ begin, confirm, revert }: SwitchedSteps, old: Stands, after: Stands): State[] {
  return [
    { at: 'on trial', steps: [begin], side: 'on-trial', means: 'policy', stands: 'expired' }, // without the list, which is the enforcer's
    { at: 'expired', steps: [begin], side: 'standing', means: 'what stood', stands: 'expired' },
    { at: 'confirmed', steps: [begin, confirm], side: 'on-trial', means: 'policy', stands: after },
    { at: 'confirmed', steps: [begin, confirm], side: 'standing', means: 'policy', stands: after },
    { at: 'reverted', steps: [begin, revert], side: 'standing', means: 'what stood', stands: old },
    { at: 'reverted', steps: [begin, revert], side: 'on-trial', means: 'what stood', stands: old },
  ];
}

/** Where a process keeps the trial there is no switch: what is loaded is what packets meet, whichever side is asked for. */
function watchedStates(steps: WatchedSteps, old: Stands, after: Stands): State[] {
  const { begin, on, off, confirm, revert } = steps;
  const side = 'on-trial';
  return [
    { at: 'begun', steps: [begin], side: 'standing', means: 'what stood', stands: 'expired' },
    { at: 'on trial', steps: [begin, on], side, means: 'policy', stands: 'trial' },
    { at: 'on trial', steps: [begin, on], side: 'standing', means: 'what stood', stands: 'trial' }, // as plans and `drift` read it
    { at: 'expired', steps: [begin, on, off], side, means: 'what stood', stands: 'expired' },
    { at: 'confirmed', steps: [begin, on, confirm], side, means: 'policy', stands: after },
    { at: 'confirmed', steps: [begin, confirm], side, means: 'policy', stands: after }, // without a trial
    { at: 'reverted', steps: [begin, revert], side, means: 'what stood', stands: old },
    { at: 'reverted', steps: [begin, on, revert], side, means: 'what stood', stands: old },
    { at: 'reverted', steps: [begin, on, off, revert], side, means: 'what stood', stands: old },
  ];
}

const TITLES = { policy: 'the policy', 'what stood': 'what stood before' } as const;
const FAMILIES = [
  { family: 4, of: 'v4', program: 'iptables' },
  { family: 6, of: 'v6', program: 'ip6tables' },
] as const;

class Judge {
  readonly faults: ChangeFault[] = [];
  readonly #change: WrittenIptablesChange;
  readonly #space = new HeaderSpace();
  readonly #known = new Map<string, Denotation | undefined>(); // by the text of the rules
  readonly #declared: PacketSet;

  constructor(change: WrittenIptablesChange) {
    this.#change = change;
    this.#declared = packetsOf(this.#space, alivePackets(change.alive));
  }

  check({ at, steps, side, means, stands }: State): void {
    const reached = this.#after(at, steps);
    if (reached === undefined) return;
    const { kind } = iptablesStanding(reached);
    if (kind !== stands) this.faults.push({ at, problem: `what stands is ${kind}, not ${stands}` });
    if (!standsApart(reached))
      this.faults.push({ at, problem: 'our chains are led to in another way than by the hooks' });
    const { policy, before } = this.#change;
    const wanted = this.#denote('reading', means === 'policy' ? hookedPolicy(policy) : before, 'standing');
    this.#compare(at, this.#denote(at, reached, side), wanted, means);
  }

  #after(at: ChangeFault['at'], steps: readonly StagedStep[]): IptablesProgram | undefined {
    const { program, problems } = afterSteps(this.#change.before, steps);
    for (const problem of problems) this.faults.push({ at, problem });
    return program;
  }

  /** The same rules have the same text, and the same text is judged once. */
  #denote(at: ChangeFault['at'], program: IptablesProgram, side: TrialSide): Denotation | undefined {
    const { ruleset, opaque } = liftOwn(program, side);
    const key = JSON.stringify(ruleset.tables, (name, value: unknown) =>
      name === 'origin' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
    );
    if (!this.#known.has(key)) {
      for (const { reason } of opaque) this.faults.push({ at, problem: `a rule is not understood: ${reason}` });
      this.#known.set(key, opaque.length === 0 ? denote(this.#space, ruleset) : undefined);
    }
    return this.#known.get(key);
  }

  #compare(
    at: ChangeFault['at'],
    actual: Denotation | undefined,
    wanted: Denotation | undefined,
    means: State['means'],
  ): void {
    if (actual === undefined || wanted === undefined) return;
    const declared = means === 'policy' ? this.#declared : this.#space.nothing();
    const differences = [
      {
        packets: actual.accept.subtract(wanted.accept).subtract(declared),
        problem: `it lets through more than ${TITLES[means]}`,
      },
      { packets: wanted.accept.subtract(actual.accept), problem: `it lets through less than ${TITLES[means]}` },
      { packets: wanted.drop.intersect(actual.reject), problem: `it rejects what ${TITLES[means]} drops` },
      { packets: wanted.reject.intersect(actual.drop), problem: `it drops what ${TITLES[means]} rejects` },
    ];
    for (const { packets, problem } of differences) {
      const witness = sampleFlow(packets);
      if (witness !== undefined) this.faults.push({ at, problem, witness });
    }
  }
}

function hookedPolicy(policy: IptablesProgram | undefined): IptablesProgram {
  return policy ?? { tables: [], sets: [] };
}

/** What the filter tables hold of ours when steps have been taken, read back. */
export function afterSteps(
  before: IptablesProgram,
  steps: readonly StagedStep[],
): { readonly program: IptablesProgram | undefined; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const files = FAMILIES.map(({ family, of, program }) => {
    const chains = new Map<string, string[]>();
    for (const text of [printOwn(before, family), ...steps.map((step) => step[of])]) {
      for (const line of text.split('\n')) {
        const problem = obey(line, chains);
        if (problem !== undefined) problems.push(`IPv${family}: ${problem}`);
      }
    }
    const hooked = steps.at(-1)?.hooked === true;
    const hooks = HOOKS.map((hook) => hook.toUpperCase()).map((builtin) => `-A ${builtin} -j PORTCULLIS-${builtin}`);
    const lines = [
      `# Written by Portcullis for ${program}-restore:`,
      '*filter',
      ...[...chains.keys()].map((name) => `:${name} - [0:0]`),
      ...(hooked ? hooks : []),
      ...[...chains].flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
      'COMMIT',
    ];
    return new SourceFile(`${program}.rules`, `${lines.join('\n')}\n`);
  });
  const { ast, diagnostics } = TARGETS.iptables.parse(files);
  if (ast === undefined) problems.push(`it cannot be read: ${diagnostics[0]?.message ?? ''}`);
  return { program: ast, problems };
}

/** Does what a line of a transaction does to our chains, as iptables-restore with `--noflush` would. @returns what is wrong with it */
function obey(line: string, chains: Map<string, string[]>): string | undefined {
  const [, command = '', name = '', rest = ''] = /^(:|-A |-X )(\S+)(?: (.*))?$/.exec(line) ?? [];
  const rules = chains.get(name);
  switch (command) {
    case ':':
      chains.set(name, []);
      return undefined;
    case '-A ': {
      const led = / -[gj] ((?:PC|PORTCULLIS)-\S+)$/.exec(` ${rest}`)?.[1];
      if (led !== undefined && !chains.has(led)) return `there is no chain \`${led}\` to lead to`;
      rules?.push(rest);
      return rules === undefined ? `there is no chain \`${name}\`` : undefined;
    }
    case '-X ':
      if (rules === undefined || rules.length > 0) return `the chain \`${name}\` cannot be taken away`;
      if ([...chains.values()].flat().some((rule) => rule.endsWith(` ${name}`))) return `\`${name}\` is still led to`;
      chains.delete(name);
      return undefined;
    default:
      return ['', '*filter', 'COMMIT'].includes(line) ? undefined : `\`${line}\` is no line that we write`;
  }
}
