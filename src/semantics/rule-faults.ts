import { atHook, type Chain, type Flow, field, PASSING, type Rule, type Ruleset, type Table } from '../ir/index.ts';
import { type HeaderSpace, PacketSet } from '../packetset/index.ts';
import {
  ACCEPT,
  ChainFunctions,
  DROP,
  REJECT,
  RETURN,
  targets,
  UNDECIDED,
  verdictTerminal,
} from './chain-functions.ts';
import { findChain } from './chains.ts';
import { sampleFlow } from './sample.ts';
import { packetsOf, possiblePackets } from './space.ts';

/**
 * A rule that could go without any packet noticing:
 *
 * - `impossible`: no packet that can stand here fits its match.
 * - `unreachable`: no packet arrives at its chain at all.
 * - `shadowed`: earlier rules decide every packet it would match; `contradicts` says that they decide otherwise, so that what
 *   its author wanted does not happen.
 * - `redundant`: the rules behind it, or the chain's policy, would do the same with every packet it decides.
 */
export interface RuleFault {
  readonly kind: 'impossible' | 'unreachable' | 'shadowed' | 'redundant';
  readonly table: Table;
  readonly chain: Chain;
  readonly rule: Rule;
  readonly index: number; // of the rule in its chain, from 0
  readonly by: readonly Rule[]; // that make it so, in order; at most `MAX_CULPRITS`
  readonly contradicts: boolean;
  readonly witness?: Flow; // a packet that the rule would match, decided elsewhere
}

const MAX_CULPRITS = 4;

/** Every rule that has no effect, in the order of the tables, chains and rules. Rules that change packets are taken to have one. */
export function ruleFaults(space: HeaderSpace, ruleset: Ruleset): RuleFault[] {
  return ruleset.tables.flatMap((table) => new TableFaults(space, table).find());
}

/** The functions of a run of rules and of its halves: what is true of a run need not be asked of each rule. */
interface RunTree {
  readonly first: number; // position of the run's first rule
  readonly count: number;
  readonly function_: number;
  readonly halves?: readonly [RunTree, RunTree];
}

class TableFaults {
  readonly #space: HeaderSpace;
  readonly #table: Table;
  readonly #functions: ChainFunctions;
  readonly #possible: PacketSet;
  readonly #arriving = new Map<Chain, PacketSet>();
  readonly #faults: RuleFault[] = [];

  constructor(space: HeaderSpace, table: Table) {
    this.#space = space;
    this.#table = table;
    this.#functions = new ChainFunctions(space);
    this.#possible = possiblePackets(space).intersect(packetsOf(space, field('family', ...table.families)));
  }

