import {
  type Action,
  address,
  all,
  any,
  atHook,
  type Chain,
  everything,
  field,
  type Hook,
  inState,
  interfaces,
  type Match,
  not,
  ORDINARY_PORTS,
  type Origin,
  ofType,
  quantity,
  type Rule,
  type Symbol as RuleSymbol,
  type Ruleset,
  symbol,
  symbolKey,
  type Verdict,
} from '../../ir/index.ts';
import { type Family, PORT_PROTOCOLS, PROTOCOLS, range } from '../../net/index.ts';
import { HeaderSpace, type PacketSet, UNWATCHED } from '../../packetset/index.ts';
import {
  denote,
  type Evaluation,
  evaluate,
  packetsOf,
  possiblePackets,
  sampleFlow,
  symbolsOf,
} from '../../semantics/index.ts';
import type { Witness } from '../rule-findings.ts';
import { conditionsOf, unknownConditions } from '../unknowns.ts';
import { GLOBAL, UNICAST } from './address-scope.ts';
import type { AuditSubject } from './subject.ts';

const OUTSIDE = ['203.0.113.9', '2001:db8::9'].map(range);
const SYN = 2; // the first packet of a TCP connection (RFC 9293 3.1)
const MOST_ORIGINS = 4;

/** One meaning of the subject for all checks: what passes, seen as a client opens connections. */
export class AuditView {
  readonly subject: AuditSubject;
  readonly space: HeaderSpace;
  readonly accepted: PacketSet;
  readonly #possible: PacketSet;
  readonly #quiet: PacketSet;
  readonly #unknown: readonly string[];
  readonly #toItself: PacketSet; // forwarded, and with the same two addresses that a sample would choose
  readonly #first = new Map<string, PacketSet>();

  constructor(subject: AuditSubject) {
    this.subject = subject;
    this.space = HeaderSpace.watched(subject.watcher ?? UNWATCHED);
    const { ruleset } = subject;
    this.accepted = denote(this.space, ruleset).accept;
    this.#possible = possiblePackets(this.space);
    this.#quiet = this.packets(all(...symbolsOf(ruleset).map(quietly)));
    this.#unknown = unknownConditions(ruleset);
    this.#toItself = this.packets(all(atHook('forward'), address('dst', ...OUTSIDE)));
  }

  get ruleset(): Ruleset {
    return this.subject.ruleset;
  }

  packets(match: Match): PacketSet {
    return packetsOf(this.space, match);
  }

