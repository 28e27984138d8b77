import type { Action, Chain, Flow, Match, Rule, Ruleset, Table } from '../ir/index.ts';
import { all, everything, inState, not, quantity, symbol } from '../ir/index.ts';
import { commonPacket, type HeaderSpace, PacketSet, valueAt } from '../packetset/index.ts';
import { type ChainFunctions, functionsOf, partsOf, type Run, targets, UNDECIDED } from './chain-functions.ts';
import { findChain } from './chains.ts';
import { Denoter } from './denote.ts';
import { changeableDimensions, imageOf } from './effects-image.ts';
import { evaluate } from './evaluate.ts';
import { Meeting } from './meeting.ts';
import { PacketFlow } from './packet-flow.ts';
import type { RuleFault } from './rule-fault.ts';
import { deciders, disagreement, MOST_REASONS, outcomeBefore } from './rule-reasons.ts';
import { sampleFlow } from './sample.ts';
import { packetsOf } from './space.ts';
import { symbolsOf } from './symbols.ts';
import { WayIn, waysIntoBaseChains } from './way-in.ts';
import { type RunStage, type Stage, WithoutRule } from './without-rule.ts';

/** Goes through the chains, callers first, and finds the rules of each that have no effect. */
export class FaultFinder {
  readonly faults: RuleFault[] = [];
  readonly #space: HeaderSpace;
  readonly #ruleset: Ruleset;
  readonly #functions: ChainFunctions;
  readonly #denoter: Denoter;
  readonly #flow: PacketFlow;
  readonly #changeable: ReadonlySet<number>;
  readonly #ways: Map<Chain, WayIn>;
  readonly #without: WithoutRule;
  readonly #usual: PacketSet;

  constructor(space: HeaderSpace, ruleset: Ruleset) {
    this.#space = space;
    this.#ruleset = ruleset;
    this.#functions = functionsOf(space);
    this.#denoter = new Denoter(space, this.#functions);
    this.#without = new WithoutRule(space, this.#denoter);
    this.#flow = new PacketFlow(space, this.#functions);
    this.#changeable = changeableDimensions(space, ruleset);
    this.#ways = waysIntoBaseChains(space, ruleset, this.#functions, this.#denoter, this.#flow, this.#changeable);
    const unknown = symbolsOf(ruleset).filter(({ kind }) => kind === 'unknown');
    // Where no rule asks for the mark, nobody needs to be told that there is none.
    const unmarked = space.asksFor('mark') ? quantity('mark', 0xffff_ffff, 0) : everything;
    this.#usual = packetsOf(space, all(inState('new'), unmarked, ...unknown.map((each) => not(symbol(each)))));
  }

  /** All that call the chain must have been looked at before. */
  chain(table: Table, chain: Chain): void {
    for (const stage of this.#stages(table, chain)) {
      if (stage.part.kind === 'changing') this.#changingRule(stage, stage.part.rule, stage.part.index);
      else {
        const here: RunStage = { ...stage, part: stage.part };
        this.#run(here, stage.part.run, []);
      }
    }
  }

  /** Forward which packets come to each part, backward what becomes of those that leave it. */
  #stages(table: Table, chain: Chain): Stage[] {
    const { packets, continuation: then } = this.#into(table, chain);
    const parts = partsOf(this.#functions, table, chain);
    const arriving = [packets];
    for (const part of parts.slice(0, -1)) {
      const before = arriving.at(-1)!;
      const exits =
        part.kind === 'run' ? this.#flow.run(part.run.function_, before) : this.#flow.rule(table, part.rule, before);
      arriving.push(exits.next);
    }
    const after = [then?.ended ?? UNDECIDED];
    if (then !== undefined)
      for (const part of parts.slice(1).toReversed()) after.unshift(this.#denoter.part(table, part, then, after[0]!));
    const stages: Stage[] = [];
    for (const [at, part] of parts.entries()) {
      const ends = then === undefined ? undefined : { ...then, after: after[at]! };
      const fates = this.#without.fates(arriving[at]!, ends);
      const usual = arriving[at]!.intersect(this.#usual);
      stages.push({ table, chain, part, arriving: arriving[at]!, usual, earlier: stages.slice(), ends, fates });
    }
    return stages;
  }

  /** @param earlier the runs of the stage that together are all its rules before this run */
  #run(stage: RunStage, run: Run, earlier: readonly Run[]): void {
    if (run.halves === undefined) {
      this.#space.watcher.advance();
      const isCall = targets(stage.chain.rules[run.first]!.action).length > 0;
      if (isCall) this.#calling(stage, run, new Meeting(this.#left(stage, run, earlier), stage));
      else if (!this.#actsPlainly(stage, run, earlier))
        this.#rule(stage, run, new Meeting(this.#left(stage, run, earlier), stage));
      return;
    }
    const [left, right] = run.halves;
    this.#run(stage, left, earlier);
    this.#run(stage, right, [...earlier, left]);
  }

  /**
   * The packets that a rule decides, and others that do not arrive. A rule is narrow, mostly: to ask all before it about that little costs
   * next to nothing. What arrives is told apart by dimensions above all those of the rules, which would be made anew for each of them.
   */
  #left({ chain }: RunStage, run: Run, earlier: readonly Run[]): PacketSet {
    const { store } = this.#space;
    let { node } = this.#functions.matching(chain.rules[run.first]!);
    for (let at = earlier.length - 1; at >= 0 && node !== 0; at--) node = store.minus(node, earlier[at]!.function_);
    return new PacketSet(this.#space, node);
  }

  #calling(stage: RunStage, run: Run, deciding: Meeting): void {
    const { ends } = stage;
    const rule = stage.chain.rules[run.first]!;
    this.#call(stage, rule, deciding.packets, () =>
      ends === undefined ? UNDECIDED : this.#without.behind(stage, run, this.#functions.matching(rule), ends),
    );
    if (deciding.packets.isEmpty()) this.#idle(stage, run);
    else this.#decisive(stage, run, deciding);
  }

