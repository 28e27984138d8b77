import {
  type Action,
  all,
  allOf,
  anyOf,
  type DispatchCase,
  type Effect,
  everything,
  field,
  inState,
  type Match,
  not,
  nothing,
  type Origin,
  type Rule,
} from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import { untrackable } from '../netfilter/connection.ts';
import { tracking } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Opaque } from '../target.ts';
import type * as nft from './ast.ts';
import { assignCases } from './lift-assign.ts';
import { Comparisons } from './lift-comparisons.ts';
import type { ChainContext } from './lift-context.ts';
import { Changes } from './lift-effect.ts';
import { impliedConditions } from './lift-implied.ts';
import { type KeyPart, keyParts, partsUnder } from './lift-key.ts';
import { elementMatch } from './lift-match.ts';
import { natCases } from './lift-nat.ts';
import { counterName, elementOrigin, NOWHERE, ruleOrigin } from './lift-origin.ts';
import { mapElements, type Position } from './lift-set.ts';
import { statefulCondition } from './lift-stateful.ts';
import { acts, elementVerdict, verdictAction } from './lift-verdict.ts';
import { printExpression, printRule, printStatement } from './print-rule.ts';

export interface LiftedRule {
  readonly rules: readonly Rule[]; // one, where nothing has to be said apart
  readonly opaque: readonly Opaque[];
}

export function liftRule(rule: nft.Rule, context: ChainContext, position: Position): LiftedRule {
  return new RuleLifter(rule, context, position).lift();
}

/** How far a packet has come in a rule. */
interface Reached {
  readonly conditions: readonly Match[]; // of the packet as it was when the rule began
  readonly changes: Changes;
  readonly isLogged: boolean;
}

const CONTINUE: Action = { kind: 'continue' };
const UNCHANGED = new Changes();
const TCP = field('protocol', PROTOCOLS.tcp);

/** Statements act from left to right: each condition narrows what reaches those behind it. */
class RuleLifter {
  readonly #rule: nft.Rule;
  readonly #context: ChainContext;
  readonly #rules: Rule[] = [];
  readonly #opaque: Opaque[] = [];
  readonly #origin: Origin;
  readonly #comparisons: Comparisons;
  #mapAt: number | undefined;

  constructor(rule: nft.Rule, context: ChainContext, position: Position) {
    this.#rule = rule;
    this.#context = context;
    this.#origin = ruleOrigin(rule, context);
    this.#comparisons = new Comparisons(rule, context, position);
  }

  lift(): LiftedRule {
    this.#from(0, {
      conditions: impliedConditions(this.#rule, this.#context),
      changes: UNCHANGED,
      isLogged: false,
    });
    // A rule that no packet can match (it looks up an empty map) is still a rule.
    if (this.#rules.length === 0) this.#emit({ conditions: [nothing], changes: UNCHANGED, isLogged: false }, CONTINUE);
    return { rules: this.#rules, opaque: this.#opaque };
  }

  /** The statements from a position on, for packets that have come so far. */
  #from(index: number, reached: Reached): void {
    const statement = this.#rule.statements[index];
    if (statement === undefined) {
      // A rule that changes nothing and decides nothing stays, so that a path can show it.
      this.#emit(reached, CONTINUE);
      return;
    }
    try {
      this.#statement(statement, index, reached);
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      this.#notUnderstood(statement, index, reached, error.message);
    }
  }

  #statement(statement: nft.Statement, index: number, reached: Reached): void {
    const problem = this.#comparisons.problemAt(index);
    if (problem !== undefined) throw new NotUnderstood(problem);
    switch (statement.kind) {
      case 'match':
        this.#from(index + 1, this.#narrowed(reached, this.#comparisons.at(statement, index, reached.conditions)));
        break;
      case 'verdict':
        this.#emit(reached, verdictAction(statement.verdict));
        break;
      case 'block': // `finalProgram` has given each a name
        throw new NotUnderstood('it jumps to a chain without a name');
      case 'reject':
        this.#emit(reached, { kind: 'verdict', verdict: 'reject' });
        break;
      case 'vmap':
        this.#dispatch(reached, this.#cases(statement.key, statement.data, undefined, reached));
        break;
      case 'counter-map':
        this.#countedLookup(statement, index, reached);
        break;
      case 'counter':
      case 'counter-object':
        this.#from(index + 1, reached); // neither decides nor stops
        break;
      case 'log':
        this.#from(index + 1, { ...reached, isLogged: true });
        break;
      case 'limit':
      case 'quota':
      case 'ct-count':
      case 'object':
      case 'object-map':
      case 'set-update':
      case 'meter':
        this.#stateful(statement, index, reached);
        break;
      case 'assign':
        this.#useMap(statement, index);
        for (const { when, effects, uncertain } of assignCases(statement, this.#context)) {
          const now = this.#narrowed(reached, when);
          if (uncertain !== undefined) this.#say(now, uncertain);
          this.#changed(index, now, ...effects);
        }
        break;
      case 'notrack':
        this.#untrack(index, reached);
        break;
      case 'nat':
        this.#translate(statement, reached);
        break;
      case 'queue': {
        const text = `queue ${printExpression(statement.number)} lets it pass`;
        const passes = this.#context.program.unknowns.occurrence(text, this.#context);
        this.#emit({ ...reached, conditions: [...reached.conditions, passes] }, verdictAction({ kind: 'accept' }));
        this.#emit(reached, verdictAction({ kind: 'drop' }));
        break;
      }
      case 'other':
        this.#other(statement, index, reached);
        break;
    }
  }

