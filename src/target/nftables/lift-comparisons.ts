import { all, any, type Match, not } from '../../ir/index.ts';
import type * as nft from './ast.ts';
import type { ChainContext } from './lift-context.ts';
import {
  comparedAcrossChange,
  type ExactFlags,
  exactFlags,
  IS_LOADED,
  JOINS,
  JOINS_ACROSS,
  joinedStatements,
} from './lift-joined.ts';
import { keyParts, partsUnder } from './lift-key.ts';
import { firstList, readsBeyondList } from './lift-listed.ts';
import { partMatch, tupleMatch } from './lift-match.ts';
import { membership, type Position } from './lift-set.ts';

type Comparison = Extract<nft.Statement, { kind: 'match' }>;

/** The comparisons of one rule, with what nft makes of them by what else the rule compares. */
export class Comparisons {
  readonly #rule: nft.Rule;
  readonly #context: ChainContext;
  readonly #position: Position;
  readonly #joined: ReadonlyMap<number, readonly number[]>;
  readonly #exact: ReadonlyMap<number, ExactFlags>;
  readonly #moved: ReadonlySet<number>;
  readonly #listAt: number;

  constructor(rule: nft.Rule, context: ChainContext, position: Position) {
    this.#rule = rule;
    this.#context = context;
    this.#position = position;
    this.#joined = joinedStatements(rule);
    this.#exact = exactFlags(rule);
    this.#moved = comparedAcrossChange(rule);
    this.#listAt = firstList(rule, context.family);
  }

  /** Why a statement cannot be told alone; `undefined` where it can. */
  problemAt(index: number): string | undefined {
    if (this.#moved.has(index))
      return 'an older nft compares that together with a field beside it, before or behind what the rule changes';
    const isBehindList = this.#listAt !== -1 && index > this.#listAt;
    return isBehindList && readsBeyondList(this.#rule, index, this.#context.family)
      ? 'nft reads those bytes of packets of all the protocols that the rule lists'
      : undefined;
  }

  /** @param conditions that the packets have met which come so far */
  at(statement: Comparison, index: number, conditions: readonly Match[]): Match {
    const own = this.#own(statement, index, conditions);
    const joined = this.#joined.get(index);
    if (joined === undefined) return own;
    const others = joined.flatMap((at) => {
      const other = this.#rule.statements[at];
      return other?.kind === 'match' ? [this.#match(other, conditions)] : [];
    });
    return any(own, all(this.#context.program.unknowns.property(JOINS), any(...others)));
  }

  /** A comparison alone, but of flags, where a field beside them leaves room for no others. */
  #own(statement: Comparison, index: number, conditions: readonly Match[]): Match {
    const exact = this.#exact.get(index);
    if (exact === undefined) return this.#match(statement, conditions);
    const exactly = this.#match({ ...statement, operator: '==', right: exact.value }, conditions);
    const joins = this.#context.program.unknowns.property(exact.by === 'every nft' ? IS_LOADED : JOINS_ACROSS);
    return any(all(joins, exactly), all(not(joins), this.#match(statement, conditions)));
  }

  #match({ left, operator, right }: Comparison, conditions: readonly Match[]): Match {
    const parts = partsUnder(conditions, keyParts(left, this.#context));
    if (right.kind === 'set' || right.kind === 'set-reference')
      return membership(left, parts, operator, right, this.#context, this.#position);
    const [only, ...others] = parts;
    if (only !== undefined && others.length === 0) return partMatch(only, operator, [right], this.#context);
    return tupleMatch(parts, operator, [right], this.#context);
  }
}
