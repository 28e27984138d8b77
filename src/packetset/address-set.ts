import type { Address, AddressRange, Family } from '../net/index.ts';
import { IntervalSet } from './interval-set.ts';

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
    const v4: AddressRange[] = [];
    const v6: AddressRange[] = [];
    for (const range of ranges) (range.family === 4 ? v4 : v6).push(range);
    return new AddressSet(IntervalSet.of(v4), IntervalSet.of(v6));
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
    const all: AddressRange[] = [];
    for (const { first, last } of this.v4.intervals) all.push({ family: 4, first, last });
    for (const { first, last } of this.v6.intervals) all.push({ family: 6, first, last });
    return all;
  }
}