  /** A packet that has been looked up among the connections keeps the one it has (nft_notrack_eval, net/netfilter/nft_ct.c). */
  #untrack(index: number, reached: Reached): void {
    const when = tracking(this.#context.entries);
    if (when === 'either') throw new NotUnderstood('packets come here both before and after connection tracking');
    if (
      this.#context.entries.every(({ hook }) => hook === 'output') &&
      when === 'before' &&
      !this.#context.program.givesTemplates
    ) {
      this.#changed(index, reached, { kind: 'untrack' });
      return;
    }
    const changed = when === 'before' ? untrackable(this.#context.program) : inState('invalid');
    // First those that stay as they are: they meet the second condition as little afterwards as before.
    this.#from(index + 1, this.#narrowed(reached, not(changed)));
    this.#changed(index, this.#narrowed(reached, changed), { kind: 'untrack' });
  }

  /** Each element of a map that is assigned makes rules of its own: two such maps would multiply. */
  #useMap(statement: Extract<nft.Statement, { kind: 'assign' }>, index: number): void {
    if (statement.value.kind !== 'map') return;
    this.#mapAt ??= index;
    if (this.#mapAt !== index) throw new NotUnderstood('it looks up two maps');
  }

  #changed(index: number, reached: Reached, ...effects: readonly Effect[]): void {
    const changes = effects.reduce((before, effect) => before.and(effect), reached.changes);
    this.#from(index + 1, { ...reached, changes });
  }

