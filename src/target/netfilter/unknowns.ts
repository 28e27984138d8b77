import { type Match, symbol } from '../../ir/index.ts';

/** Where a rule stands, as its readers know it. */
export interface Place {
  readonly table: string; // with its family: `inet filter`
  readonly chain: string;
}

/** Conditions that nobody can know, told apart by their text and place. */
export class Unknowns {
  readonly #counts = new Map<string, number>();

  /** One that is a question of its own each time it is asked: two limits are two. */
  occurrence(text: string, { table, chain }: Place): Match {
    const place = `${table} ${chain}`;
    const key = `${place}\n${text}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return symbol({ kind: 'unknown', text, place: count === 1 ? place : `${place} (${count})` });
  }

  /** One that has the same answer wherever it is asked of the same packet. */
  property(text: string): Match {
    return symbol({ kind: 'unknown', text, place: 'the packet' });
  }

  /** Membership in a set whose elements come and go: the same until a rule may have changed the set. */
  membership(text: string, set: string, { table, chain }: Place, changes: number): Match {
    const place = `set ${table} ${set}${changes === 0 ? '' : `, in ${chain} after ${changes}`}`;
    return symbol({ kind: 'unknown', text, place });
  }
}
