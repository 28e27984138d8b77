import { hasErrors } from '../diagnostic/index.ts';
import type { Flow, Ruleset } from '../ir/index.ts';
import { DiagramTooLarge, HeaderSpace } from '../packetset/index.ts';
import { type Denotation, denote, ledElsewhere, packetsOf, sampleFlow } from '../semantics/index.ts';
import { SourceFile } from '../source/index.ts';
import {
  type AliveConnection,
  type Command,
  effective,
  learntNames,
  ownTable,
  type Program,
  readCommands,
  referenceProblems,
  type StagedTexts,
  type Standing,
  standing,
  TABLE_NAME,
  TARGETS,
  TRIAL_SET,
} from '../target/index.ts';
import { alivePackets } from './alive-packets.ts';

/** A change as it will be loaded: what stands, as it was listed, and the texts. */
export interface WrittenChange {
  readonly before: Program;
  readonly policy?: Program; // whose plain text was proven; absent: our rules go away
  readonly alive: readonly AliveConnection[];
  readonly onTrial: boolean;
  readonly texts: StagedTexts;
}

export interface ChangeFault {
  readonly at: 'reading' | 'begun' | 'on trial' | 'expired' | 'confirmed' | 'reverted';
  readonly problem: string; // no capital, no full stop
  readonly witness?: Flow; // a packet that shows it
}

/**
 * Translation validation of a change: its texts are read back, followed from what stands, and compared as sets of packets.
 *
 *     on trial, confirmed  =  the policy, and more only for connections that were alive
 *     expired, reverted    =  what stood
 *
 * Packets that are let through must lead to the same place, too. Only our own table is looked at: no command names another, and where its part is the same, so is the whole.
 * @returns what is wrong, all of it; nothing: the change is proven
 */
export function proveChange(change: WrittenChange): readonly ChangeFault[] {
  const faults: ChangeFault[] = [];
  const read = (name: keyof StagedTexts): readonly Command[] => {
    const file = new SourceFile(name, change.texts[name]);
    const { ast, diagnostics } = readCommands([file]);
    const [first] = diagnostics;
    if (ast === undefined) faults.push({ at: 'reading', problem: `${name}: ${first?.message ?? 'it cannot be read'}` });
    const stranger = ast?.commands.find((command) => !isOurs(command));
    if (stranger !== undefined) faults.push({ at: 'reading', problem: `${name}: it changes what is not ours` });
    return ast?.commands ?? [];
  };
  const steps = { begin: read('begin'), confirm: read('confirm'), revert: read('revert') };
  if (faults.length > 0) return faults;
  try {
    return new Follower(change).faults(steps);
  } catch (error) {
    if (!(error instanceof DiagramTooLarge)) throw error;
    return [{ at: 'reading', problem: 'the proof would take more memory than is allowed' }];
  }
}

function isOurs(command: Command): boolean {
  switch (command.kind) {
    case 'table':
      return command.table.family === 'inet' && command.table.name === TABLE_NAME;
    case 'delete-table':
    case 'flush-table':
      return command.family === 'inet' && command.name === TABLE_NAME;
    case 'flush-ruleset':
      return false;
    default:
      return command.family === 'inet' && command.table === TABLE_NAME;
  }
}

/** What the kernel does when a trial's time is up. */
const EXPIRY: Command = { kind: 'flush-set', family: 'inet', table: TABLE_NAME, set: TRIAL_SET, isMap: false };

/** A trial that somebody else began. */
const TRIAL: readonly Command[] = [
  { kind: 'table', table: { family: 'inet', name: TABLE_NAME, counters: [], sets: [], chains: [] } },
  {
    kind: 'create-set',
    family: 'inet',
    table: TABLE_NAME,
    declaration: { name: TRIAL_SET, key: { kind: 'type', parts: ['nf_proto'] }, flags: ['timeout'], elements: [] },
  },
];

const NOTHING: Program = { commands: [] };
const TITLES = { policy: 'the policy', 'what stood': 'what stood before' } as const;

interface State {
  readonly at: ChangeFault['at'];
  readonly commands: readonly Command[]; // that lead here from what stood
  readonly means: 'policy' | 'what stood';
  readonly stands: Standing['kind'];
  readonly keeps: 'all' | 'shared'; // of what is learnt: all that was there, or what the policy asks for too
}

interface Meaning {
  readonly ruleset: Ruleset;
  readonly denotation: Denotation;
}

class Follower {
  readonly #change: WrittenChange;
  readonly #space = new HeaderSpace();
  readonly #faults: ChangeFault[] = [];
  readonly #stood: Standing;
  readonly #before: Program; // our table alone
  readonly #known = new Map<string, Meaning | undefined>(); // by the text of the rules
  readonly #learnt: ReadonlySet<string>;

  constructor(change: WrittenChange) {
    this.#change = change;
    this.#stood = standing(change.before);
    const table = ownTable(change.before);
    this.#before = { commands: table === undefined ? [] : [{ kind: 'table', table }] };
    this.#learnt = 'table' in this.#stood ? learntNames(this.#stood) : new Set();
  }

