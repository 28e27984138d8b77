import { nftablesTarget } from '../../../src/target/nftables/index.ts';
import { finalProgram } from '../../../src/target/nftables/program.ts';
import { includeBeside, RULESETS, rulesetFile } from '../../corpus/read.ts';
import type { Mutator } from '../mutation.ts';

/** A table of the corpus in parts: what it declares, and rules that may stand together in one chain of its. */
interface Stock {
  readonly family: string;
  readonly declarations: string; // sets, maps, objects, and the chains that rules jump to
  readonly chains: readonly { readonly head: string; readonly rules: readonly (readonly string[])[] }[]; // rules in statements
}

/** Small rulesets that nft often takes: rules of the corpus, each perhaps with a statement more or less, or another value. */
export class Splicer {
  readonly #mutator: Mutator;
  readonly #chains: readonly { readonly stock: Stock; readonly chain: Stock['chains'][number] }[]; // each as often as it has rules
  readonly #words: readonly string[];

  constructor(mutator: Mutator) {
    this.#mutator = mutator;
    this.#chains = RULESETS.flatMap(stocksOf).flatMap((stock) =>
      stock.chains.flatMap((chain) => chain.rules.map(() => ({ stock, chain }))),
    );
    const rules = this.#chains.flatMap(({ chain }) => chain.rules.flat());
    this.#words = [...new Set(rules.flatMap((text) => text.match(WORD) ?? []))];
  }

  ruleset(): string {
    const mutator = this.#mutator;
    const { stock, chain } = mutator.pick(this.#chains);
    const rules = Array.from({ length: 1 + mutator.below(5) }, () => this.#rule(chain.rules));
    return `table ${stock.family} t {\n${stock.declarations}\nchain spliced {\n${chain.head}\n${rules.join('\n')}\n}\n}\n`;
  }

  #rule(rules: readonly (readonly string[])[]): string {
    const mutator = this.#mutator;
    let statements = [...mutator.pick(rules)];
    switch (mutator.below(8)) {
      case 0: {
        // the beginning of one, the end of another
        const other = mutator.pick(rules);
        statements = [
          ...statements.slice(0, Math.max(1, statements.length - 1)),
          ...other.slice(mutator.below(other.length)),
        ];
        break;
      }
      case 1:
        if (statements.length > 1) statements.splice(mutator.below(statements.length), 1);
        break;
      case 2:
        statements.splice(mutator.below(statements.length), 0, mutator.pick(rules)[0]!);
        break;
      case 3:
      case 4:
      case 5: {
        const at = mutator.below(statements.length);
        statements[at] = this.#changed(statements[at]!);
        break;
      }
      default:
        break; // as it is
    }
    return statements.join(' ');
  }

  /** Another value or word in one place. */
  #changed(statement: string): string {
    const mutator = this.#mutator;
    const found = [...statement.matchAll(WORD)];
    if (found.length === 0) return statement;
    if (found.length === 1) return mutator.pick(VERDICTS);
    const { index, 0: old } = mutator.pick(found);
    const isNumber = /^[0-9]+$/.test(old);
    const next = isNumber && mutator.random() < 0.7 ? mutator.pick(NUMBERS) : this.#similar(old);
    return statement.slice(0, index) + next + statement.slice(index + old.length);
  }

  /** A word of the corpus that looks alike: nine of ten others would only be refused. */
  #similar(old: string): string {
    const shape = shapeOf(old);
    const alike = this.#words.filter((word) => shapeOf(word) === shape);
    return this.#mutator.random() < 0.9 && alike.length > 0 ? this.#mutator.pick(alike) : this.#mutator.pick(SIGNS);
  }
}

const WORD = /"[^"\n]*"|[\w.:/*\\-]+(?<![-:])|[!=<>]=?|[&|^,]/g;

const NUMBERS = ['0', '1', '2', '7', '010', '0x10', '22', '127', '128', '255', '256', '1023', '65535', '65536', '4294967295', '4294967296', '1-5', '0-65535', '{ 1, 2 }', '1-3,7', '0x0a000001'] as const; // biome-ignore format: a list

const VERDICTS = ['accept', 'drop', 'return', 'continue', 'reject', 'counter', 'log', 'notrack'] as const;

const SIGNS = ['!=', '==', '<', '>=', '!', '&', '|', 'and', 'or', 'set', 'vmap { 1 : accept, 2 : drop }', '{ 1, 2-5 }', '@s2', '.', '-', '*', '/'] as const; // biome-ignore format: a list

function shapeOf(word: string): string {
  if (word.startsWith('"')) return 'string';
  if (/^[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:\/[0-9]+)?$/.test(word)) return 'colons';
  if (/^[0-9]+\.[0-9.]+(?:[/-][0-9.]+)?$/.test(word)) return 'dots';
  if (/^0?x?[0-9a-f]+(?:-[0-9]+)?$/.test(word)) return 'number';
  return /^\w/.test(word) ? 'word' : 'sign';
}

function stocksOf(name: string): Stock[] {
  const { ast } = nftablesTarget.parse([rulesetFile(name)], includeBeside);
  if (ast === undefined) throw new Error(`the corpus has a ruleset that is not read: ${name}`);
  return finalProgram(ast).tables.map((table): Stock => {
    const { sets, objects = [], counters, chains } = table;
    const called = chains.filter((chain) => chain.base === undefined && !chain.name.includes('{'));
    const declarations = [
      ...counters.map((counter) => `counter ${counter.name} { }`),
      ...objects.map((object) => `${object.type} ${textOf(object)}`),
      ...sets.map((set) => `${set.data === undefined ? 'set' : 'map'} ${textOf(set)}`),
      ...called.map((chain) => `chain ${chain.name} { }`),
    ];
    return {
      family: table.family,
      declarations: declarations.join('\n'),
      chains: chains.flatMap(({ base, rules }) => {
        const usable = rules
          .map((rule) => rule.statements.map(textOf))
          .filter(
            (statements) => statements.length > 0 && !statements.some((text) => text === '' || text.includes('$')),
          );
        if (base === undefined || usable.length === 0) return [];
        const devices = base.devices === undefined ? '' : `devices = { ${base.devices.join(', ')} } `;
        const head = `type ${base.type} hook ${base.hook} ${devices}priority ${base.priority}; policy ${base.policy};`;
        return [{ head, rules: usable }];
      }),
    };
  });
}

function textOf({
  span,
}: {
  readonly span?: { readonly file: { readonly text: string }; readonly start: number; readonly end: number };
}): string {
  return span === undefined ? '' : span.file.text.slice(span.start, span.end);
}
