import type { Match, Side } from '../ir/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { rangesOf, type SideClasses } from './side-classes.ts';

const MOST_KEPT = 10_000; // pairs, and meanings of pairs: a file of flows may have two hundred such views

/** A match that asks for one list of sources and one of destinations, both of which must hold, and for no other addresses. */
interface PairMatch {
  readonly src: readonly AddressRange[];
  readonly dst: readonly AddressRange[];
}

/** What a class of addresses means for the matches. */
interface Meaning {
  readonly alone: number; // a class by all matches but those of pairs
  readonly half: readonly number[]; // the matches of pairs that hold as far as this side goes, ascending
}

/**
 * Pairs of classes of sources and of destinations. Most pairs of hosts that rules name are named by no rule together: what sets them apart
 * is which matches hold for both.
 */
export class AddressPairs {
  readonly #src: readonly Meaning[];
  readonly #dst: readonly Meaning[];
  readonly #known = new Map<number, number>(); // by pair
  readonly #classes = new Map<string, number>(); // by what the pair means
  #count = 0;

  /** @returns undefined where it would take too long, or too much room */
  static of(
    matches: readonly Match[],
    family: Family,
    sides: Readonly<Record<Side, SideClasses>>,
  ): AddressPairs | undefined {
    const pairs: PairMatch[] = [];
    const others: Match[] = [];
    for (const match of matches) {
      const pair = pairOf(match, family);
      if (pair === undefined) others.push(match);
      else pairs.push(pair);
    }
    const [sources, destinations] = (['src', 'dst'] as const).map((side) =>
      meanings(
        sides[side],
        rangesOf(others, side, family),
        pairs.map((pair) => pair[side]),
      ),
    );
    return sources === undefined || destinations === undefined ? undefined : new AddressPairs(sources, destinations);
  }

  private constructor(src: readonly Meaning[], dst: readonly Meaning[]) {
    this.#src = src;
    this.#dst = dst;
  }

  classOf(src: number, dst: number): number {
    const pair = src * this.#dst.length + dst;
    let found = this.#known.get(pair);
    if (found === undefined) {
      found = this.#look(this.#src[src]!, this.#dst[dst]!);
      if (this.#known.size < MOST_KEPT) this.#known.set(pair, found);
    }
    return found;
  }

  #look(src: Meaning, dst: Meaning): number {
    const meaning = `${src.alone} ${dst.alone} ${common(src.half, dst.half).join()}`;
    const known = this.#classes.get(meaning);
    if (known !== undefined) return known;
    const found = this.#count++; // where there is no more room, a class of its own
    if (this.#classes.size < MOST_KEPT) this.#classes.set(meaning, found);
    return found;
  }
}

function pairOf(match: Match, family: Family): PairMatch | undefined {
  if (match.kind !== 'all') return undefined;
  const [sources, destinations] = [rangesOf([match], 'src', family), rangesOf([match], 'dst', family)];
  const [[src = []], [dst = []]] = [sources, destinations];
  const areParts = match.of.filter(({ kind }) => kind === 'address').length === 2;
  return areParts && sources.length === 1 && destinations.length === 1 ? { src, dst } : undefined;
}

function meanings(
  classes: SideClasses,
  others: readonly (readonly AddressRange[])[],
  pairs: readonly (readonly AddressRange[])[],
): Meaning[] | undefined {
  const alone = classes.coarser(others);
  const halves = classes.holders(pairs);
  return alone === undefined ? undefined : halves?.map((half, class_) => ({ alone: alone[class_]!, half }));
}

/** What two ascending lists have in common. */
function common(a: readonly number[], b: readonly number[]): number[] {
  const both: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [a[i]!, b[j]!];
    if (left === right) both.push(left);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return both;
}
