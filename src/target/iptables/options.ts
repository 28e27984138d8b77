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

  /** Those that nobody has asked for yet; all stay to be asked for. */
  all(): readonly Option[] {
    return this.#left;
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
