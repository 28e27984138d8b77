import {
  type Action,
  all,
  any,
  type DispatchCase,
  field,
  type Match,
  not,
  type Origin,
  type Rule,
} from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import type * as nft from './ast.ts';
import { isSelector } from './datatype.ts';
import { checkTransport, elementMatch, keySelectors, presence, selectorMatch } from './lift-match.ts';
import { plainRate, setSymbol, sourceRate } from './lift-symbol.ts';
import { NotUnderstood } from './lift-value.ts';
import { originOfCounter } from './names.ts';
import { printRule } from './print.ts';

/** What a rule needs to know of its table. */
export interface RuleContext {
  readonly family: nft.TableFamily;
  readonly sets: ReadonlyMap<string, nft.SetDeclaration>;
}

export type LiftedRule =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'opaque'; readonly text: string; readonly packets: Match; readonly reason: string };

export function liftRule(rule: nft.Rule, context: RuleContext): LiftedRule {
  const lifter = new RuleLifter(rule, context);
  try {
    return { kind: 'rule', rule: lifter.rule() };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    // What was understood before the stumbling block still bounds the packets that the rule can touch.
    return { kind: 'opaque', text: lifter.text, packets: lifter.conditions(), reason: error.message };
  }
}

/** Statements act from left to right: each condition narrows what reaches those behind it. */
class RuleLifter {
  readonly text: string;
  readonly #rule: nft.Rule;
  readonly #context: RuleContext;
  readonly #conditions: Match[] = [];
  readonly #selectors: nft.Selector[] = [];

  constructor(rule: nft.Rule, context: RuleContext) {
    this.#rule = rule;
    this.#context = context;
    this.text = sourceText(rule) ?? printRule(rule);
  }