  /** One more condition. Packets that fail it keep what was changed before it, which takes a rule of its own. */
  #narrowed({ conditions, changes, isLogged }: Reached, condition: Match): Reached {
    const before = changes.before(condition);
    if (changes.effects.length > 0 && before.kind !== 'everything') {
      if (!changes.isIdempotent) throw new NotUnderstood('it asks for what it has just inverted');
      this.#emit({ conditions: [...conditions, not(before)], changes, isLogged }, CONTINUE);
    }
    return { conditions: [...conditions, before], changes, isLogged };
  }

  #emit({ conditions, changes: { effects }, isLogged }: Reached, action: Action): void {
    const match = allOf(conditions);
    const origin = this.#origin;
    if (effects.length === 0 && !isLogged) this.#rules.push({ match, action, origin });
    else
      this.#rules.push({
        match,
        ...(effects.length === 0 ? {} : { effects }),
        ...(isLogged ? { logs: true } : {}),
        action,
        origin,
      });
  }

  /** The cases of a map are asked of the packet as the rule has changed it, like all actions of the IR. */
  #dispatch(reached: Reached, cases: readonly DispatchCase[]): void {
    this.#emit(reached, { kind: 'dispatch', cases });
  }

  /** The parts of a key, for packets that have come so far. */
  #key(key: nft.Expression, { conditions }: Reached): readonly KeyPart[] {
    return partsUnder(conditions, keyParts(key, this.#context));
  }

  #cases(
    key: nft.Expression,
    data: nft.SetExpression,
    action: DispatchCase['action'] | undefined,
    reached: Reached,
  ): DispatchCase[] {
    const parts = this.#key(key, reached);
    return mapElements(data, this.#context).map(({ element, isThere = everything }) => ({
      match: all(elementMatch(parts, element.key, this.#context), isThere),
      action: action ?? elementVerdict(element),
      origin: elementOrigin(element, this.#context),
    }));
  }

  /** `counter name KEY map @m VERDICT`: a packet without an element breaks the rule (net/netfilter/nft_objref.c). */
  #countedLookup(statement: Extract<nft.Statement, { kind: 'counter-map' }>, index: number, reached: Reached): void {
    const data = { kind: 'set-reference', name: statement.map } as const;
    const next = this.#rule.statements[index + 1];
    if (next?.kind === 'verdict' && index + 2 === this.#rule.statements.length) {
      this.#dispatch(reached, this.#cases(statement.key, data, verdictAction(next.verdict), reached));
      return;
    }
    const held = this.#cases(statement.key, data, { kind: 'continue' }, reached).map((each) => each.match);
    this.#from(index + 1, this.#narrowed(reached, anyOf(held)));
  }

  #stateful(
    statement: Extract<
      nft.Statement,
      { kind: 'limit' | 'quota' | 'ct-count' | 'object' | 'object-map' | 'set-update' | 'meter' }
    >,
    index: number,
    reached: Reached,
  ): void {
    const rest = this.#rule.statements.slice(index + 1);
    const { conditions, takes } = statefulCondition(statement, this.#context, {
      counter: counterName(this.#rule),
      decides: rest.some(acts),
    });
    const now = conditions.reduce((sofar, condition) => this.#narrowed(sofar, condition), reached);
    if (takes !== undefined)
      this.#emit({ ...now, conditions: [...now.conditions, takes] }, verdictAction({ kind: 'drop' }));
    this.#from(index + 1, now);
  }

  #translate(statement: nft.NatStatement, reached: Reached): void {
    for (const { when, effects, uncertain } of natCases(statement, this.#context)) {
      const now = this.#narrowed(reached, when);
      const changes = effects.reduce((sum, effect) => sum.and(effect), now.changes);
      if (uncertain !== undefined) this.#say(now, uncertain);
      this.#emit({ ...now, changes }, verdictAction({ kind: 'accept' }));
    }
  }

  /** nft leaves the family of `tproxy ip to ...` out of what it lists of a table that has no other. */
  #asListed(text: string): string {
    const { family } = this.#context;
    return text.startsWith(`tproxy ${family} `) ? text.replace(`tproxy ${family} `, 'tproxy ') : text;
  }

  #other(statement: Extract<nft.Statement, { kind: 'other' }>, index: number, reached: Reached): void {
    const { text, effect } = statement;
    const unknown = (what: string): Match => this.#context.program.unknowns.occurrence(what, this.#context);
    switch (effect) {
      case 'none':
        this.#from(index + 1, reached);
        break;
      case 'tcp': // nft_exthdr_tcp_strip_eval, net/netfilter/nft_exthdr.c
        this.#from(index + 1, this.#narrowed(reached, TCP));
        break;
      case 'filter':
        this.#from(index + 1, this.#narrowed(reached, unknown(this.#asListed(text))));
        break;
      case 'steal': {
        const tcp = this.#narrowed(reached, TCP); // nft_synproxy_do_eval, net/netfilter/nft_synproxy.c
        const answered = [...tcp.conditions, unknown(`${text} answers it itself`)];
        this.#emit({ ...tcp, conditions: answered }, verdictAction({ kind: 'drop' }));
        this.#from(index + 1, tcp);
        break;
      }
      case 'take':
        this.#say(reached, 'it sends the packet on past all other rules');
        this.#emit(reached, verdictAction({ kind: 'drop' }));
        break;
      case 'anything':
        this.#anything(statement, index, reached, 'what it does, nft does not tell');
        break;
    }
  }

  /** A statement of which nothing is known: it may accept, drop, or let the packet go on. */
  #anything(statement: nft.Statement, index: number, reached: Reached, reason: string): void {
    const text = printStatement(statement);
    const unknown = (what: string): Reached => {
      const condition = this.#context.program.unknowns.occurrence(`${text} ${what}`, this.#context);
      return { ...reached, conditions: [...reached.conditions, condition] };
    };
    this.#say(reached, reason);
    this.#emit(unknown('accepts'), verdictAction({ kind: 'accept' }));
    this.#emit(unknown('drops'), verdictAction({ kind: 'drop' }));
    this.#from(index + 1, reached);
  }

  /** What stands behind such a statement still counts: the rule stays, under a condition that nobody knows. */
  #notUnderstood(statement: nft.Statement, index: number, reached: Reached, reason: string): void {
    switch (statement.kind) {
      case 'vmap':
      case 'nat':
      case 'assign':
      case 'notrack':
        this.#anything(statement, index, reached, reason);
        break;
      default: {
        this.#say(reached, reason);
        const condition = this.#context.program.unknowns.occurrence(printStatement(statement), this.#context);
        const conditions = [...reached.conditions, condition];
        // Where changes came first, packets that fail keep them.
        if (reached.changes.effects.length > 0)
          this.#emit({ ...reached, conditions: [...reached.conditions, not(condition)] }, CONTINUE);
        this.#from(index + 1, { ...reached, conditions });
      }
    }
  }

  #say({ conditions }: Reached, reason: string): void {
    this.#opaque.push({
      span: this.#rule.span ?? NOWHERE,
      text: this.#origin.text ?? printRule(this.#rule),
      packets: all(...conditions),
      reason,
    });
  }
}
