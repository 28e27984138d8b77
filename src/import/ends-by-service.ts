import type { Family } from '../net/index.ts';
import { boxes, familyValue, type HeaderSpace, type Interval, PacketSet } from '../packetset/index.ts';
import { ImportTooLarge } from './import-too-large.ts';
import { serviceCodes } from './service-codes.ts';

/** Services that are open to the same ends, and those ends. */
export interface ServiceEnds {
  readonly codes: readonly Interval[]; // see service-codes.ts
  readonly ends: PacketSet; // by source and destination
}

type Edge = readonly [upper: number, child: number];

const NOBODY: ReadonlyMap<number, number> = new Map();
const MOST_EDGES = 1_000_000; // some 100 bytes each

/**
 * A set of packets over addresses and services, of one family, taken apart by what stands below the addresses. Each node above is looked at once, however many ways lead
 * to it.
 * @param into where the ends are made
 * @throws ImportTooLarge
 */
export function endsByService(packets: PacketSet, family: Family, into: HeaderSpace): ServiceEnds[] {
  const { space } = packets;
  const { store } = space;
  const services = space.numberIndex('protocol'); // the first dimension behind the addresses
  const known = new Map<number, ReadonlyMap<number, number>>();
  let count = 0;

  /** For each node of services below, the ends that lead there. */
  const split = (node: number): ReadonlyMap<number, number> => {
    if (node === 0) return NOBODY;
    const dimension = store.dimensionOf(node);
    if (dimension >= services) return new Map([[node, 1]]);
    const before = known.get(node);
    if (before !== undefined) return before;
    const edgesTo = new Map<number, Edge[]>();
    const edgeCount = store.edgeCount(node);
    let first = 0;
    for (let edge = 0; edge < edgeCount; edge++) {
      const upper = store.edgeUpper(node, edge);
      for (const [service, ends] of split(store.edgeChild(node, edge))) {
        if (++count > MOST_EDGES) throw new ImportTooLarge('addresses and services are woven together too closely');
        const edges = edgesTo.get(service);
        if (edges === undefined)
          edgesTo.set(
            service,
            first === 0
              ? [[upper, ends]]
              : [
                  [first - 1, 0],
                  [upper, ends],
                ],
          );
        else {
          if (edges.at(-1)![0] < first - 1) edges.push([first - 1, 0]);
          edges.push([upper, ends]);
        }
      }
      first = upper + 1;
    }
    const max = first - 1;
    const found = new Map<number, number>();
    for (const [service, edges] of edgesTo) {
      if (edges.at(-1)![0] < max) edges.push([max, 0]);
      found.set(service, into.store.node(dimension, edges));
    }
    known.set(node, found);
    return found;
  };

  const start = store.follow(packets.node, space.numberIndex('family'), familyValue(family));
  return [...split(start)].map(([service, ends]) => ({
    codes: [...boxes(new PacketSet(space, service))].flatMap((box) => serviceCodes(box, family)),
    ends: new PacketSet(into, ends),
  }));
}
