import type { DnsPattern } from '../net/index.ts';
import type { Asking } from './asking.ts';
import type { Bounds } from './bounds.ts';
import { ConnectionSet } from './connection-set.ts';
import { type Direction, type End, formatEnd } from './end.ts';
import type { WorkloadClass } from './model.ts';
import { PlaceView } from './peer-view.ts';
import type { Profile } from './profile.ts';

/** Ends besides addresses that rules speak of. */
export type Place = Extract<End, { kind: 'name' | 'node' | 'api-server' }>;

/**
 * Who outside can be met in a direction: blocks of addresses, as large as they can be; then names, API servers and nodes, where they get for certain
 * what not every address gets.
 */
export function outsideEnds(
  asking: Asking,
  direction: Direction,
  of: WorkloadClass,
): { readonly end: End; readonly bounds: Bounds }[] {
  const profile = outsideProfile(asking, direction, of);
  const blocks = asking.blocksOf(profile);
  const everywhere = blocks.reduce((common, { bounds }) => common.intersect(bounds.possibly), ConnectionSet.all);
  const found = blocks
    .filter(({ bounds }) => !bounds.possibly.isEmpty)
    .flatMap(({ addresses, bounds }) =>
      addresses.ranges().map((range) => ({ end: { kind: 'addresses', range } as const, bounds })),
    );
  const places = placesOf([profile])
    .map((end) => ({ end, bounds: atPlace(profile, end) }))
    .filter(({ bounds }) => !everywhere.includes(bounds.certainly));
  return [...found, ...places];
}

/** What is outside is met on the primary network. */
export function outsideProfile(asking: Asking, direction: Direction, of: WorkloadClass): Profile {
  return asking.profiles.of(direction, of, of.networks[0]!);
}

export function atPlace(profile: Profile, place: Place): Bounds {
  return profile.towards(new PlaceView(place.kind === 'name' ? place.name : place.kind), []);
}

export function placesOf(profiles: readonly Profile[]): Place[] {
  const rules = profiles.flatMap((profile) => profile.rules);
  const names = new Map<string, DnsPattern>();
  for (const rule of rules) for (const name of rule.names) names.set(formatEnd({ kind: 'name', name }), name);
  const places: Place[] = [...names.values()].map((name) => ({ kind: 'name', name }));
  if (rules.some(({ apiServer }) => apiServer)) places.push({ kind: 'api-server' });
  if (rules.some(({ nodes }) => nodes !== 'none')) places.push({ kind: 'node' });
  return places;
}
