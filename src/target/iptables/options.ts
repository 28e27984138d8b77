import { type Match, not } from '../../ir/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Module, Option } from './ast.ts';

/** The options of a match or target, each to be asked for once: what nobody has asked for is not understood. */
export class Options {
  readonly #module: string;
  readonly #left: Option[];

  constructor({ name, options }: Pick<Module, 'name' | 'options'>) {
    this.#module = name;
    this.#left = [...options];
  }

  /** @throws NotUnderstood where it stands twice, which iptables refuses too */
  take(name: string): Option | undefined {
    const index = this.#left.findIndex((option) => option.name === name);
    if (index === -1) return undefined;
    const [option] = this.#left.splice(index, 1);
    if (this.#left.some((other) => other.name === name)) throw new NotUnderstood(`\`${name}\` stands twice`);
    return option;
  }

  /** The only value of an option that cannot be negated. */
  value(name: string): string | undefined {
    const option = this.take(name);
    if (option?.negated === true) throw new NotUnderstood(`\`${name}\` is negated`);
    return option?.values[0];
  }

  has(name: string): boolean {
    return this.take(name) !== undefined;
  }

  /** What an option asks for, or its opposite where it is negated; `undefined` where it is not there. */
  condition(name: string, match: (value: string, option: Option) => Match): Match | undefined {
    const option = this.take(name);
    if (option === undefined) return undefined;
    const found = match(option.values[0] ?? '', option);
    return option.negated ? not(found) : found;
  }

  /** All that are left. */
  rest(): readonly Option[] {
    return this.#left.splice(0);
  }

  /** @throws NotUnderstood where an option is left */
  done(): void {
    const [option] = this.#left;
    if (option !== undefined) throw new NotUnderstood(`\`${this.#module}\` has the option \`${option.name}\``);
  }
}

/** A match or target as text that is the same for all ways of writing it: options in order, without those that are assumed anyway. */
export function moduleText({ name, options }: Pick<Module, 'name' | 'options'>): string {
  return [name, ...optionTexts(options)].join(' ');
}

export function optionTexts(options: readonly Option[]): string[] {
  return options
    .map(optionText)
    .filter((text) => !ASSUMED.has(text))
    .sort();
}

function optionText({ name, negated, values }: Option): string {
  return [
    ...(negated ? ['!'] : []),
    name,
    ...values.map((value) => (/^[^\s"]+$/.test(value) ? value : JSON.stringify(value))),
  ].join(' ');
}

/** What iptables-save writes and nobody else does. */
const ASSUMED: ReadonlySet<string> = new Set([
  '--rsource',
  '--mask 255.255.255.255',
  '--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  '--name DEFAULT',
  '--limit-burst 5',
  '--hashlimit-burst 5',
  '--connlimit-mask 32',
  '--connlimit-mask 128',
  '--connlimit-saddr',
  '--packet 0',
]);
