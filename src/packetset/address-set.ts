import type { Address, AddressRange, Family } from '../net/index.ts';
import { IntervalSet } from './interval-set.ts';

const FAMILIES: readonly Family[] = [4, 6];

/** A set of IP addresses of both families; the laws of `IntervalSet` hold for each. */
export class AddressSet {
  readonly v4: IntervalSet;
  readonly v6: IntervalSet;

  private constructor(v4: IntervalSet, v6: IntervalSet) {
    this.v4 = v4;
    this.v6 = v6;
  }

  static readonly empty = new AddressSet(IntervalSet.empty, IntervalSet.empty);

  static of(ranges: Iterable<AddressRange>): AddressSet {
    const all = [...ranges];
    return new AddressSet(
      IntervalSet.of(all.filter((range) => range.family === 4)),
      IntervalSet.of(all.filter((range) => range.family === 6)),
    );
  }

  of(family: Family): IntervalSet {
    return family === 4 ? this.v4 : this.v6;
  }

  isEmpty(): boolean {
    return this.v4.isEmpty() && this.v6.isEmpty();
  }

  has(address: Address): boolean {
    return this.of(address.family).has(address.value);
  }

  equals(other: AddressSet): boolean {
    return this.v4.equals(other.v4) && this.v6.equals(other.v6);
  }

  union(other: AddressSet): AddressSet {
    return new AddressSet(this.v4.union(other.v4), this.v6.union(other.v6));
  }

  intersect(other: AddressSet): AddressSet {
    return new AddressSet(this.v4.intersect(other.v4), this.v6.intersect(other.v6));
  }

  subtract(other: AddressSet): AddressSet {
    return new AddressSet(this.v4.subtract(other.v4), this.v6.subtract(other.v6));
  }

  /** Sorted, disjoint, IPv4 first. */
  ranges(): AddressRange[] {
    return FAMILIES.flatMap((family) => this.of(family).intervals.map((interval) => ({ family, ...interval })));
  }
}
