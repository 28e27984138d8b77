import { type AddressRange, type Family, formatPrefix, rangePrefixes } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { IpSet } from './ast.ts';
import { addressSet, nameSet } from './names.ts';
import type { Asked } from './way.ts';

/** Addresses that rules ask for one by one; more are a set, where sets may be used. */
const MOST_LISTED = 8;

/** Sets outside of the rules, of which ipset(8) keeps many addresses in one rule. */
export class AddressSets {
  readonly #sets = new Map<string, IpSet>();

  ask(ranges: readonly AddressRange[], family: Family): readonly Asked[] {
    const own = AddressSet.of(ranges).ranges();
    const prefixes = own.flatMap(rangePrefixes);
    if (own.length <= MOST_LISTED || prefixes.some(({ length }) => length === 0)) return listed(own);
    const elements = prefixes.map((prefix) => ({ parts: [formatPrefix(prefix)], excepted: false, isTimed: false }));
    const name = addressSet(prefixes.map(formatPrefix), family);
    this.#sets.set(name, { name, type: 'hash:net', family, isTimed: false, elements });
    return [{ kind: 'set', set: name }];
  }

  /** The set of what a group's names stand for: empty at load, and filled by the resolver. */
  names(group: string, family: Family): void {
    const name = nameSet(group, family);
    this.#sets.set(name, { name, type: 'hash:ip', family, isTimed: true, elements: [] });
  }

  all(): readonly IpSet[] {
    return [...this.#sets.values()];
  }
}

/** Every range on its own, the same address once. */
export function listed(ranges: readonly AddressRange[]): readonly Asked[] {
  return AddressSet.of(ranges)
    .ranges()
    .map((range) => ({ kind: 'range', range }));
}