  #rule(stage: RunStage, run: Run, deciding: Meeting): void {
    const packet = deciding.somePacket();
    if (packet === undefined) this.#idle(stage, run);
    else if (
      stage.chain.rules[run.first]!.action.kind !== 'continue' &&
      !this.#without.faresOtherwise(stage, run, packet)
    )
      this.#decisive(stage, run, deciding);
  }

  #decisive(stage: RunStage, run: Run, deciding: Meeting): void {
    if (!this.#without.isRedundant(stage, run, deciding)) return;
    const { chain, part } = stage;
    const telling = deciding.telling();
    const { rules, rest } = deciders(chain, part.run, run.first + 1, chain.rules.length, telling);
    this.#report(stage, run.first, 'redundant', deciding, { by: rules, atEnd: !rest.isEmpty() }, telling);
  }

  /**
   * Whether one packet, whichever comes to hand, is decided by the rule and fares otherwise without it. Most rules show it at
   * once, and no sets need to be made for them.
   */
  #actsPlainly(stage: RunStage, run: Run, earlier: readonly Run[]): boolean {
    const { store } = this.#space;
    const matching = this.#functions.matching(stage.chain.rules[run.first]!);
    const packet = commonPacket(store, matching.node, stage.arriving.node);
    if (packet === undefined || earlier.some((each) => valueAt(store, each.function_, packet) !== UNDECIDED))
      return false;
    return this.#without.faresOtherwise(stage, run, packet);
  }

  #changingRule(stage: Stage, rule: Rule, index: number): void {
    const deciding = stage.arriving.intersect(this.#functions.matching(rule));
    this.#call(stage, rule, deciding, () => stage.ends?.after ?? UNDECIDED);
    if (deciding.isEmpty()) this.#turnedAway(stage, index);
  }

  /** Tells the chains that a rule calls who comes; `after` is the decision on those that come back. */
  #call({ table, chain, ends }: Stage, rule: Rule, deciding: PacketSet, after: () => number): void {
    if (targets(rule.action).length === 0) return;
    let packets = imageOf(rule.effects ?? [], deciding);
    let conceivable = this.#into(table, chain).conceivable.intersect(this.#functions.matching(rule));
    conceivable = this.#space.without(conceivable, this.#changeable);
    for (const { match, action } of casesOf(rule.action)) {
      const here = packetsOf(this.#space, match);
      if (action.kind === 'jump' || action.kind === 'goto') {
        const into = this.#into(table, findChain(table, action.chain));
        into.call(rule, conceivable.intersect(here));
        const ended = action.kind === 'goto' ? ends?.ended : after();
        into.enter(
          packets.intersect(here),
          ends === undefined || ended === undefined ? undefined : { accepted: ends.accepted, ended },
        );
      }
      packets = packets.subtract(here);
      conceivable = conceivable.subtract(here);
    }
  }

  #into(table: Table, chain: Chain): WayIn {
    let into = this.#ways.get(chain);
    if (into === undefined) {
      into = new WayIn(this.#space, this.#functions.isPure(table, chain));
      this.#ways.set(chain, into);
    }
    return into;
  }

  /** A rule of a run that no packet reaches: because of the rules before it in the run, or before the run. */
  #idle(stage: RunStage, run: Run): void {
    const { chain, part, ends } = stage;
    const wanted = new Meeting(this.#functions.matching(chain.rules[run.first]!), stage);
    if (wanted.somePacket() === undefined) {
      this.#turnedAway(stage, run.first);
      return;
    }
    const telling = wanted.telling();
    const { rules } = deciders(chain, part.run, 0, run.first, telling);
    const outcomes = [outcomeBefore(part.run, run.first, telling), this.#without.own(stage, run, telling)];
    const [before = UNDECIDED, own = UNDECIDED] = outcomes.map((each) =>
      ends === undefined ? each : this.#without.final(each, ends),
    );
    const differing = disagreement(before, own, this.#space);
    const contradicts = !differing.isEmpty();
    this.#report(stage, run.first, 'shadowed', wanted, { by: rules, contradicts }, contradicts ? differing : telling);
  }

  /** A rule whose packets do not even come to its part of the chain. */
  #turnedAway(stage: Stage, index: number): void {
    const { table, chain } = stage;
    const into = this.#into(table, chain);
    const by = into.callers.slice(0, MOST_REASONS);
    const match = this.#functions.matching(chain.rules[index]!);
    const packets = into.conceivable.intersect(match);
    if (into.packets.isEmpty()) this.#report(stage, index, 'unreachable', { packets }, { by });
    else if (packets.isEmpty()) this.#report(stage, index, 'impossible', { packets }, { by });
    else {
      const decided = this.#decidedElsewhere(table, chain.rules[index]!, packets);
      const known = decided.by.length > 0 ? {} : { by: this.#decidersBefore(stage, match) };
      this.#report(stage, index, 'shadowed', { packets }, { ...decided, ...known });
    }
  }

  /** The rules of earlier parts of the chain that decide such packets, whatever they look like by then. */
  #decidersBefore({ chain, earlier }: Stage, match: PacketSet): readonly Rule[] {
    const wanted = this.#space.without(match, this.#changeable);
    for (const { part, arriving } of earlier) {
      const rules =
        part.kind === 'run' ? deciders(chain, part.run, 0, chain.rules.length, arriving.intersect(wanted)).rules : [];
      if (rules.length > 0) return rules;
    }
    return [];
  }

  /** One packet's way shows who decides instead; where packets change on the way, there is no telling which one entered. */
  #decidedElsewhere(table: Table, rule: Rule, wanted: PacketSet): Pick<RuleFault, 'by' | 'contradicts' | 'witness'> {
    const usual = wanted.intersect(this.#usual);
    const witness = sampleFlow(usual.isEmpty() ? wanted : usual);
    const path = witness === undefined ? [] : evaluate(this.#ruleset, witness).path;
    if (witness === undefined || path.some(({ rule: met }) => changes(met))) return { by: [], contradicts: false };
    const decider = (path.findLast((step) => step.table === table.name) ?? path.at(-1))?.rule;
    const [wants, does] = [rule.action, decider?.action];
    return {
      by: decider === undefined ? [] : [decider],
      contradicts: wants.kind === 'verdict' && does?.kind === 'verdict' && wants.verdict !== does.verdict,
      witness,
    };
  }

  /** @param shown the packets from which the witness is taken; absent: there is none, or it has been found */
  #report(
    { table, chain }: Stage,
    index: number,
    kind: RuleFault['kind'],
    of: Pick<RuleFault, 'packets'>,
    found: Partial<Omit<RuleFault, 'packets'>>,
    shown?: PacketSet,
  ): void {
    const rule = chain.rules[index]!;
    const sample = shown === undefined ? undefined : sampleFlow(shown);
    const witness = this.#replayed(sample, { table, chain, rule, kind });
    this.faults.push({
      get packets() {
        return of.packets; // few ask for them
      },
      kind,
      table,
      chain,
      rule,
      index,
      by: [],
      contradicts: false,
      atEnd: false,
      ...(witness === undefined ? {} : { witness }),
      ...found,
    });
  }

  /** The packet, where it shows the fault as it enters the machine: others may have been changed on their way to the rule. */
  #replayed(
    witness: Flow | undefined,
    { table, chain, rule, kind }: Pick<RuleFault, 'table' | 'chain' | 'rule' | 'kind'>,
  ): Flow | undefined {
    if (witness === undefined) return undefined;
    const { path } = evaluate(this.#ruleset, witness);
    const meets = path.some((step) => step.rule === rule);
    if (kind === 'redundant') return meets ? witness : undefined;
    if (meets) throw new Error('a rule that decides no packet decides one');
    // What decides before a rule that is shadowed stands in its chain.
    const comes = kind !== 'shadowed' || path.some((step) => step.table === table.name && step.chain === chain.name);
    return comes ? witness : undefined;
  }
}

function changes(rule: Rule | undefined): boolean {
  return rule?.effects !== undefined && rule.effects.length > 0;
}

/** An action as what it does case by case. */
function casesOf(
  action: Action,
): readonly { readonly match: Match; readonly action: Exclude<Action, { kind: 'dispatch' }> }[] {
  return action.kind === 'dispatch' ? action.cases : [{ match: everything, action }];
}
