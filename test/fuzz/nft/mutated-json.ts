import type { Mutator } from '../mutation.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const NUMBERS = [0, 1, 2, 7, 22, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, -1] as const;

/** A listing with another value in one or two places: JSON still, and often a ruleset still. */
export function mutatedListing(mutator: Mutator, listing: string): string {
  const document: { nftables: Json[] } = JSON.parse(listing);
  for (let left = 1 + mutator.below(2); left > 0; left--) {
    const places = placesIn(document.nftables.filter((item) => !isHead(item)));
    if (places.length > 0) change(mutator, mutator.pick(places), places);
  }
  return JSON.stringify(document);
}

/** Tables and chains: other names there would only be refused. */
function isHead(item: Json): boolean {
  return typeof item === 'object' && item !== null && ('metainfo' in item || 'table' in item || 'chain' in item);
}

/** Where a value stands. */
type Place =
  | { readonly list: Json[]; readonly at: number; readonly value: Json }
  | { readonly object: { [name: string]: Json }; readonly name: string; readonly value: Json };

function placesIn(value: Json): Place[] {
  if (Array.isArray(value)) return value.flatMap((each, at) => [{ list: value, at, value: each }, ...placesIn(each)]);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    NAMES.includes(name) ? [] : [{ object: value, name, value: each }, ...placesIn(each)],
  );
}

/** What says where an item belongs. */
const NAMES: readonly string[] = ['family', 'table', 'chain', 'name', 'handle'];

function change(mutator: Mutator, place: Place, places: readonly Place[]): void {
  if ('list' in place && mutator.random() < 0.3) {
    if (mutator.random() < 0.5) place.list.splice(place.at, 1);
    else place.list.splice(place.at, 0, structuredClone(place.value));
    return;
  }
  const value = another(mutator, place.value, places);
  if ('list' in place) place.list[place.at] = value;
  else place.object[place.name] = value;
}

/** A value of the same kind from elsewhere in the listing, or one on a border. */
function another(mutator: Mutator, value: Json, places: readonly Place[]): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number' && mutator.random() < 0.7) return mutator.pick(NUMBERS);
  const alike = places.filter((place) => kindOf(place.value) === kindOf(value));
  return structuredClone(mutator.pick(alike).value);
}

function kindOf(value: Json): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}
