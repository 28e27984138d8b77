import type { HeaderSpace } from './header-space.ts';

/**
 * A set of packets over a header space. Immutable and canonical: two sets are equal exactly when their nodes are.
 *
 *     a ∪ b = b ∪ a              a ∪ (b ∪ c) = (a ∪ b) ∪ c         a ∪ (a ∩ b) = a
 *     a ∩ (b ∪ c) = (a ∩ b) ∪ (a ∩ c)                              ¬(a ∪ b) = ¬a ∩ ¬b
 *     a \ b = a ∩ ¬b             a ∪ ¬a = everything               a ∩ ¬a = nothing
 *     a ⊇ b  ⇔  b \ a = nothing  ⇔  a ∪ b = a
 */
export class PacketSet {
  readonly space: HeaderSpace;
  readonly node: number; // in `space.store`, over the terminals 0 and 1

  constructor(space: HeaderSpace, node: number) {
    this.space = space;
    this.node = node;
  }

  isEmpty(): boolean {
    return this.node === 0;
  }

  isEverything(): boolean {
    return this.node === 1;
  }

  equals(other: PacketSet): boolean {
    return this.node === this.#same(other).node;
  }

  /** Superset or equal. */
  contains(other: PacketSet): boolean {
    return this.space.store.minus(this.#same(other).node, this.node) === 0;
  }

  intersects(other: PacketSet): boolean {
    return this.space.store.intersects(this.node, this.#same(other).node);
  }

  union(other: PacketSet): PacketSet {
    return this.#with(this.space.store.substitute(0, this.node, this.#same(other).node));
  }

  intersect(other: PacketSet): PacketSet {
    return this.#with(this.space.store.substitute(1, this.node, this.#same(other).node));
  }

  subtract(other: PacketSet): PacketSet {
    return this.#with(this.space.store.minus(this.node, this.#same(other).node));
  }

  complement(): PacketSet {
    return this.#with(this.space.store.minus(1, this.node));
  }

  #with(node: number): PacketSet {
    return node === this.node ? this : new PacketSet(this.space, node);
  }

  #same(other: PacketSet): PacketSet {
    if (other.space !== this.space) throw new Error('packet sets of different header spaces do not mix');
    return other;
  }
}