  faults(steps: Readonly<Record<keyof StagedTexts, readonly Command[]>>): readonly ChangeFault[] {
    const { onTrial, policy } = this.#change;
    const { begin, confirm, revert } = steps;
    const after = { means: 'policy', stands: policy === undefined ? 'absent' : 'settled', keeps: 'shared' } as const;
    const back = { means: 'what stood', stands: this.#settled(), keeps: 'all' } as const;
    const states: State[] = onTrial
      ? [
          { at: 'on trial', commands: begin, means: 'policy', stands: 'trial', keeps: 'all' },
          { at: 'expired', commands: [...begin, EXPIRY], means: 'what stood', stands: 'expired', keeps: 'all' },
          { at: 'confirmed', commands: [...begin, ...confirm], ...after },
          { at: 'reverted', commands: [...begin, ...revert], ...back },
          { at: 'reverted', commands: [...begin, EXPIRY, ...revert], ...back },
        ]
      : [{ at: 'confirmed', commands: begin, ...after }];
    const wanted = {
      policy: this.#denote('reading', policy ?? NOTHING),
      'what stood': this.#denote('reading', this.#before),
    };
    for (const state of states) this.#check(state, wanted[state.means]);
    if (begin.length === 0) return this.#faults;
    const trial = onTrial ? begin : [...this.#before.commands, ...TRIAL];
    this.#expectRefusal('on trial', [...trial, ...begin], 'a second change is not refused while the first is on trial');
    if (onTrial)
      this.#expectRefusal(
        'expired',
        [...begin, EXPIRY, ...confirm],
        'a confirmation that comes too late is not refused',
      );
    return this.#faults;
  }

  #settled(): Standing['kind'] {
    const layout = 'table' in this.#stood ? this.#stood.layout : 'nothing';
    return layout === 'nothing' ? 'absent' : 'settled';
  }

  #check({ at, commands, means, stands, keeps }: State, wanted: Meaning | undefined): void {
    const program: Program = { commands: [...this.#before.commands, ...commands] };
    const refused = referenceProblems(program).find(({ severity }) => severity === 'error');
    if (refused !== undefined) {
      this.#faults.push({ at, problem: `the kernel would refuse it: ${refused.message}` });
      return;
    }
    const { kind } = standing(program);
    if (kind !== stands) this.#faults.push({ at, problem: `what stands is ${kind}, not ${stands}` });
    this.#compare(at, this.#denote(at, program), wanted, means);
    const table = ownTable(program);
    const there = new Set([...(table?.counters ?? []), ...(table?.sets ?? [])].map(({ name }) => name));
    for (const name of this.#learnt) {
      if (keeps === 'all' && !there.has(name)) this.#faults.push({ at, problem: `\`${name}\` is gone` });
      else if (there.has(name) && commands.some((command) => forgets(command, name)))
        this.#faults.push({ at, problem: `\`${name}\` loses what it has learnt` });
    }
  }

  /** The same rules have the same text, and the same text is judged once. */
  #denote(at: ChangeFault['at'], program: Program): Meaning | undefined {
    const rules = effective(program, { trial: 'running', alive: 'held' });
    const text = TARGETS.nftables
      .print(rules)
      .map((artifact) => artifact.text)
      .join('');
    if (!this.#known.has(text)) {
      const { ruleset, opaque } = TARGETS.nftables.lift(rules);
      for (const { reason } of opaque) this.#faults.push({ at, problem: `a rule is not understood: ${reason}` });
      this.#known.set(text, opaque.length === 0 ? { ruleset, denotation: denote(this.#space, ruleset) } : undefined);
    }
    return this.#known.get(text);
  }

  #compare(
    at: ChangeFault['at'],
    found: Meaning | undefined,
    expected: Meaning | undefined,
    means: State['means'],
  ): void {
    if (found === undefined || expected === undefined) return;
    const [actual, wanted] = [found.denotation, expected.denotation];
    const declared =
      means === 'policy' ? packetsOf(this.#space, alivePackets(this.#change.alive)) : this.#space.nothing();
    const differences = [
      {
        packets: actual.accept.subtract(wanted.accept).subtract(declared),
        problem: `it lets through more than ${TITLES[means]}`,
      },
      { packets: wanted.accept.subtract(actual.accept), problem: `it lets through less than ${TITLES[means]}` },
      { packets: wanted.drop.intersect(actual.reject), problem: `it rejects what ${TITLES[means]} drops` },
      { packets: wanted.reject.intersect(actual.drop), problem: `it drops what ${TITLES[means]} rejects` },
      {
        packets: ledElsewhere(this.#space, found.ruleset, expected.ruleset).subtract(declared),
        problem: `it sends elsewhere what ${TITLES[means]} lets through`,
      },
    ];
    for (const { packets, problem } of differences) {
      const witness = sampleFlow(packets);
      if (witness !== undefined) this.#faults.push({ at, problem, witness });
    }
  }

  #expectRefusal(at: ChangeFault['at'], commands: readonly Command[], problem: string): void {
    if (!hasErrors(referenceProblems({ commands: [...this.#before.commands, ...commands] })))
      this.#faults.push({ at, problem });
  }
}

function forgets(command: Command, name: string): boolean {
  switch (command.kind) {
    case 'delete-table':
      return true;
    case 'delete-set':
    case 'flush-set':
      return command.set === name;
    case 'delete-object':
      return command.name === name;
    default:
      return false;
  }
}