  conditions(): Match {
    return all(...this.#conditions);
  }

  rule(): Rule {
    let lookup: Extract<nft.Statement, { kind: 'counter-map' }> | undefined;
    let action: Action = { kind: 'continue' };
    for (const statement of this.#rule.statements) {
      switch (statement.kind) {
        case 'match':
          this.#conditions.push(this.#match(statement.left, statement.operator, statement.right));
          break;
        case 'counter-map':
          if (lookup !== undefined) throw new NotUnderstood('it looks up two maps');
          lookup = statement;
          break;
        case 'limit':
          if (this.#decides()) this.#conditions.push(plainRate(statement, this.#counterName()));
          break;
        case 'set-update':
          if (this.#decides()) this.#conditions.push(sourceRate(statement, this.#set(statement.set)));
          break;
        case 'verdict':
          action = verdictAction(statement.verdict);
          break;
        case 'reject':
          this.#conditions.push(...this.#refusable(statement.with));
          action = { kind: 'verdict', verdict: 'reject' };
          break;
        case 'vmap':
          action = { kind: 'dispatch', cases: this.#cases(statement.key, this.#elements(statement.data), undefined) };
          break;
        case 'counter':
        case 'counter-object':
        case 'log':
          break; // neither decides nor stops
      }
    }
    if (lookup !== undefined) action = this.#counted(lookup, action);
    checkTransport(this.#selectors, this.#conditions);
    return { match: this.conditions(), action, origin: this.#origin() };
  }

  /** Whether anything in the rule decides: a limit before a mere log changes no verdict. */
  #decides(): boolean {
    return this.#rule.statements.some(
      (statement) => statement.kind === 'verdict' || statement.kind === 'vmap' || statement.kind === 'reject',
    );
  }

  /**
   * A kind of refusal asks for the packets that it is for: nft adds the condition itself (`stmt_evaluate_reject`, src/evaluate.c),
   * and leaves it out again when it lists the rule.
   */
  #refusable(kind: nft.RejectWith | undefined): Match[] {
    switch (kind?.kind) {
      case 'tcp-reset':
        return this.#asksForTcp() ? [] : [field('protocol', PROTOCOLS.tcp)];
      case 'icmp':
        return this.#context.family === 'ip' ? [] : [field('family', 4)];
      case 'icmpv6':
        return this.#context.family === 'ip6' ? [] : [field('family', 6)];
      case 'icmpx':
      case undefined:
        return [];
    }
  }

  #asksForTcp(): boolean {
    return this.#conditions.some(
      (condition) =>
        condition.kind === 'field' &&
        condition.field === 'protocol' &&
        condition.ranges.every((range) => range.first === PROTOCOLS.tcp && range.last === PROTOCOLS.tcp),
    );
  }

  #origin(): Origin {
    const counter = this.#counterName();
    const flow = (counter === undefined ? undefined : originOfCounter(counter)) ?? baselineComment(this.#rule.comment);
    return {
      ...(this.#rule.span === undefined ? {} : { span: this.#rule.span }),
      ...(flow === undefined ? {} : { flow }),
      text: this.text,
    };
  }

  #counterName(): string | undefined {
    for (const statement of this.#rule.statements) if (statement.kind === 'counter-object') return statement.name;
    return undefined;
  }

  #match(left: nft.Expression, operator: nft.Operator, right: nft.Expression): Match {
    if (left.kind === 'binary') {
      if (!isSelector(left.left)) throw new NotUnderstood('it computes with more than one field');
      this.#selectors.push(left.left);
      return selectorMatch(left.left, operator, this.#constants(right), left.right);
    }
    const selectors = keySelectors(left);
    this.#selectors.push(...selectors);
    const [selector] = selectors;
    if (right.kind === 'set-reference') {
      const known = selector === undefined ? undefined : setSymbol(selector, this.#set(right.name), operator);
      if (known !== undefined) return known;
    }
    if (selectors.length === 1 && selector !== undefined) {
      return selectorMatch(selector, operator, this.#constants(right));
    }
    if (right.kind !== 'set' && right.kind !== 'set-reference') {
      const tuple = all(...elementMatch(selectors, right));
      return negatedTuple(tuple, selectors, operator);
    }
    const tuples = any(...this.#elements(right).map((element) => all(...elementMatch(selectors, element.key))));
    return negatedTuple(tuples, selectors, operator);
  }

  #constants(right: nft.Expression): readonly nft.Expression[] {
    switch (right.kind) {
      case 'set':
      case 'set-reference':
        return this.#elements(right).map((element) => element.key);
      default:
        return [right];
    }
  }

  /** Elements that hold for as long as the ruleset does. */
  #elements(data: nft.SetExpression): readonly nft.Element[] {
    if (data.kind === 'set') return data.elements;
    const set = this.#set(data.name);
    if (set.flags.includes('dynamic') || set.flags.includes('timeout')) {
      throw new NotUnderstood(`the elements of \`${set.name}\` come and go`);
    }
    const wide = set.elements.find((element) => !isExact(element.key));
    if (wide !== undefined && !set.flags.includes('interval')) {
      throw new NotUnderstood(`\`${set.name}\` holds ranges without the flag for them`);
    }
    return set.elements;
  }

  #set(name: string): nft.SetDeclaration {
    const set = this.#context.sets.get(name);
    if (set === undefined) throw new NotUnderstood(`there is no set \`${name}\``);
    return set;
  }

  /** `counter name KEY map @m VERDICT`: a packet without an element breaks the rule (net/netfilter/nft_objref.c). */
  #counted(lookup: Extract<nft.Statement, { kind: 'counter-map' }>, action: Action): Action {
    if (action.kind === 'dispatch') throw new NotUnderstood('it looks up two maps');
    const elements = this.#elements({ kind: 'set-reference', name: lookup.map });
    return { kind: 'dispatch', cases: this.#cases(lookup.key, elements, action) };
  }

  #cases(
    key: nft.Expression,
    elements: readonly nft.Element[],
    action: DispatchCase['action'] | undefined,
  ): DispatchCase[] {
    const selectors = keySelectors(key);
    return elements.map((element) => {
      const parts = elementMatch(selectors, element.key);
      checkTransport(selectors, [...parts, ...this.#conditions]);
      return {
        match: all(...parts),
        action: action ?? elementVerdict(element),
        origin: elementOrigin(element),
      };
    });
  }
}

function isExact(key: nft.Expression): boolean {
  if (key.kind === 'concat') return key.parts.every(isExact);
  return key.kind !== 'range' && key.kind !== 'prefix';
}

function negatedTuple(tuples: Match, selectors: readonly nft.Selector[], operator: nft.Operator): Match {
  if (operator === '==') return tuples;
  if (operator === '!=') return all(...selectors.map(presence), not(tuples));
  throw new NotUnderstood('it compares tuples by their order');
}

function verdictAction(verdict: nft.VerdictExpression): Exclude<Action, { kind: 'dispatch' }> {
  switch (verdict.kind) {
    case 'accept':
    case 'drop':
      return { kind: 'verdict', verdict: verdict.kind };
    case 'jump':
    case 'goto':
      return { kind: verdict.kind, chain: verdict.chain };
    case 'return':
    case 'continue':
      return { kind: verdict.kind };
  }
}

function elementVerdict(element: nft.Element): DispatchCase['action'] {
  if (element.data?.kind !== 'verdict') throw new NotUnderstood('an element of a verdict map has no verdict');
  return verdictAction(element.data.verdict);
}

function elementOrigin(element: nft.Element): Origin {
  const flow = element.data?.kind === 'object' ? originOfCounter(element.data.name) : undefined;
  const text = sourceText(element);
  return {
    ...(element.span === undefined ? {} : { span: element.span }),
    ...(flow === undefined ? {} : { flow }),
    ...(text === undefined ? {} : { text }),
  };
}

function baselineComment(comment: string | undefined): string | undefined {
  return comment?.startsWith('baseline:') === true ? comment : undefined;
}

/** The node's own text where it was read from nft's text, in one line. */
function sourceText(node: nft.Node): string | undefined {
  if (node.span === undefined) return undefined;
  const text = node.span.file.text.slice(node.span.start, node.span.end).trim();
  return text.startsWith('{') || text.startsWith('[') ? undefined : text.replaceAll(/\s+/g, ' ');
}
