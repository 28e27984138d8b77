import { EVERYTHING, type Selector } from '../../selector.ts';
import { NAMESPACE_LABEL } from './labels.ts';

/** What is wrong with an expression, and where in it. */
export interface SelectorProblem {
  readonly problem: string; // for people: `expected a value in quotes`
  readonly at: number; // index of the character
}

type Token =
  | { readonly kind: 'label' | 'text' | 'has'; readonly value: string; readonly at: number }
  | { readonly kind: 'symbol'; readonly value: Symbol; readonly at: number }
  | { readonly kind: 'operator'; readonly value: Operator; readonly at: number }
  | { readonly kind: 'all' | 'global' | 'end'; readonly at: number };

type Symbol = '(' | ')' | '{' | '}' | ',' | '==' | '!=' | '!' | '&&' | '||';
type Operator = 'contains' | 'starts with' | 'ends with' | 'in' | 'not in';

const SYMBOLS: readonly Symbol[] = ['==', '!=', '&&', '||', '(', ')', '{', '}', ',', '!'];
const MAX_DEPTH = 100; // of parentheses; 1,024 characters of the API leave room for more, which nobody writes

/**
 * Calico's selector expressions: `role == "frontend" && !has(legacy)`. The grammar is that of docs.tigera.io (resource
 * `NetworkPolicy`, selectors): `||` binds weaker than `&&`, `!` strongest; texts stand in either kind of quotes and know no
 * escapes; operators in words stand only behind a label, so that a label may be called `in`. An empty expression is `all()`.
 */
export function parseCalicoSelector(text: string): Selector | SelectorProblem {
  const tokens = tokenize(text);
  if (!Array.isArray(tokens)) return tokens as SelectorProblem;
  return new Parser(tokens).whole();
}

function tokenize(text: string): Token[] | SelectorProblem {
  const tokens: Token[] = [];
  let at = 0;
  while (true) {
    while (text[at] === ' ' || text[at] === '\t') at++;
    if (at >= text.length) return [...tokens, { kind: 'end', at }];
    const found = tokenAt(text, at, tokens.at(-1)?.kind === 'label');
    if ('problem' in found) return found;
    tokens.push(found.token);
    at = found.end;
  }
}

function tokenAt(
  text: string,
  at: number,
  afterLabel: boolean,
): { readonly token: Token; readonly end: number } | SelectorProblem {
  const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, at));
  if (symbol !== undefined) return { token: { kind: 'symbol', value: symbol, at }, end: at + symbol.length };
  const first = text[at]!;
  if (first === '"' || first === "'") {
    const end = text.indexOf(first, at + 1);
    if (end === -1) return { problem: 'the quotes are not closed', at };
    return { token: { kind: 'text', value: text.slice(at + 1, end), at }, end: end + 1 };
  }
  if (first === '=' || first === '&' || first === '|') return { problem: `expected \`${first}${first}\``, at };
  return afterLabel ? operatorAt(text, at) : wordAt(text, at);
}

const OPERATOR = /contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in/y;
const CALL = /(has|all|global)\([ \t]*([a-zA-Z0-9_./-]*)[ \t]*(\))?/y;
const LABEL = /[a-zA-Z0-9_./-]+/y;

function operatorAt(text: string, at: number): { token: Token; end: number } | SelectorProblem {
  OPERATOR.lastIndex = at;
  const found = OPERATOR.exec(text)?.[0];
  if (found === undefined) return { problem: 'expected an operator after the label', at };
  const value: Operator =
    found === 'contains' || found === 'in'
      ? found
      : found.startsWith('starts')
        ? 'starts with'
        : found.startsWith('ends')
          ? 'ends with'
          : 'not in';
  return { token: { kind: 'operator', value, at }, end: at + found.length };
}

