import { type Action, all, type Effect, type Match, nothing, type Origin, type Rule } from '../../ir/index.ts';
import { SourceFile, type Span } from '../../source/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Opaque } from '../target.ts';
import type * as ast from './ast.ts';
import { moduleText, optionTexts } from './canonical.ts';
import type { ChainContext, RuleContext } from './context.ts';
import { ruleCondition, ruleCount } from './lift-address.ts';
import { moduleMatch } from './lift-match.ts';
import { decides, type Outcome, outcomesOf } from './lift-target.ts';
import { flowOfComments, isPolicyChain } from './names.ts';

export interface LiftedRule {
  readonly rules: readonly Rule[]; // one, where nothing has to be said apart
  readonly opaque: readonly Opaque[];
}

/** @param chains of the table, which a rule can lead to */
export function liftRule(rule: ast.Rule, context: ChainContext, chains: ReadonlySet<string>): LiftedRule {
  return new RuleLifter(rule, { ...context, comments: commentsOf(rule), decides: decides(rule.target) }, chains).lift();
}

/** Targets that tell somebody of a packet. */
const LOGGING: ReadonlySet<string> = new Set(['LOG', 'NFLOG', 'ULOG']);

/** Rules that one line may become: people list a few addresses. */
const MOST_RULES = 4096;

/** A condition of a rule, and why it is not understood. */
interface Part {
  readonly match: Match;
  readonly reason?: string;
}

class RuleLifter {
  readonly #rule: ast.Rule;
  readonly #context: RuleContext;
  readonly #chains: ReadonlySet<string>;
  readonly #rules: Rule[] = [];
  readonly #opaque: Opaque[] = [];
  readonly #origin: Origin;

  constructor(rule: ast.Rule, context: RuleContext, chains: ReadonlySet<string>) {
    this.#rule = rule;
    this.#context = context;
    this.#chains = chains;
    this.#origin = ruleOrigin(rule, context);
  }

  lift(): LiftedRule {
    const matches = this.#rule.matches.map((module) =>
      this.#part(moduleText(module), () => moduleMatch(module, this.#context)),
    );
    const counts = this.#rule.options.map(ruleCount);
    if (counts.reduce((product, count) => product * count, 1) > MOST_RULES) {
      const match = this.#context.host.unknowns.occurrence('its addresses', this.#context);
      this.#act([{ match, reason: 'it lists too many addresses' }, ...matches]);
      return { rules: this.#rules, opaque: this.#opaque };
    }
    // Each source with each destination, as iptables itself parts them.
    for (const indexes of combinations(counts)) {
      const own = this.#rule.options.map((option, at) =>
        this.#part(optionTexts([option]).join(''), () => ruleCondition(option, this.#context, indexes[at]!)),
      );
      this.#act([...own, ...matches]);
    }
    return { rules: this.#rules, opaque: this.#opaque };
  }

  /** What is not understood may match or not: the rest of the rule still counts. */
  #part(text: string, match: () => Match): Part {
    try {
      return { match: match() };
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      return { match: this.#context.host.unknowns.occurrence(text, this.#context), reason: error.message };
    }
  }

  #act(parts: readonly Part[]): void {
    const understood = all(...parts.flatMap(({ match, reason }) => (reason === undefined ? [match] : [])));
    for (const { reason } of parts) if (reason !== undefined) this.#say(understood, reason);
    this.#decide(all(...parts.map(({ match }) => match)));
  }

  #decide(match: Match): void {
    const { target } = this.#rule;
    if (target === undefined) {
      this.#emit(match, { kind: 'continue' });
      return;
    }
    if (this.#chains.has(target.name)) {
      const [option] = target.options;
      if (option !== undefined) this.#say(match, `a chain has no option \`${option.name}\``);
      this.#emit(match, { kind: target.kind, chain: target.name });
      return;
    }
    let outcomes: readonly Outcome[];
    try {
      if (target.kind === 'goto') throw new NotUnderstood(`there is no chain \`${target.name}\` in the table`);
      outcomes = outcomesOf(target, this.#context);
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      this.#anything(match, moduleText(target), error.message);
      return;
    }
    for (const { when, effects, action, uncertain } of outcomes) {
      const condition = all(match, when);
      if (uncertain !== undefined) this.#say(condition, uncertain);
      this.#emit(condition, action, effects);
    }
    if (outcomes.length === 0) this.#emit(nothing, { kind: 'continue' });
  }

  /** A target of which nothing is known: it may accept, drop, or let the packet go on. */
  #anything(match: Match, text: string, reason: string): void {
    const { unknowns } = this.#context.host;
    this.#say(match, reason);
    this.#emit(all(match, unknowns.occurrence(`${text} accepts`, this.#context)), {
      kind: 'verdict',
      verdict: 'accept',
    });
    this.#emit(all(match, unknowns.occurrence(`${text} drops`, this.#context)), { kind: 'verdict', verdict: 'drop' });
    this.#emit(match, { kind: 'continue' });
  }

  #emit(match: Match, action: Action, effects: readonly Effect[] = []): void {
    const logs = LOGGING.has(this.#rule.target?.name ?? '') ? { logs: true as const } : {};
    this.#rules.push({ match, ...(effects.length === 0 ? {} : { effects }), ...logs, action, origin: this.#origin });
  }

  #say(packets: Match, reason: string): void {
    this.#opaque.push({ span: this.#rule.span ?? NOWHERE, text: this.#origin.text ?? '', packets, reason });
  }
}

const NOWHERE: Span = { file: new SourceFile('<iptables>', ''), start: 0, end: 0 };

function commentsOf({ matches }: ast.Rule): string[] {
  return matches.flatMap(({ name, options }) => (name === 'comment' ? (options[0]?.values ?? []) : []));
}

/** The rule's place and its own words, and in our own chains what of the policy asked for it. */
function ruleOrigin({ span }: ast.Rule, { chain, comments }: RuleContext): Origin {
  const known = isPolicyChain(chain) ? flowOfComments(comments) : undefined;
  const flow = known === undefined ? {} : { flow: known };
  if (span === undefined) return flow;
  return { span, ...flow, text: span.file.text.slice(span.start, span.end).replaceAll(/\s+/g, ' ') };
}

/** Every choice of one of so many for each. */
function combinations(counts: readonly number[]): readonly (readonly number[])[] {
  return counts.reduce<number[][]>(
    (found, count) => found.flatMap((before) => Array.from({ length: count }, (_, index) => [...before, index])),
    [[]],
  );
}
