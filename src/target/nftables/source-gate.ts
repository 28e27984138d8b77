import type { Grant } from '../../ir/index.ts';
import { type AddressRange, type Family, formatRange } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { type Pair, pairsOf } from '../netfilter/pair.ts';

/**
 * Many flows from a few networks to exact destinations would all share one interval map, whose look-up grows with its size
 * (nft_set_pipapo; measured: 10,000 elements cost 1.6 times what 10 cost). When their source is asked first, once for each network, what is
 * left is exact tuples in a hash map. It pays only where networks are few and flows many.
 */
const MOST_GATES = 8; // of one hook and family: each costs every packet one comparison
const FEWEST_FLOWS = 64; // behind one gate; below, the shorter text is worth more

export class SourceGates {
  readonly #crowded: ReadonlySet<string>;

  constructor(grants: readonly Grant[]) {
    const tuples = new Map<string, number>();
    for (const grant of grants) {
      for (const pair of pairsOf(grant)) {
        for (const family of [4, 6] as const) {
          const ranges = candidate(grant, pair, family);
          if (ranges === undefined) continue;
          const key = keyOf(pair, family, ranges);
          tuples.set(key, (tuples.get(key) ?? 0) + 1);
        }
      }
    }
    const crowded = [...tuples].filter(([, count]) => count >= FEWEST_FLOWS).sort(([, a], [, b]) => b - a);
    const left = new Map<string, number>();
    this.#crowded = new Set(
      crowded.flatMap(([key]) => {
        const place = key.slice(0, key.indexOf(' '));
        const taken = left.get(place) ?? 0;
        left.set(place, taken + 1);
        return taken < MOST_GATES ? [key] : [];
      }),
    );
  }

  /** The sources to ask before the look-up; `undefined` where the look-up asks for them itself. */
  sourcesOf(grant: Grant, pair: Pair, family: Family): readonly AddressRange[] | undefined {
    const ranges = candidate(grant, pair, family);
    return ranges !== undefined && this.#crowded.has(keyOf(pair, family, ranges)) ? ranges : undefined;
  }
}

/** The sources, where they alone keep a tuple from being exact. */
function candidate(grant: Grant, pair: Pair, family: Family): readonly AddressRange[] | undefined {
  if (pair.src === 'any' || pair.dst === 'any') return undefined;
  const isExact = (range: AddressRange): boolean => range.first === range.last;
  const sources = AddressSet.of(pair.src.filter((range) => range.family === family)).ranges();
  const services = grant.services.every(({ ports }) => ports === undefined || ports.first === ports.last);
  const destinations = pair.dst.filter((range) => range.family === family);
  if (sources.length === 0 || destinations.length === 0 || sources.every(isExact)) return undefined;
  return services && destinations.every(isExact) ? sources : undefined;
}

function keyOf(pair: Pair, family: Family, ranges: readonly AddressRange[]): string {
  return `${pair.hook}${family} ${ranges.map(formatRange).join(' ')}`;
}
