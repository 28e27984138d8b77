import { all, everything, field, type Hook, interfaces, type Match, not } from '../../ir/index.ts';
import { type Family, type PortRange, PROTOCOLS, wholeFamily } from '../../net/index.ts';
import { boxes, IntervalSet, type PacketSet } from '../../packetset/index.ts';
import { type Breadth, breadthOf, INNER_INTERFACES } from './address-scope.ts';
import { type AuditView, globalAddresses } from './view.ts';

/** Ports that equally many may reach, by whatever rules together. */
export interface Opening {
  readonly protocol: Transport;
  readonly ports: PortRange;
  readonly families: readonly Family[];
  readonly breadth: Breadth;
}

export type Transport = 'tcp' | 'udp';
export const TRANSPORTS: readonly Transport[] = ['tcp', 'udp'];

/** The packets of an opening. */
export function openingPackets(view: AuditView, hook: Hook, { protocol, ports, families }: Opening): PacketSet {
  const match = all(field('protocol', PROTOCOLS[protocol]), field('dport', ports), outward(hook));
  const side = hook === 'output' ? 'dst' : 'src';
  return view.space.union(
    families.map((family) =>
      view.open(hook, family).intersect(view.packets(all(match, globalAddresses(side, family)))),
    ),
  );
}

/** What is open at a hook: to sources, or at output towards destinations. Ascending; adjacent ports that are equally open are one. */
export function openings(view: AuditView, hook: Hook): Opening[] {
  return TRANSPORTS.flatMap((protocol) => {
    const [v4, v6] = ([4, 6] as const).map((family) => portBreadths(view, hook, family, protocol));
    return bothFamilies(protocol, v4!, v6!);
  });
}

/** How open each port is: breaks in ascending order, each good until the next. */
type Breadths = readonly { readonly from: number; readonly breadth: Breadth }[];

function portBreadths(view: AuditView, hook: Hook, family: Family, protocol: Transport): Breadths {
  const side = hook === 'output' ? 'dst' : 'src';
  const asked = view.packets(all(field('protocol', PROTOCOLS[protocol]), globalAddresses(side, family), outward(hook)));
  const open = view.space.project(view.open(hook, family).intersect(asked), [side, 'dport', 'family']);
  const whole = IntervalSet.of([wholeFamily(family)]);
  const changes = new Map<number, bigint>([[0, 0n]]); // at a port, by how many addresses more
  const change = (port: number, by: bigint): void => {
    changes.set(port, (changes.get(port) ?? 0n) + by);
  };
  // The boxes are disjoint, so that each address counts once for each port.
  for (const box of boxes(open)) {
    const addresses = sizeOf(box.wides.get(side) ?? whole);
    for (const { first, last } of box.numbers.get('dport') ?? [{ first: 0, last: 65535 }]) {
      change(first, addresses);
      change(last + 1, -addresses);
    }
  }
  let sum = 0n;
  return [...changes]
    .sort(([a], [b]) => a - b)
    .filter(([port]) => port <= 65535)
    .map(([from, by]) => {
      sum += by;
      return { from, breadth: breadthOf(family, sum) };
    });
}

/** Through interfaces that may lead anywhere. */
function outward(hook: Hook): Match {
  return all(
    hook === 'output' ? everything : not(interfaces('in', ...INNER_INTERFACES)),
    hook === 'output' ? not(interfaces('out', ...INNER_INTERFACES)) : everything,
  );
}

function sizeOf(set: IntervalSet): bigint {
  return set.intervals.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

function bothFamilies(protocol: Transport, v4: Breadths, v6: Breadths): Opening[] {
  const starts = [...new Set([...v4, ...v6].map(({ from }) => from))].sort((a, b) => a - b);
  const found: Opening[] = [];
  for (const [index, first] of starts.entries()) {
    const ports = { first, last: (starts[index + 1] ?? 65536) - 1 };
    const at = { 4: breadthAt(v4, first), 6: breadthAt(v6, first) };
    const groups =
      at[4] === at[6]
        ? [{ breadth: at[4], families: [4, 6] as const }]
        : [
            { breadth: at[4], families: [4] as const },
            { breadth: at[6], families: [6] as const },
          ];
    for (const { breadth, families } of groups)
      if (breadth !== 'none') append(found, { protocol, ports, families, breadth });
  }
  return found;
}

function breadthAt(breadths: Breadths, port: number): Breadth {
  return breadths.findLast(({ from }) => from <= port)?.breadth ?? 'none';
}

function append(found: Opening[], next: Opening): void {
  const index = found.findLastIndex(
    (each) => each.breadth === next.breadth && each.families.join() === next.families.join(),
  );
  const before = found[index];
  if (before !== undefined && before.ports.last + 1 === next.ports.first)
    found[index] = { ...before, ports: { first: before.ports.first, last: next.ports.last } };
  else found.push(next);
}