function wordAt(text: string, at: number): { token: Token; end: number } | SelectorProblem {
  CALL.lastIndex = at;
  const call = CALL.exec(text);
  if (call !== null) {
    const [whole, name, label, closed] = call;
    if (closed === undefined) return { problem: `expected \`)\` after \`${whole}\``, at: at + whole.length };
    const end = at + whole.length;
    if (name === 'has') {
      return label === ''
        ? { problem: '`has(` needs a label', at }
        : { token: { kind: 'has', value: label!, at }, end };
    }
    if (label !== '') return { problem: `\`${name}()\` takes nothing`, at };
    return { token: { kind: name === 'all' ? 'all' : 'global', at }, end };
  }
  LABEL.lastIndex = at;
  const label = LABEL.exec(text)?.[0];
  if (label === undefined)
    return { problem: `\`${String.fromCodePoint(text.codePointAt(at)!)}\` means nothing here`, at };
  if (label.length > 512) return { problem: 'a label has at most 512 characters', at };
  return { token: { kind: 'label', value: label, at }, end: at + label.length };
}

class Refused extends Error {
  readonly found: SelectorProblem;
  constructor(problem: string, at: number) {
    super(problem);
    this.found = { problem, at };
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Selector | SelectorProblem {
    if (this.#peek().kind === 'end') return EVERYTHING;
    try {
      const selector = this.#any();
      const rest = this.#peek();
      return rest.kind === 'end' ? selector : { problem: 'expected `&&`, `||` or the end', at: rest.at };
    } catch (error) {
      if (error instanceof Refused) return error.found;
      throw error;
    }
  }

  #any(): Selector {
    const parts = [this.#all()];
    while (this.#takes('||')) parts.push(this.#all());
    return parts.length === 1 ? parts[0]! : { kind: 'any', of: parts };
  }

  #all(): Selector {
    const parts = [this.#operation()];
    while (this.#takes('&&')) parts.push(this.#operation());
    return parts.length === 1 ? parts[0]! : { kind: 'all', of: parts };
  }

  #operation(): Selector {
    let negated = false;
    while (this.#takes('!')) negated = !negated;
    const selector = this.#plain();
    return negated ? { kind: 'not', of: selector } : selector;
  }

  #plain(): Selector {
    const token = this.#take();
    switch (token.kind) {
      case 'has':
        return { kind: 'has', key: token.value };
      case 'all':
        return EVERYTHING;
      case 'global':
        return { kind: 'not', of: { kind: 'has', key: NAMESPACE_LABEL } };
      case 'label':
        return this.#comparison(token.value);
      case 'symbol':
        if (token.value === '(') return this.#inParentheses(token.at);
        throw new Refused(`\`${token.value}\` means nothing here`, token.at);
      case 'text':
        throw new Refused('expected a label: names of labels stand without quotes', token.at);
      case 'operator':
      case 'end':
        throw new Refused('expected a label, `has(...)`, `all()` or `(`', token.at);
    }
  }

  #inParentheses(at: number): Selector {
    if (++this.#depth > MAX_DEPTH) throw new Refused('too many parentheses within each other', at);
    const selector = this.#any();
    this.#expect(')');
    this.#depth--;
    return selector;
  }

  #comparison(key: string): Selector {
    const operator = this.#take();
    const how = operator.kind === 'symbol' || operator.kind === 'operator' ? operator.value : undefined;
    switch (how) {
      case '==':
        return { kind: 'in', key, values: [this.#text()] };
      case '!=':
        return { kind: 'not', of: { kind: 'in', key, values: [this.#text()] } };
      case 'in':
        return { kind: 'in', key, values: this.#set() };
      case 'not in':
        return { kind: 'not', of: { kind: 'in', key, values: this.#set() } };
      case 'contains':
        return { kind: 'like', key, how: 'contains', text: this.#text() };
      case 'starts with':
        return { kind: 'like', key, how: 'starts', text: this.#text() };
      case 'ends with':
        return { kind: 'like', key, how: 'ends', text: this.#text() };
      default:
        throw new Refused('expected an operator after the label, such as `==` or `in`', operator.at);
    }
  }

  #set(): string[] {
    this.#expect('{');
    const values: string[] = [];
    while (this.#peek().kind === 'text') {
      values.push(this.#text());
      if (!this.#takes(',')) break;
    }
    this.#expect('}');
    return values;
  }

  #text(): string {
    const token = this.#take();
    if (token.kind !== 'text') throw new Refused('expected a value in quotes', token.at);
    return token.value;
  }

  #expect(symbol: Symbol): void {
    const token = this.#peek();
    if (!this.#takes(symbol)) throw new Refused(`expected \`${symbol}\``, token.at);
  }

  #takes(symbol: Symbol): boolean {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.value !== symbol) return false;
    this.#next++;
    return true;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }
}