  find(): RuleFault[] {
    for (const chain of callersFirst(this.#table)) this.#chain(chain);
    const position = (chain: Chain): number => this.#table.chains.indexOf(chain);
    return this.#faults.sort((a, b) => position(a.chain) - position(b.chain) || a.index - b.index);
  }

  #chain(chain: Chain): void {
    const entering =
      chain.base === undefined
        ? (this.#arriving.get(chain) ?? this.#space.nothing())
        : this.#possible.intersect(packetsOf(this.#space, atHook(...PASSING[chain.base.hook])));
    if (entering.isEmpty()) {
      for (const index of chain.rules.keys())
        this.#report(chain, index, { kind: 'unreachable', by: [], contradicts: false });
      return;
    }
    if (chain.rules.length === 0) return;
    const end = chain.base === undefined ? RETURN : verdictTerminal(chain.base.policy);
    // What cannot arrive is of no interest, and diagrams without it are much smaller.
    const tree = this.#tree(chain, 0, chain.rules.length, end);
    this.#run(chain, tree, tree, entering, end);
  }

  #tree(chain: Chain, first: number, count: number, end: number): RunTree {
    const store = this.#space.store;
    if (count === 1) {
      const rule = chain.rules[first]!;
      // A rule with effects is here one that decides nothing: what it does to packets is left out, and it is never reported.
      const pure = this.#functions.isPureRule(this.#table, rule);
      const function_ = pure
        ? store.remap(this.#functions.rule(this.#table, rule), [UNDECIDED, ACCEPT, DROP, REJECT, end])
        : UNDECIDED;
      return { first, count, function_ };
    }
    const half = count >> 1;
    const halves = [this.#tree(chain, first, half, end), this.#tree(chain, first + half, count - half, end)] as const;
    return { first, count, function_: store.substitute(UNDECIDED, halves[0].function_, halves[1].function_), halves };
  }

  /** @param arriving packets that reach the run; @param after what becomes of those that leave it undecided */
  #run(chain: Chain, whole: RunTree, run: RunTree, arriving: PacketSet, after: number): void {
    const store = this.#space.store;
    if (run.halves === undefined) {
      this.#rule(chain, whole, run, arriving, after);
      return;
    }
    const [left, right] = run.halves;
    const afterLeft = arriving.isEmpty() ? after : store.substitute(UNDECIDED, right.function_, after);
    this.#run(chain, whole, left, arriving, afterLeft);
    const passed = new PacketSet(this.#space, store.minus(arriving.node, left.function_));
    this.#run(chain, whole, right, passed, after);
  }

  #rule(chain: Chain, whole: RunTree, { first: index, function_ }: RunTree, arriving: PacketSet, after: number): void {
    const rule = chain.rules[index]!;
    const store = this.#space.store;
    const matching = packetsOf(this.#space, rule.match);
    const deciding = matching.intersect(arriving);
    for (const name of targets(rule.action)) {
      const called = findChain(this.#table, name);
      this.#arriving.set(called, (this.#arriving.get(called) ?? this.#space.nothing()).union(deciding));
    }
    if (!this.#functions.isPureRule(this.#table, rule) || rule.action.kind === 'continue') return;
    if (deciding.isEmpty()) {
      const wanted = matching.intersect(this.#entering(chain));
      if (wanted.isEmpty()) {
        this.#report(chain, index, { kind: 'impossible', by: [], contradicts: false });
        return;
      }
      const by = this.#deciders(chain, whole, index, wanted);
      const witness = sampleFlow(wanted);
      this.#report(chain, index, {
        kind: 'shadowed',
        by: by.slice(0, MAX_CULPRITS),
        contradicts: this.#contradicts(whole, index, function_, wanted),
        ...(witness === undefined ? {} : { witness }),
      });
      return;
    }
    const withRule = store.substitute(1, deciding.node, store.substitute(UNDECIDED, function_, after));
    const without = store.substitute(1, deciding.node, after);
    if (withRule !== without) return;
    const witness = sampleFlow(deciding);
    const by = this.#deciders(chain, whole, chain.rules.length, deciding, index + 1).slice(0, MAX_CULPRITS);
    this.#report(chain, index, {
      kind: 'redundant',
      by,
      contradicts: false,
      ...(witness === undefined ? {} : { witness }),
    });
  }

  #entering(chain: Chain): PacketSet {
    return chain.base === undefined
      ? (this.#arriving.get(chain) ?? this.#space.nothing())
      : this.#possible.intersect(packetsOf(this.#space, atHook(...PASSING[chain.base.hook])));
  }

  /** The rules between two positions that decide some of the packets, each the first to decide them. */
  #deciders(chain: Chain, whole: RunTree, to: number, packets: PacketSet, from = 0): Rule[] {
    const found: Rule[] = [];
    let rest = packets;
    const visit = (run: RunTree): void => {
      if (found.length >= MAX_CULPRITS || rest.isEmpty() || run.first >= to || run.first + run.count <= from) return;
      if (run.first >= from && this.#space.store.substitute(1, rest.node, run.function_) === UNDECIDED) return;
      if (run.halves === undefined) {
        found.push(chain.rules[run.first]!);
        rest = new PacketSet(this.#space, this.#space.store.minus(rest.node, run.function_));
        return;
      }
      for (const half of run.halves) visit(half);
    };
    visit(whole);
    return found;
  }

  /** Whether the rules before a position decide any of the packets otherwise than the rule there would. */
  #contradicts(whole: RunTree, before: number, function_: number, packets: PacketSet): boolean {
    const store = this.#space.store;
    const earlier = this.#prefix(whole, before);
    return store.substitute(1, packets.node, earlier) !== store.substitute(1, packets.node, function_);
  }

  #prefix(run: RunTree, before: number): number {
    if (run.first + run.count <= before) return run.function_;
    if (run.first >= before || run.halves === undefined) return UNDECIDED;
    const [left, right] = run.halves;
    return this.#space.store.substitute(UNDECIDED, this.#prefix(left, before), this.#prefix(right, before));
  }

  #report(chain: Chain, index: number, fault: Pick<RuleFault, 'kind' | 'by' | 'contradicts' | 'witness'>): void {
    this.#faults.push({ ...fault, table: this.#table, chain, rule: chain.rules[index]!, index });
  }
}

/** Chains so that each stands behind all that call it. */
function callersFirst(table: Table): readonly Chain[] {
  const ordered: Chain[] = [];
  const seen = new Set<Chain>();
  const visit = (chain: Chain): void => {
    if (seen.has(chain)) return;
    seen.add(chain);
    for (const rule of chain.rules) for (const name of targets(rule.action)) visit(findChain(table, name));
    ordered.push(chain);
  };
  for (const chain of table.chains) visit(chain);
  return ordered.reverse();
}
