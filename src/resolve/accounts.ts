import { FIRST_PLACEHOLDER_UID, type Range } from '../ir/index.ts';
import type { AccountReference, Located, Reporter } from '../policy/index.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';

/** Turns account names into uids; names that this machine does not have get placeholders, in the order of their appearance. */
export class AccountResolver {
  readonly #accounts: ReadonlyMap<string, number>;
  readonly #report: Reporter;
  readonly #placeholders = new Map<string, number>();

  constructor(accounts: ReadonlyMap<string, number>, report: Reporter) {
    this.#accounts = accounts;
    this.#report = report;
  }

  resolve({ value, span }: Located<AccountReference>): Range {
    if (value.kind === 'uids') return { first: value.first, last: value.last };
    const uid = this.#accounts.get(value.name) ?? this.#placeholders.get(value.name);
    if (uid !== undefined) return { first: uid, last: uid };
    const placeholder = FIRST_PLACEHOLDER_UID + this.#placeholders.size;
    this.#placeholders.set(value.name, placeholder);
    this.#report.say(RESOLVE_PROBLEMS.unknownAccount, span, value.name);
    return { first: placeholder, last: placeholder };
  }

  /** Placeholder -> name. */
  unknown(): ReadonlyMap<number, string> {
    return new Map([...this.#placeholders].map(([name, uid]) => [uid, name]));
  }
}