  /**
   * First packets between this machine and others, as they usually are: opened from an ordinary port, without marks, and with every condition
   * that nobody can know in its quiet case (within limits, not in sets that others fill).
   */
  first(hook: Hook, family: Family): PacketSet {
    const key = `${hook} ${family}`;
    let found = this.#first.get(key);
    if (found === undefined) {
      found = this.packets(firstPackets(hook, family)).intersect(this.#quiet).intersect(this.#possible);
      this.#first.set(key, found);
    }
    return found;
  }

  /** Those of the first packets that pass. */
  open(hook: Hook, family: Family): PacketSet {
    return this.first(hook, family).intersect(this.accepted);
  }

  /** Packets in another state than new, between this machine and others. */
  inState(hook: Hook, family: Family, state: Match): PacketSet {
    const asked = this.packets(all(betweenMachines(hook, family), state));
    return asked.intersect(this.#quiet).intersect(this.#possible);
  }

  /** One packet of a set with what becomes of it; every packet of the set must fare so. */
  witness(set: PacketSet): Witness {
    const { flow, evaluation } = this.#replayed(set);
    return { flow, verdict: evaluation.verdict };
  }

  /** The rules that have the last word on packets of the set, a few of them. */
  deciders(set: PacketSet): Origin[] {
    const found = new Set<Rule>();
    const origins: Origin[] = [];
    let rest = set;
    while (origins.length < MOST_ORIGINS && !rest.isEmpty()) {
      const { evaluation } = this.#replayed(rest);
      const step = evaluation.path.findLast((each) => each.rule !== undefined && isFinal(each.outcome));
      if (step?.rule === undefined || found.has(step.rule)) break;
      found.add(step.rule);
      origins.push(step.origin ?? step.rule.origin);
      rest = rest.subtract(this.packets(step.matchedCase?.match ?? step.rule.match));
    }
    return origins;
  }

  /** The conditions that nobody can know on which it depends whether packets such as these pass. */
  conditions(set: PacketSet): readonly string[] {
    if (this.#unknown.length === 0) return [];
    const symbolDimensions = new Set(
      symbolsOf(this.ruleset).flatMap((each) => [...this.space.dimensionsOf(this.space.symbol(symbolKey(each)))]),
    );
    const whatever = this.space.without(set, symbolDimensions);
    return conditionsOf([whatever.intersect(this.accepted)], this.#unknown);
  }

  /**
   * The packets that meet a rule of some kind before their fate is decided: such a rule is given a verdict that no other rule has, and
   * the rules are asked again.
   */
  meeting(
    isMeant: (rule: Rule, chain: Chain) => boolean,
    policyIsMeant: (chain: Chain) => boolean = () => false,
  ): PacketSet {
    const { reject } = denote(this.space, marked(this.ruleset, isMeant, policyIsMeant));
    return reject;
  }

  #replayed(set: PacketSet): { readonly flow: Witness['flow']; readonly evaluation: Evaluation } {
    const between = set.subtract(this.#toItself);
    const flow = sampleFlow(between.isEmpty() ? set : between);
    if (flow === undefined) throw new RangeError('an empty set has no witness');
    const evaluation = evaluate(this.ruleset, flow);
    const isAccepted = !set.intersect(this.accepted).isEmpty();
    if ((evaluation.verdict === 'accept') !== isAccepted) throw new Error('a witness got another verdict than its set');
    return { flow, evaluation };
  }
}

function isFinal(outcome: string): boolean {
  return outcome === 'accept' || outcome === 'drop' || outcome === 'reject';
}

/** A rate is kept; nothing else that packets do not show holds. */
function quietly(of: RuleSymbol): Match {
  return of.kind === 'within-rate' ? symbol(of) : not(symbol(of));
}

function firstPackets(hook: Hook, family: Family): Match {
  return all(
    betweenMachines(hook, family),
    inState('new'),
    any(not(field('protocol', PROTOCOLS.tcp)), field('tcpFlags', SYN)),
    any(not(field('protocol', ...PORT_PROTOCOLS)), field('sport', ORDINARY_PORTS)),
    quantity('ctmark', 0xffff_ffff, 0),
  );
}

/** Packets without marks, with addresses as machines have them. */
function betweenMachines(hook: Hook, family: Family): Match {
  const unicast = UNICAST.filter((range) => range.family === family);
  return all(
    atHook(hook),
    field('family', family),
    fromOutside(hook),
    address('src', ...unicast),
    address('dst', ...unicast),
    ofType('src', hook === 'output' ? 'local' : 'unicast'),
    ofType('dst', hook === 'input' ? 'local' : 'unicast'),
    quantity('mark', 0xffff_ffff, 0),
  );
}

const LOOPBACK = { name: 'lo', wildcard: false };

function fromOutside(hook: Hook): Match {
  return all(
    hook === 'output' ? everything : not(interfaces('in', LOOPBACK)),
    hook === 'input' ? everything : not(interfaces('out', LOOPBACK)),
  );
}

/** Addresses that are counted when it is asked how many may do something. */
export function globalAddresses(side: 'src' | 'dst', family: Family): Match {
  return { kind: 'address', side, ranges: GLOBAL.filter((range) => range.family === family) };
}

/** The same rules with `reject` for what is meant, and `drop` for all other refusals. */
function marked(
  ruleset: Ruleset,
  isMeant: (rule: Rule, chain: Chain) => boolean,
  policyIsMeant: (chain: Chain) => boolean,
): Ruleset {
  const chains = (chain: Chain): Chain => ({
    ...chain,
    ...(chain.base === undefined
      ? {}
      : { base: { ...chain.base, policy: policyIsMeant(chain) ? 'reject' : unmarked(chain.base.policy) } }),
    rules: chain.rules.map((rule) => ({
      ...rule,
      action: isMeant(rule, chain) ? { kind: 'verdict', verdict: 'reject' } : unmarkedAction(rule.action),
    })),
  });
  return { ...ruleset, tables: ruleset.tables.map((table) => ({ ...table, chains: table.chains.map(chains) })) };
}

function unmarked(verdict: Verdict): Verdict {
  return verdict === 'reject' ? 'drop' : verdict;
}

function unmarkedAction(action: Action): Action {
  switch (action.kind) {
    case 'verdict':
      return { kind: 'verdict', verdict: unmarked(action.verdict) };
    case 'dispatch':
      return {
        kind: 'dispatch',
        cases: action.cases.map((each) =>
          each.action.kind === 'verdict'
            ? { ...each, action: { kind: 'verdict', verdict: unmarked(each.action.verdict) } }
            : each,
        ),
      };
    default:
      return action;
  }
}
