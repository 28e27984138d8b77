import type { Span } from '../../source/index.ts';
import type { Module, Option, Rule, Target } from './ast.ts';
import type { Word } from './line.ts';
import { type KnownOption, moduleName, moduleOption, protocolModule, ruleOption, type Spelling } from './syntax.ts';

/** Thrown at what iptables itself would refuse to read; caught where lines are read. */
export class SyntaxFailure extends Error {
  readonly span: Span;

  constructor(message: string, span: Span) {
    super(message);
    this.span = span;
  }
}

/** A rule as it is written, and the family that `-4` or `-6` keeps it for. */
export interface ParsedRule {
  readonly rule: Rule;
  readonly family?: 4 | 6;
}

/** @param words behind the chain's name; @param span of the whole rule */
export function parseRule(words: readonly Word[], span: Span): ParsedRule {
  return new RuleParser(words, span).parse();
}

interface OpenModule {
  readonly kind: 'match' | 'target';
  readonly name: string;
  readonly options: Option[];
  readonly jump: 'jump' | 'goto';
  span: Span;
}

class RuleParser {
  readonly #words: readonly Word[];
  readonly #span: Span;
  readonly #options: Option[] = [];
  readonly #modules: OpenModule[] = []; // in the order in which they were named
  #at = 0;
  #family: 4 | 6 | undefined;

  constructor(words: readonly Word[], span: Span) {
    this.#words = words;
    this.#span = span;
  }

  parse(): ParsedRule {
    while (this.#at < this.#words.length) this.#option();
    const target = this.#modules.find(({ kind }) => kind === 'target');
    const rule: Rule = {
      options: this.#options,
      matches: this.#modules.filter(({ kind }) => kind === 'match').map(closed),
      ...(target === undefined ? {} : { target: { ...closed(target), kind: target.jump } satisfies Target }),
      span: this.#span,
    };
    return { rule, ...(this.#family === undefined ? {} : { family: this.#family }) };
  }

  #option(): void {
    const first = this.#words[this.#at]!;
    const isNegated = this.#takeNot();
    const word = this.#words[this.#at++];
    if (word === undefined) throw new SyntaxFailure('nothing follows `!`', first.span);
    if (word.quoted || !/^-./.test(word.text)) throw new SyntaxFailure(`\`${word.text}\` is no option`, word.span);
    const [name, own] = optionAndValue(word.text);
    const found = this.#find(name, 'whole') ?? this.#find(name, 'short') ?? this.#ofProtocol(name);
    const { known, module } = found ?? this.#unknown(name);
    const negatedBehind = (known === undefined || known.arity > 0) && own === undefined && this.#takeNot();
    const values = this.#values(known, word, own);
    const span = { ...first.span, end: this.#words[this.#at - 1]!.span.end };
    if (known !== undefined && module === undefined && this.#ofRule(known.name, values, isNegated, span)) return;
    const option: Option = { name: known?.name ?? name, negated: isNegated !== negatedBehind, values, span };
    (module?.options ?? this.#options).push(option);
    if (module !== undefined) module.span = { ...module.span, end: span.end };
  }

  #takeNot(): boolean {
    const word = this.#words[this.#at];
    if (word === undefined || word.quoted || word.text !== '!') return false;
    this.#at++;
    return true;
  }

  /** @param own the value that stands in the same word */
  #values(known: KnownOption | undefined, word: Word, own: string | undefined): string[] {
    const values = own === undefined ? [] : [own];
    if (known === undefined) {
      for (let next = this.#words[this.#at]; next !== undefined; next = this.#words[this.#at]) {
        if (own !== undefined || (!next.quoted && /^(?:-.|!$)/.test(next.text))) break;
        values.push(next.text);
        this.#at++;
      }
      return values;
    }
    if (values.length > known.arity) throw new SyntaxFailure(`\`${word.text}\` holds more than one option`, word.span);
    while (values.length < known.arity) {
      const value = this.#words[this.#at++];
      if (value === undefined)
        throw new SyntaxFailure(`\`${word.text}\` wants ${known.arity === 1 ? 'a value' : 'two values'}`, word.span);
      values.push(value.text);
    }
    return values;
  }

  /** `-m`, `-j` and what asks nothing of packets; `false` for options that the rule keeps as they are. */
  #ofRule(name: string, [value = '']: readonly string[], isNegated: boolean, span: Span): boolean {
    switch (name) {
      case '--match':
      case '--jump':
      case '--goto': {
        if (isNegated) throw new SyntaxFailure(`\`${name}\` cannot be negated`, span);
        const kind = name === '--match' ? 'match' : 'target';
        if (kind === 'target' && this.#modules.some((module) => module.kind === 'target'))
          throw new SyntaxFailure('a rule has one target', span);
        this.#modules.push({
          kind,
          name: kind === 'match' ? moduleName(value) : value,
          options: [],
          jump: name === '--goto' ? 'goto' : 'jump',
          span,
        });
        return true;
      }
      case '--ipv4':
      case '--ipv6':
        this.#family = name === '--ipv4' ? 4 : 6;
        return true;
      case '--set-counters':
        return true;
      default:
        return false;
    }
  }

  /** The option of a module that the rule has named, the last one first, or one of every rule. */
  #find(name: string, spelling: Spelling): Found | undefined {
    // Modules have long names only.
    for (let at = this.#modules.length - 1; at >= 0 && name.startsWith('--'); at--) {
      const module = this.#modules[at]!;
      const known = moduleOption(module.kind, module.name, name, spelling);
      if (known !== undefined) return { known, module };
    }
    const known = ruleOption(name, spelling);
    return known === undefined ? undefined : { known, module: undefined };
  }

  /** `-p tcp --dport 22`: the protocol's own match comes along. */
  #ofProtocol(name: string): Found | undefined {
    const protocol = this.#options.find((option) => option.name === '--protocol');
    if (protocol === undefined || protocol.negated) return undefined;
    const implied = protocolModule(protocol.values[0] ?? '');
    if (implied === undefined || this.#modules.some((module) => module.kind === 'match' && module.name === implied))
      return undefined;
    const known = moduleOption('match', implied, name, 'whole') ?? moduleOption('match', implied, name, 'short');
    if (known === undefined) return undefined;
    const module: OpenModule = {
      kind: 'match',
      name: implied,
      options: [],
      jump: 'jump',
      span: this.#words[this.#at - 1]!.span,
    };
    this.#modules.push(module);
    return { known, module };
  }

  /** An option that nobody here knows is kept with what was named last: `lift` says that it is not understood. */
  #unknown(name: string): { readonly known: undefined; readonly module: OpenModule | undefined } {
    if (name === '--table' || name === '-t')
      throw new SyntaxFailure('the table is named by the line with `*` above', this.#words[this.#at - 1]!.span);
    return { known: undefined, module: this.#modules.at(-1) };
  }
}

interface Found {
  readonly known: KnownOption;
  readonly module: OpenModule | undefined; // absent: an option of every rule
}

function closed({ name, options, span }: OpenModule): Module {
  return { name, options, span };
}

/** `--dport=22` and `-ptcp` hold their value. */
function optionAndValue(text: string): readonly [string, string | undefined] {
  if (text.startsWith('--')) {
    const at = text.indexOf('=');
    return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  }
  return text.length > 2 ? [text.slice(0, 2), text.slice(2)] : [text, undefined];
}
